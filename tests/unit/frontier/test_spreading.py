"""Which minute a new schedule takes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crawler.frontier.spreading import quietest, room_of_interval, starts_by_minute

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_nothing_is_moved_where_nothing_else_is_planned() -> None:
    assert quietest([NOON], starts_by_minute([]), room=59) == 0


def test_the_first_of_the_quietest_minutes_is_taken() -> None:
    taken = starts_by_minute([NOON, NOON, NOON + MINUTE, NOON + 3 * MINUTE])
    assert quietest([NOON], taken, room=59) == 2
    assert quietest([NOON], taken, room=1) == 1
    assert quietest([NOON], taken, room=0) == 0


def test_all_times_of_a_day_count() -> None:
    times = [NOON + timedelta(hours=hour) for hour in range(4)]
    taken = starts_by_minute([times[2], times[1] + MINUTE, times[3] + 2 * MINUTE])
    assert quietest(times, taken, room=10) == 3


def test_sixty_schedules_of_the_same_hour_take_its_sixty_minutes() -> None:
    taken = starts_by_minute([])
    shifts = []
    for _ in range(60):
        shifts.append(quietest([NOON], taken, room=59))
        taken += starts_by_minute([NOON + shifts[-1] * MINUTE])
    assert sorted(shifts) == list(range(60))


@pytest.mark.parametrize(("seconds", "room"), [(10, 0), (119, 0), (120, 1), (3600, 59), (86_400, 59)])
def test_an_interval_is_moved_by_less_than_an_hour_and_itself(seconds: int, room: int) -> None:
    assert room_of_interval(seconds) == room
