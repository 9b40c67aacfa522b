"""Which minutes new schedules take beside those that there are."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crawler.models import Schedule
from crawler.services import schedules, targets
from tests.integration.services.test_schedules import HOUR, NOW, daily, scheduled

pytestmark = pytest.mark.django_db


def test_new_intervals_take_quiet_minutes() -> None:
    made = [scheduled(spread=True) for _ in range(3)]
    kept = scheduled(spread=False)

    first = [Schedule.objects.get(target=target) for target in (*made, kept)]
    assert [schedule.next_run_at for schedule in first] == [
        NOW + HOUR + timedelta(minutes=minutes) for minutes in (0, 1, 2, 0)
    ]
    assert [schedule.shift_minutes for schedule in first] == [0, 1, 2, 0]
    schedules.tick(now=NOW + HOUR + timedelta(minutes=1))
    assert Schedule.objects.get(target=made[1]).next_run_at == NOW + 2 * HOUR + timedelta(minutes=1)


def test_cron_expressions_are_moved_only_when_asked_and_within_their_hour() -> None:
    for _ in range(2):
        daily()
    moved = daily(spread=True)

    schedule = Schedule.objects.get(target=moved)
    assert schedule.shift_minutes == 1
    assert {time.minute for time in schedules.next_times(schedule, now=NOW)} == {1}
    targets.update(target=moved, data={"schedule": {"spread": False}}, now=NOW)
    assert {time.minute for time in schedules.next_times(Schedule.objects.get(target=moved), now=NOW)} == {0}


def test_spreading_moves_no_time_out_of_its_window() -> None:
    made = [daily(timezone="UTC", spread=True, windows=["05:00-06:03"]) for _ in range(4)]

    found = [Schedule.objects.get(target=target) for target in made]
    assert [schedule.shift_minutes for schedule in found] == [0, 1, 2, 0]
    assert {time.hour for each in found for time in schedules.next_times(each, now=NOW)} == {6}


def test_paused_and_resting_schedules_take_no_minute() -> None:
    paused, disabled = scheduled(), scheduled()
    targets.update(target=paused, data={"schedule": {"paused": True}}, now=NOW)
    targets.update(target=disabled, data={"enabled": False}, now=NOW)

    assert Schedule.objects.get(target=scheduled(spread=True)).shift_minutes == 0
