"""Chooses the client of each request: HTTP/2 where that is wanted and offered, HTTP/1.1 everywhere else."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from crawler.http import Failed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from types import TracebackType

    from crawler.fetch.http import HttpFetcher
    from crawler.fetch.http2 import Http2Fetcher
    from crawler.http import Outcome, Request


class ChoosingFetcher:
    """Speaks HTTP/2 with servers that offer it, for requests that allow it; its client is made when one does.

    A server that does not offer it is asked over HTTP/1.1 at once: nothing was sent to it yet. What goes
    through a proxy speaks HTTP/1.1.
    """

    def __init__(self, http: HttpFetcher, make_http2: Callable[[], Http2Fetcher]) -> None:
        self._http = http
        self._make_http2 = make_http2
        self._http2: Http2Fetcher | None = None

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._http2 is not None:
                await self._http2.__aexit__(kind, error, trace)
        finally:
            await self._http.__aexit__(kind, error, trace)

    async def fetch(self, request: Request) -> Outcome:
        """Return the response to `request`, whatever its status, or why there is none."""
        if request.http2 and request.proxy is None and request.url.startswith("https://"):
            if self._http2 is None:
                self._http2 = self._make_http2()
            started = asyncio.get_running_loop().time()
            outcome = await self._http2.fetch(request)
            return outcome if outcome is not None else await self._after(started, request)
        return await self._http.fetch(request)

    async def leave(self, origins: Collection[str]) -> None:
        """Close what was kept open to these hosts."""
        await self._http.leave(origins)
        if self._http2 is not None:
            await self._http2.leave(origins)

    async def _after(self, started: float, request: Request) -> Outcome:
        """Ask over HTTP/1.1 what was to be asked since `started`."""
        passed = asyncio.get_running_loop().time() - started
        outcome = await self._http.fetch(request)
        if isinstance(outcome, Failed):
            return replace(outcome, elapsed_seconds=outcome.elapsed_seconds + passed)
        return replace(
            outcome,
            elapsed_seconds=outcome.elapsed_seconds + passed,
            dial_seconds=outcome.dial_seconds + passed,
        )
