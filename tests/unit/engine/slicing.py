"""One slice of the engine over a world in memory, on a loop that jumps through time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from crawler.engine.engine import Crew, Engine, Limits, Tally
from crawler.engine.lister import Lister
from crawler.engine.reading import TimedReader
from crawler.engine.visit import Visitor
from tests.fakes.clock import LoopClock, run
from tests.fakes.fetcher import FakeFetcher
from tests.fakes.frontier import FakeFrontier, FakeWorld

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawler.engine.ports import Frontier
    from crawler.http import Outcome, Request


def pages(origin: str, count: int) -> list[str]:
    return [f"{origin}/{number}" for number in range(count)]


@dataclass
class FakeLease:
    is_safe: bool = True


class TimedFetcher(FakeFetcher):
    """Takes `seconds` for each answer and notes when each was asked, and how many at once."""

    def __init__(self, *, seconds: float = 0.0) -> None:
        super().__init__()
        self.seconds = seconds
        self.times: list[tuple[float, str]] = []
        self.now_open = self.most_open = 0

    async def fetch(self, request: Request) -> Outcome:
        self.times.append((asyncio.get_running_loop().time(), request.url))
        self.now_open += 1
        self.most_open = max(self.most_open, self.now_open)
        try:
            await asyncio.sleep(self.seconds)
            return await super().fetch(request)
        finally:
            self.now_open -= 1

    def asked(self) -> list[str]:
        return [url for _time, url in self.times]

    def serve(self, *urls: str, body: str = "fine") -> None:
        for url in urls:
            self.answer(url, body)


@dataclass
class Bench:
    """A world, a fetcher and a lease; `slice` runs the engine on them until it is done."""

    limits: Limits = field(default_factory=Limits)
    fetcher: TimedFetcher = field(default_factory=TimedFetcher)
    lease: FakeLease = field(default_factory=FakeLease)
    clock: LoopClock = field(default_factory=LoopClock)
    patience: timedelta = timedelta(hours=24)
    stopping: bool = False
    most_hosts: int = 500
    floor: int = 0

    def __post_init__(self) -> None:
        self.world = FakeWorld(self.clock)
        self.lasted = 0.0

    def slice(
        self, *happenings: tuple[float, Callable[[], object]], frontier: Frontier | None = None
    ) -> Tally:
        """Run one slice; each happening comes to pass so many seconds after its begin."""
        return run(self._slice(happenings, frontier))

    async def _slice(
        self, happenings: tuple[tuple[float, Callable[[], object]], ...], frontier: Frontier | None
    ) -> Tally:
        loop = asyncio.get_running_loop()
        for seconds, happening in happenings:
            loop.call_later(seconds, happening)
        view = frontier or FakeFrontier(self.world, floor=self.floor, most_hosts=self.most_hosts)
        engine = self.engine(view)
        tally = await engine.run()
        self.lasted = loop.time()
        return tally

    def engine(self, frontier: Frontier) -> Engine:
        reader = TimedReader()
        visitor = Visitor(
            fetcher=self.fetcher,
            frontier=frontier,
            reader=reader,
            clock=self.clock,
            patience=self.patience,
        )
        crew = Crew(
            frontier=frontier,
            fetcher=self.fetcher,
            visitor=visitor,
            lister=Lister(visitor=visitor, reader=reader, clock=self.clock),
            lease=self.lease,
            clock=self.clock,
        )
        return Engine(crew, limits=self.limits, stopping=lambda: self.stopping)

    def states(self) -> dict[str, str]:
        return {request.url: request.state for request in self.world.requests.values()}
