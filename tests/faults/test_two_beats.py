"""Two beats and two reconcilers at once: each nominal time has its run, and only one."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import IO, TYPE_CHECKING, Self

import pytest
from django.db import connection

from crawler.models import Run, Schedule, SkippedRun
from crawler.services import targets
from tests.fleet import ROOT
from tests.law import assert_conserved

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.processes,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
]
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
SCHEDULES, TICKS = 200, 10
TIMES = (
    {"every_seconds": 3600, "spread": False},
    {"cron": "0 * * * *", "timezone": "Europe/Berlin", "spread": False},
    {"cron": "0 * * * *", "jitter_seconds": 30},
    {"every_seconds": 3600, "spread": True},
)


class Beat:
    """A process that does its work for each time it is told."""

    def __init__(self, kind: str) -> None:
        database = str(connection.settings_dict["NAME"])
        command = [sys.executable, "-m", "tests.faults.beat", kind, database]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.kill()
        self._process.communicate()

    def tell(self, now: datetime) -> None:
        self._pipe(self._process.stdin).write(f"{now.isoformat()}\n")
        self._pipe(self._process.stdin).flush()

    def hear(self, word: str) -> None:
        assert self._pipe(self._process.stdout).readline().strip() == word

    def _pipe(self, pipe: IO[str] | None) -> IO[str]:
        assert pipe is not None
        return pipe


@pytest.fixture
def beats() -> Iterator[list[Beat]]:
    """Two beats and two reconcilers, ready."""
    with ExitStack() as stack:
        started = [stack.enter_context(Beat(kind)) for kind in ("tick", "reconcile", "tick", "reconcile")]
        for beat in started:
            beat.hear("ready")
        yield started


def register() -> None:
    for number in range(SCHEDULES):
        times = TIMES[number % len(TIMES)]
        data = {
            "name": f"Shop {number}",
            "start_urls": [f"http://h{number}.test/{number}"],
            "schedule": {**times, "overlap": "allow"},
        }
        targets.create(owner=None, data=data, now=NOW)


def test_two_hundred_schedules_over_ten_ticks_start_exactly_two_thousand_runs(beats: list[Beat]) -> None:
    register()
    nominal = set(Schedule.objects.values_list("pk", "next_run_at"))
    assert len(nominal) == SCHEDULES

    for number in range(1, TICKS + 1):
        for beat in beats:
            beat.tell(NOW + number * HOUR + timedelta(minutes=59))
        for beat in beats:
            beat.hear("done")

    assert Run.objects.count() == SCHEDULES * TICKS
    started = Counter(Run.objects.values_list("schedule", "nominal_at"))
    assert set(started.values()) == {1}
    assert Counter(Run.objects.values_list("schedule", flat=True)) == {pk: TICKS for pk, _ in nominal}
    assert not SkippedRun.objects.exists()
    for run in Run.objects.order_by("id")[:: SCHEDULES * TICKS // 10]:
        assert_conserved(run)
