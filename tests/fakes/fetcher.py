"""A fetcher without a network: canned answers, and a log of what was asked."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from crawler.errors import FetchError, TimedOut
from crawler.http import Failed, Fetched, Headers, Outcome, Request

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

_TOTAL = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class _Hangs:
    """An answer that never comes."""


class FakeFetcher:
    """Answers each URL with what it was given, in that order; the last answer stays.

    A URL that was given none is a 404. `requests` is everything that was asked, and `left`
    are the hosts to which nothing is kept open.
    """

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.left: list[str] = []
        self._answers: dict[str, list[Fetched | FetchError | _Hangs]] = defaultdict(list)

    def answer(
        self,
        url: str,
        body: bytes | str = b"",
        *,
        status: int = 200,
        headers: Iterable[tuple[str, str]] = (),
        content_type: str = "text/html; charset=utf-8",
    ) -> None:
        content = body.encode() if isinstance(body, str) else body
        self._answers[url].append(
            Fetched(
                url=url,
                status=status,
                headers=Headers([("Content-Type", content_type), *headers]),
                body=content,
                wire_bytes=len(content),
                elapsed_seconds=0.0,
            )
        )

    def fail(self, url: str, error: FetchError) -> None:
        self._answers[url].append(error)

    def hang(self, url: str) -> None:
        self._answers[url].append(_Hangs())

    async def leave(self, origins: Collection[str]) -> None:
        self.left += origins

    async def fetch(self, request: Request) -> Outcome:
        self.requests.append(request)
        await asyncio.sleep(0)  # others get their turn, as with a real one
        match self._next(request.url):
            case _Hangs():
                limit = min(request.timeout or _TOTAL, _TOTAL).total_seconds()
                await asyncio.sleep(limit)
                return Failed(url=request.url, error=TimedOut(), elapsed_seconds=limit)
            case FetchError() as error:
                return Failed(url=request.url, error=error, elapsed_seconds=0.0)
            case Fetched() as answer:
                keep = request.keep_bytes
                if keep is None or len(answer.body) < keep:
                    return answer
                return replace(answer, body=answer.body[:keep], truncated=len(answer.body) > keep)

    def _next(self, url: str) -> Fetched | FetchError | _Hangs:
        answers = self._answers.get(url)
        if not answers:
            return Fetched(
                url=url, status=404, headers=Headers(), body=b"", wire_bytes=0, elapsed_seconds=0.0
            )
        return answers.pop(0) if len(answers) > 1 else answers[0]
