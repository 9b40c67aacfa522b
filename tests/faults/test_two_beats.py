"""Two beats and two reconcilers at once: each nominal time has its run, and only one."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Self

import pytest
from django.db import connection
from django.utils import timezone

from crawler.models import Heartbeat, Run, Schedule, SkippedRun
from crawler.queue import Work
from crawler.services import targets
from tests import programs
from tests.faults.brokers import Valkey
from tests.faults.crawl import Judgement
from tests.faults.installation import set_beat
from tests.faults.results import Result
from tests.fleet import ROOT
from tests.law import assert_conserved
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.faults.conftest import Report
    from tests.faults.installation import Installation
    from tests.faults.scale import Scale

pytestmark = [
    pytest.mark.processes,
    pytest.mark.django_db(transaction=True),
]
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
SCHEDULES, TICKS = 200, 10
TIMES: tuple[dict[str, object], ...] = (
    {"every_seconds": 3600, "spread": False},
    {"cron": "0 * * * *", "timezone": "Europe/Berlin", "spread": False},
    {"cron": "0 * * * *", "jitter_seconds": 30},
    {"every_seconds": 3600, "spread": True},
)
EVERY_SECONDS = 15
TICK_SECONDS = 1  # oftener than usual, so that two beats' ticks meet
STANDARD_ERROR = 2
TOGETHER = ("worker-control", "worker-control", "beat", "beat")


class Beat:
    """A process that does its work for each time it is told."""

    def __init__(self, kind: str) -> None:
        database = str(connection.settings_dict["NAME"])
        command = [sys.executable, "-m", "tests.faults.beat", kind, database]
        told, telling = os.pipe()
        hearing, said = os.pipe()
        self._telling, self._hearing = os.fdopen(telling, "w"), os.fdopen(hearing)
        try:
            self._process = programs.fork(
                command, cwd=ROOT, environment=os.environ, stdin=told, stdout=said, stderr=STANDARD_ERROR
            )
        finally:
            os.close(told)
            os.close(said)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.kill()
        self._process.wait()
        self._telling.close()
        self._hearing.close()

    def tell(self, now: datetime) -> None:
        self._telling.write(f"{now.isoformat()}\n")
        self._telling.flush()

    def hear(self, word: str) -> None:
        assert self._hearing.readline().strip() == word


@pytest.fixture
def beats() -> Iterator[list[Beat]]:
    """Two beats and two reconcilers, ready."""
    with ExitStack() as stack:
        started = [stack.enter_context(Beat(kind)) for kind in ("tick", "reconcile", "tick", "reconcile")]
        for beat in started:
            beat.hear("ready")
        yield started


def register(every: Sequence[dict[str, object]], now: datetime, *, schedules: int) -> None:
    for number in range(schedules):
        times = every[number % len(every)]
        data = {
            "name": f"Shop {number}",
            "start_urls": [f"http://h{number}.test/{number}"],
            "schedule": {**times, "overlap": "allow"},
        }
        targets.create(owner=None, data=data, now=now)


def first_times(*, schedules: int) -> dict[int, datetime]:
    """Return the time that comes next for each schedule."""
    times = {pk: at for pk, at in Schedule.objects.values_list("pk", "next_run_at") if at is not None}
    assert len(times) == schedules
    return times


def judged(expected: set[tuple[int, datetime]], *, seconds: float) -> Judgement:
    """Return how many of the nominal times have no run, and how many runs are one too many."""
    started = Counter(Run.objects.values_list("schedule", "nominal_at"))
    return Judgement(
        lost=len(expected - started.keys()),
        repeated=sum(count - (nominal in expected) for nominal, count in started.items()),
        in_flight=0,
        most_in_flight=0,
        seconds=seconds,
    )


def test_schedules_start_exactly_one_run_a_tick_whoever_ticks(
    beats: list[Beat], scale: Scale, report: Report
) -> None:
    schedules, ticks = scale.of(quick=(40, 4), full=(SCHEDULES, TICKS))
    register(TIMES, NOW, schedules=schedules)
    began = time.monotonic()
    nominal = first_times(schedules=schedules)

    for number in range(1, ticks + 1):
        for beat in beats:
            beat.tell(NOW + number * HOUR + timedelta(minutes=59))
        for beat in beats:
            beat.hear("done")

    assert Run.objects.count() == schedules * ticks
    started = Counter(Run.objects.values_list("schedule", "nominal_at"))
    assert set(started.values()) == {1}
    assert Counter(Run.objects.values_list("schedule", flat=True)) == dict.fromkeys(nominal, ticks)
    assert not SkippedRun.objects.exists()
    for run in Run.objects.order_by("id")[:: schedules * ticks // 10]:
        assert_conserved(run)
    expected = {(pk, first + number * HOUR) for pk, first in nominal.items() for number in range(ticks)}
    found = judged(expected, seconds=time.monotonic() - began)
    assert (found.lost, found.repeated) == (0, 0)
    report(
        Result(
            row="two beats and two reconcilers, told the time",
            scale=scale.name,
            broker="no broker",
            faults=schedules * ticks,
            judgement=found,
        )
    )


@pytest.mark.quick_on  # no database: the times are real ones, so it takes minutes
@pytest.mark.parametrize("broker", [Valkey.name], indirect=True)
def test_two_beats_and_two_control_workers_start_each_run_of_minutes_once(
    installation: Installation, scale: Scale, report: Report
) -> None:
    for work in (Work.TICK, Work.RECONCILE, Work.DELIVER):
        set_beat(work, TICK_SECONDS)
    started = [
        installation.fleet.start(name, *(("-n", f"{name}.{number}@%h") if name != "beat" else ()))
        for number, name in enumerate(TOGETHER)
    ]
    until(
        lambda: (
            [Heartbeat.objects.filter(kind=kind).count() for kind in ("worker-control", "beat")] == [2, 2]
            and all(Work.TICK.value in process.said() for process in started)
        ),
        within_seconds=120,
        what="two of both to be ready",
    )
    register([{"every_seconds": EVERY_SECONDS, "spread": False}], timezone.now(), schedules=SCHEDULES)
    first = first_times(schedules=SCHEDULES)
    began = time.monotonic()

    until(lambda: fewest_runs() >= TICKS, within_seconds=600, what=f"{TICKS} runs of each schedule")
    seconds = time.monotonic() - began
    installation.end()

    until_last = Counter(Run.objects.values_list("schedule", flat=True))
    interval = timedelta(seconds=EVERY_SECONDS)
    found = judged(
        {(pk, first[pk] + number * interval) for pk, count in until_last.items() for number in range(count)},
        seconds=seconds,
    )
    assert (found.lost, found.repeated) == (0, 0)
    assert not SkippedRun.objects.exists()
    for process in started:
        done = process.said().count(Work.TICK.value)
        assert done > TICKS, "one of the four did nothing"
    report(
        Result(
            row="two beats and two control workers",
            scale=scale.name,
            broker=installation.broker.name,
            faults=until_last.total(),
            judgement=found,
        )
    )


def fewest_runs() -> int:
    counts = Counter(Run.objects.values_list("schedule", flat=True))
    return min(counts.values()) if len(counts) == SCHEDULES else 0
