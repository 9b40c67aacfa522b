"""The frontier that the engine's tests stand on keeps the promises of the real one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conformance.frontiers import FrontierContract, FrontierWorld
from tests.fakes.clock import FakeClock
from tests.fakes.frontier import FakeFrontier, FakeWorld
from tests.fakes.rules import some_rules

if TYPE_CHECKING:
    from crawler.engine.ports import Frontier


class World(FrontierWorld):
    def __init__(self) -> None:
        self.clock = FakeClock()
        self._fake = FakeWorld(self.clock)
        self._slices = 0

    def run(
        self, *urls: str, priority: int = 5, delay_seconds: float = 0.0, max_pages: int | None = None
    ) -> int:
        number = len(self._fake.rules) + 1
        rules = some_rules(number, delay_seconds=delay_seconds, max_pages=max_pages)
        self._fake.add_run(rules, *urls, priority=priority)
        return number

    def slice(self, *, floor: int = 0) -> Frontier:
        self._slices += 1
        return FakeFrontier(self._fake, f"slice {self._slices}", floor=floor)

    def set_open(self, run: int, *, is_open: bool) -> None:
        self._fake.set_open(run, is_open=is_open)

    def want(self, origin: str) -> None:
        self._fake.host(origin).wanted = True

    def lose(self, frontier: Frontier) -> None:
        assert isinstance(frontier, FakeFrontier)
        self._fake.free(frontier.owner, lost=True)

    def states(self, run: int) -> dict[str, str]:
        return {r.url: r.state for r in self._fake.requests.values() if r.backlog.run == run}

    def stale(self) -> int:
        return self._fake.stale


class TestFakeFrontier(FrontierContract):
    @pytest.fixture
    def world(self) -> World:
        return World()
