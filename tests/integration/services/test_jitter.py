"""What jitter does to a schedule's starts, and to those of others."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crawler.models import Run, Schedule
from crawler.services import schedules
from tests.integration.services.test_schedules import HOUR, NOW, nominal_times, scheduled, skipped

pytestmark = pytest.mark.django_db


def late_by_jitter(jitter_seconds: int) -> Schedule:
    """Return a schedule whose first run starts over a minute late.

    Its target's id decides that, and so chance, as sequences go on from test to test.
    """
    while True:
        schedule = Schedule.objects.get(target=scheduled(jitter_seconds=jitter_seconds))
        if (schedule.due_at or NOW) > NOW + HOUR + timedelta(seconds=60):
            return schedule
        schedule.delete()


def test_jitter_delays_the_start_and_not_the_nominal_time() -> None:
    schedule = late_by_jitter(1800)
    starts = schedule.timetable.due_at(NOW + HOUR)
    assert (schedule.next_run_at, schedule.due_at) == (NOW + HOUR, starts)

    assert schedules.tick(now=starts - timedelta(seconds=1)) == 0
    assert schedules.tick(now=starts) == 1
    assert nominal_times() == [NOW + HOUR]
    schedule.refresh_from_db()
    assert (schedule.next_run_at, skipped()) == (NOW + 2 * HOUR, [])
    assert schedules.next_times(schedule, now=starts)[0] == schedule.due_at


def test_schedules_that_wait_out_their_jitter_do_not_stand_in_the_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(schedules, "BATCH", 1)
    late_by_jitter(3000)
    other = scheduled()

    assert schedules.tick(now=NOW + HOUR) == 1
    assert Run.objects.get().target == other


def test_a_row_that_an_older_version_wrote_starts_at_its_nominal_time() -> None:
    late_by_jitter(3000)
    Schedule.objects.update(due_at=None, phase_at=None)

    assert schedules.tick(now=NOW + HOUR) == 1
    assert Schedule.objects.get().next_run_at == NOW + 2 * HOUR
