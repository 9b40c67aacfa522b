"""Targets, runs and slices for tests that crawl."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from crawler import runner
from crawler.engine.engine import Limits, Tally
from crawler.models import Run, RunTrigger, Target
from crawler.queue import Lane
from crawler.runner import SliceJob
from crawler.services import runs

if TYPE_CHECKING:
    from collections.abc import Callable

QUICK = Limits(
    budget=timedelta(seconds=60), look_every=timedelta(milliseconds=50), linger=timedelta(milliseconds=300)
)


def a_target(*urls: str, **changes: Any) -> Target:
    """Return a stored target that is crawled as fast as it can be, robots.txt aside."""
    values: dict[str, Any] = {
        "name": "A site",
        "start_urls": list(urls or ["http://site.test/"]),
        "delay_seconds": 0.0,
        "obey_robots": False,
    }
    return Target.objects.create(**values | changes)


def a_run(*urls: str, trigger: RunTrigger = RunTrigger.MANUAL, **changes: Any) -> Run:
    """Return a run that has just been started."""
    return runs.start(target=a_target(*urls, **changes), trigger=trigger, now=timezone.now())


def again(run: Run) -> Run:
    """Return another run of the same target."""
    return runs.start(target=run.target, trigger=RunTrigger.MANUAL, now=timezone.now())


def one_slice(
    lane: Lane = Lane.DEFAULT, *, limits: Limits = QUICK, stopping: Callable[[], bool] = lambda: False
) -> Tally:
    """Crawl one slice in this thread."""
    return runner.crawl(SliceJob(lane=lane), cannot_read=_fail, stopping=stopping, limits=limits)


def finished(run: Run, *, slices: int = 5) -> Run:
    """Crawl until the run is over, and return it as it is then."""
    for _ in range(slices):
        one_slice()
        run.refresh_from_db()
        if run.is_final:
            return run
    raise AssertionError(f"the run is still {run.state}, {run.waiting} requests wait")


def _fail(run: Run, reason: str) -> None:
    runs.fail(run=run, reason=reason, now=timezone.now())
