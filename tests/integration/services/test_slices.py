"""Slices as a worker's task: what they ask for before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from crawler import runner
from crawler.engine.engine import Tally
from crawler.models import LaneState, RunTrigger, Target
from crawler.queue import Lane
from crawler.services import runs, slices

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.runner import SliceJob

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _open_connection(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The test's transaction must not be closed with its connection."""
    monkeypatch.setattr(slices, "close_old_connections", lambda: None)
    yield
    slices._stop[0] = 0


@pytest.fixture
def waiting() -> None:
    """A run that nobody crawls."""
    target = Target.objects.create(name="Shop", start_urls=["https://shop.test/"])
    runs.start(target=target, trigger=RunTrigger.MANUAL, now=timezone.now())


def test_a_slice_that_leaves_work_asks_for_another(
    waiting: None, rung: list[Lane], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "crawl", lambda _job, **_more: Tally())

    slices.advance(lane=Lane.DEFAULT)

    assert rung == [Lane.DEFAULT]


@pytest.mark.parametrize(
    ("only_urgent", "asked", "own"),
    [
        (False, Lane.URGENT, Lane.DEFAULT),
        (False, Lane.BULK, Lane.BULK),
        (True, Lane.URGENT, Lane.URGENT),
    ],
)
def test_only_a_worker_that_serves_nothing_else_keeps_to_urgent_hosts(
    only_urgent: bool, asked: Lane, own: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs: list[SliceJob] = []
    monkeypatch.setattr(runner, "crawl", lambda job, **_more: jobs.append(job))
    monkeypatch.setattr(slices, "_serves_only_urgent", only_urgent)

    slices.advance(lane=asked)

    assert [job.lane for job in jobs] == [own]


def test_a_slice_that_fails_does_not_ask_for_the_next_failure(
    waiting: None, rung: list[Lane], monkeypatch: pytest.MonkeyPatch
) -> None:
    def crawl(_job: SliceJob, **_more: object) -> Tally:
        raise RuntimeError("broken")

    monkeypatch.setattr(runner, "crawl", crawl)

    with pytest.raises(RuntimeError, match="broken"):
        slices.advance(lane=Lane.DEFAULT)

    assert rung == []
    assert LaneState.objects.get(name="default").started_at is not None


def test_slices_are_told_to_stop() -> None:
    assert not slices.is_stopping()

    slices.stop_all()

    assert slices.is_stopping()
