"""The database's frontier keeps the promises of every frontier."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from crawler import conf
from crawler.models import Host, Request, RequestState, Run, RunTrigger
from crawler.runner import RuleBook
from crawler.services import runs
from crawler.stores import leases
from crawler.stores.frontier import DatabaseFrontier
from crawler.stores.looks import Looker
from crawler.stores.results import Committer
from crawler.urls import canonical
from tests.conformance.frontiers import FrontierContract, FrontierWorld, commit, done, look
from tests.crawling import a_target
from tests.fakes.clock import FakeClock
from tests.law import assert_conserved

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.engine.ports import Frontier

pytestmark = pytest.mark.django_db(transaction=True)


class Safe:
    is_safe = True


class World(FrontierWorld):
    def __init__(self) -> None:
        self.clock = FakeClock()
        self._owners: dict[int, str] = {}
        self._open: list[DatabaseFrontier] = []

    def run(
        self, *urls: str, priority: int = 5, delay_seconds: float = 0.0, max_pages: int | None = None
    ) -> int:
        target = a_target(*urls, delay_seconds=delay_seconds, max_pages=max_pages)
        now = self.clock.now()
        return runs.start(target=target, trigger=RunTrigger.MANUAL, now=now, priority=priority).pk

    def slice(self, *, floor: int = 0) -> Frontier:
        owner = f"node/1:1/{len(self._open) + 1}"
        leases.begin(owner=owner, lane="preview", node="node", now=self.clock.now())
        rules = RuleBook(conf.crawl(), cannot_read=_nothing_to_say)
        frontier = DatabaseFrontier(
            looker=Looker(owner=owner, floor=floor, rules=rules, clock=self.clock),
            committer=Committer(owner=owner, clock=self.clock),
            lease=Safe(),
            patience=timedelta(seconds=45),
        )
        self._owners[id(frontier)] = owner
        self._open.append(frontier)
        return frontier

    def set_open(self, run: int, *, is_open: bool) -> None:
        change = runs.resume if is_open else runs.pause
        change(run=Run.objects.get(pk=run), now=self.clock.now())

    def want(self, origin: str) -> None:
        Host.objects.filter(origin=origin).update(wanted_at=self.clock.now())

    def lose(self, frontier: Frontier) -> None:
        leases.free(self._owners[id(frontier)], now=self.clock.now(), lost=True)

    def states(self, run: int) -> dict[str, str]:
        rows = Request.objects.filter(run=run).values_list("url", "state")
        return {url: RequestState(state).label for url, state in rows}

    def stale(self) -> int:
        return sum(Run.objects.values_list("stale", flat=True))

    def end(self) -> None:
        for frontier in self._open:
            asyncio.run(frontier.__aexit__(None, None, None))
        for run in Run.objects.all():
            assert_conserved(run)


def _nothing_to_say(run: Run, reason: str) -> None:
    raise AssertionError(f"run {run.pk} cannot be read: {reason}")


class TestDatabaseFrontier(FrontierContract):
    @pytest.fixture
    def world(self) -> Iterator[World]:
        world = World()
        yield world
        world.end()

    def test_links_are_known_from_their_commit_on(self, world: World) -> None:
        run = world.run("http://a.test/1")
        frontier = world.slice()
        commit(frontier, done(look(frontier).claims[0], "http://a.test/2"))
        assert canonical("http://a.test/2").key in frontier.known(run)
