"""A terminal, a worker and a test fetch on one real host: everybody gets there, and nobody loses a page."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection

from crawler import runner
from crawler.engine.engine import Limits
from crawler.engine.findings import Shown
from crawler.models import Run, RunState, RunTrigger
from crawler.queue import Lane
from crawler.runner import SliceJob
from tests.crawling import a_run, one_slice
from tests.law import assert_conserved
from tests.site.server import HostileSite
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]


@pytest.fixture
def site() -> Iterator[HostileSite]:
    with HostileSite() as site:
        yield site


@pytest.fixture
def terminal_run(site: HostileSite) -> Run:
    """A run of a terminal that takes far longer than any test."""
    return a_run(site.url("/page/1"), trigger=RunTrigger.TERMINAL, delay_seconds=0.05, max_pages=5_000)


@contextmanager
def crawling(run: Run) -> Iterator[None]:
    """Crawl a terminal's run until it is over, or the test is; whatever ended it comes out."""
    stop = threading.Event()
    errors: list[BaseException] = []

    def crawl() -> None:
        try:
            runner.crawl(SliceJob(run=run.pk), cannot_read=_unreadable, stopping=stop.is_set)
        except BaseException as error:  # noqa: BLE001 - the test shows it
            errors.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=crawl)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(60)
    assert errors == []
    assert not thread.is_alive()


def _unreadable(run: Run, reason: str) -> None:
    raise AssertionError(f"run {run.pk}: {reason}")


def crawled_by_a_worker(run: Run) -> bool:
    """Crawl an urgent slice, which ends where nobody gave the host back yet; say whether the run is over."""
    one_slice(Lane.URGENT, limits=Limits(budget=timedelta(seconds=10)))
    run.refresh_from_db()
    return run.is_final


def pages(run: Run) -> int:
    return Run.objects.values_list("pages", flat=True).get(pk=run.pk)


def test_urgent_run_passes_a_terminal_and_the_terminal_goes_on(site: HostileSite, terminal_run: Run) -> None:
    with crawling(terminal_run):
        until(lambda: pages(terminal_run) > 5)
        urgent = a_run(site.url("/ok?urgent"), delay_seconds=0.05, priority=9)

        until(lambda: crawled_by_a_worker(urgent), what="the urgent run")

        assert urgent.state == RunState.FINISHED
        before = pages(terminal_run)
        until(lambda: pages(terminal_run) > before + 5)
    assert_conserved(terminal_run)
    assert_conserved(urgent)
    terminal_run.refresh_from_db()
    assert (terminal_run.stale, urgent.stale) == (0, 0)


def test_test_fetch_gets_in_while_a_terminal_crawls(site: HostileSite, terminal_run: Run) -> None:
    draft = a_run(site.url("/ok?draft"), trigger=RunTrigger.TERMINAL, delay_seconds=0.05)
    with crawling(terminal_run):
        until(lambda: pages(terminal_run) > 5)

        finding = runner.preview(draft.settings, headers={})

        assert isinstance(finding, Shown), finding
        before = pages(terminal_run)
        until(lambda: pages(terminal_run) > before + 5)
    assert_conserved(terminal_run)
    terminal_run.refresh_from_db()
    assert terminal_run.stale == 0


def test_terminal_gets_the_host_of_a_worker_that_has_more_than_a_slice_to_do(
    site: HostileSite, terminal_run: Run
) -> None:
    bulk = a_run(site.url("/page/100000"), delay_seconds=0.05, max_pages=5_000, priority=1)
    stop = threading.Event()
    slice_ = threading.Thread(target=_one_slice, args=(stop,))
    slice_.start()
    until(lambda: pages(bulk) > 5)
    with crawling(terminal_run):
        until(lambda: pages(terminal_run) > 5)
    stop.set()
    slice_.join(60)
    assert not slice_.is_alive()
    assert_conserved(bulk)
    assert_conserved(terminal_run)


def _one_slice(stop: threading.Event) -> None:
    try:
        one_slice(Lane.BULK, limits=Limits(budget=timedelta(seconds=20)), stopping=stop.is_set)
    finally:
        connection.close()
