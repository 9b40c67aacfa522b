"""A run that is moved in the queue while a slice is at work: its requests go first from then on."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.utils import timezone

from crawler.engine.engine import Limits
from crawler.models import Run
from crawler.queue import Lane
from crawler.services import runs
from tests.crawling import a_run, one_slice
from tests.law import assert_conserved
from tests.site.server import HostileSite
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]
DELAY_SECONDS = 0.1
PAGES = 15
FEW = PAGES * 8 // 2  # half of those that would pass by while it has but every ninth turn
USUAL_LOOKS = Limits(budget=timedelta(seconds=200), linger=timedelta(milliseconds=300))


@pytest.fixture
def site() -> Iterator[HostileSite]:
    with HostileSite() as site:
        yield site


def a_bulk_run(site: HostileSite, name: str, *, pages: int, priority: int) -> Run:
    urls = [site.url(f"/ok?{name}={number}") for number in range(pages)]
    return a_run(*urls, delay_seconds=DELAY_SECONDS, priority=priority)


def sent(site: HostileSite, name: str) -> list[float]:
    return [request.started for request in site.requests if name in request.query]


class Crawl:
    """A slice of the bulk lane, in a thread."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Have the slice store what is in flight and give back the rest."""
        self._stop.set()
        self._thread.join(60)
        assert not self._thread.is_alive()

    def _work(self) -> None:
        try:
            one_slice(Lane.BULK, limits=USUAL_LOOKS, stopping=self._stop.is_set)
        finally:
            connection.close()


@pytest.fixture
def crawl() -> Iterator[Crawl]:
    crawl = Crawl()
    yield crawl
    crawl.end()


def test_slice_at_bulk_work_takes_the_moved_run_first(site: HostileSite, crawl: Crawl) -> None:
    first = a_bulk_run(site, "first", pages=200, priority=2)
    moved = a_bulk_run(site, "moved", pages=PAGES, priority=1)
    crawl.start()
    until(lambda: len(sent(site, "first")) > 4)
    assert len(sent(site, "moved")) < PAGES // 3  # its turns by ageing

    runs.move_priority(run=moved, priority=9, now=timezone.now())
    moved_at = time.monotonic()
    until(lambda: len(sent(site, "moved")) == PAGES, what="all of the moved run")

    crawl.end()
    passed_by = [at for at in sent(site, "first") if moved_at < at < sent(site, "moved")[-1]]
    assert len(passed_by) < FEW
    runs.cancel(run=first, now=timezone.now())
    assert_conserved(first)
    assert_conserved(moved)


def test_moved_down_run_lets_the_other_pass(site: HostileSite, crawl: Crawl) -> None:
    down = a_bulk_run(site, "down", pages=200, priority=7)
    other = a_bulk_run(site, "other", pages=PAGES, priority=5)
    crawl.start()
    until(lambda: len(sent(site, "down")) > 4)

    runs.move_priority(run=down, priority=0, now=timezone.now())
    moved_at = time.monotonic()
    until(lambda: len(sent(site, "other")) == PAGES, what="all of the other run")

    crawl.end()
    passed_by = [at for at in sent(site, "down") if moved_at < at < sent(site, "other")[-1]]
    assert len(passed_by) < FEW
    runs.cancel(run=down, now=timezone.now())
    assert_conserved(down)
    assert_conserved(other)
