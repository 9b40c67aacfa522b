"""The way of a sitemap: asked for like a page, then read a piece at a time, so that nothing else waits."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from crawler.engine import listings
from crawler.engine.reading import READ_LIMIT_SECONDS, done_or_problem
from crawler.engine.work import Ended, Kind
from crawler.errors import explain
from crawler.http import Fetched
from crawler.policy import robots
from crawler.policy.robots import RobotsFile
from scrapers import sitemap
from scrapers.reader import Problem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from crawler.engine.held import HeldHost
    from crawler.engine.ports import Clock
    from crawler.engine.reading import TimedReader
    from crawler.engine.visit import Visitor
    from crawler.engine.work import Claim, Result
    from scrapers.sitemap import Piece

NO_FILE = range(400, 500)


class Lister:
    """Asks for sitemaps and takes them apart, one at a time however many come at once.

    Between two pieces everything else has its turn. All pieces together may take as long as the
    reading of a page.
    """

    def __init__(self, *, visitor: Visitor, reader: TimedReader, clock: Clock) -> None:
        self._visitor = visitor
        self._reader = reader
        self._clock = clock
        self._one = asyncio.Lock()

    async def visit(self, host: HeldHost, claim: Claim) -> AsyncIterator[Result]:
        """Yield the parts of what a sitemap lists, the last of which ends its request."""
        answer = await self._visitor.ask(host, claim, keep_bytes=_most_bytes(claim))
        if claim.kind is Kind.ROBOTS:
            yield _named(claim, answer)
        elif not isinstance(answer, Fetched):
            yield answer
        else:
            async with self._one:
                async for part in self._parts(claim, answer):
                    yield part

    async def _parts(self, claim: Claim, answer: Fetched) -> AsyncIterator[Result]:
        taking = listings.Taking(claim, now=self._clock.now())
        pieces = sitemap.pieces(answer.body, url=claim.url)
        seconds = 0.0
        while True:
            began = self._clock.monotonic()
            going = done_or_problem(
                self._reader, lambda: _take(pieces, taking), url=claim.url, request=claim.id
            )
            seconds += self._clock.monotonic() - began
            if going is True and seconds > READ_LIMIT_SECONDS:
                going = Problem(code="reader_timed_out", message=explain("reader_timed_out"))
            if isinstance(going, Problem):
                taking.report(going)
            if going is not True:
                break
            if taking.is_full:
                yield taking.part()
            await asyncio.sleep(0)
        yield taking.end(answer)


def _take(pieces: Iterator[Piece], taking: listings.Taking) -> bool:
    piece = next(pieces, None)
    if piece is not None:
        taking.add(piece)
    return piece is not None


def _most_bytes(claim: Claim) -> int:
    """Return after how many bytes the answer is cut: one more than is read tells that there are more."""
    return robots.READ_BYTES if claim.kind is Kind.ROBOTS else sitemap.MAX_BYTES + 1


def _named(claim: Claim, answer: Fetched | Result) -> Result:
    """Return what robots.txt names; one that is not there names nothing."""
    if isinstance(answer, Fetched):
        file = RobotsFile.parse(robots.within_bounds(answer.body))
        return listings.named(claim, file.sitemaps, status=answer.status, wire_bytes=answer.wire_bytes)
    if isinstance(answer, Ended) and answer.status in NO_FILE:
        return listings.named(claim, (), status=answer.status, wire_bytes=answer.wire_bytes)
    return answer
