"""What is done about times that have come, some of them long ago."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crawler.frontier.catching_up import GRACE, MOST_COUNTED, PassOver, Start, Wait, decide, passed
from crawler.frontier.timetable import Timetable
from crawler.frontier.windows import read

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOURLY = Timetable(every_seconds=3600, phase=NOON)


def test_a_time_that_is_now_is_on_time() -> None:
    due = passed(HOURLY, first=NOON, now=NOON + GRACE)
    assert (due.times, due.on_time, due.following) == ((NOON,), NOON, NOON + HOUR)


def test_six_hours_are_counted_and_the_last_of_them_may_be_on_time() -> None:
    due = passed(HOURLY, first=NOON, now=NOON + 6 * HOUR + timedelta(seconds=5))
    assert due.times == tuple(NOON + hours * HOUR for hours in range(7))
    assert (due.on_time, due.following) == (NOON + 6 * HOUR, NOON + 7 * HOUR)


def test_jitter_moves_what_is_due_and_not_what_it_is_called() -> None:
    table = Timetable(every_seconds=3600, phase=NOON, jitter_seconds=1800, seed=3)
    starts = table.due_at(NOON + HOUR)
    assert starts > NOON + HOUR + GRACE
    before = passed(table, first=NOON, now=starts - timedelta(seconds=1))
    after = passed(table, first=NOON, now=starts)
    assert (before.times, before.following) == ((NOON,), NOON + HOUR)
    assert (after.times, after.on_time) == ((NOON, NOON + HOUR), NOON + HOUR)


def test_a_year_of_seconds_is_not_walked_through() -> None:
    table = Timetable(every_seconds=10, phase=NOON)
    now = NOON + timedelta(days=365, seconds=4)
    due = passed(table, first=NOON, now=now)
    assert len(due.times) == MOST_COUNTED
    assert due.times[-1] == due.on_time == now - timedelta(seconds=4)
    assert due.following == now + timedelta(seconds=6)


def test_an_expression_that_ends_has_nothing_to_follow() -> None:
    never_again = Timetable(cron="0 0 29 2 *")
    due = passed(never_again, first=NOON, now=NOON)
    assert due.following == datetime(2028, 2, 29, tzinfo=UTC)


@pytest.mark.parametrize(
    ("late", "makes_up", "opens", "verdict"),
    [
        (timedelta(0), False, timedelta(0), Start(nominal=NOON)),
        (GRACE, False, HOUR, Start(nominal=NOON)),
        (6 * HOUR - 2 * GRACE, True, timedelta(0), Start(nominal=NOON)),
        (6 * HOUR - 2 * GRACE, False, timedelta(0), PassOver()),
        (6 * HOUR - 2 * GRACE, False, HOUR, PassOver()),
        (6 * HOUR - 2 * GRACE, True, HOUR, Wait(until=NOON + 7 * HOUR - 2 * GRACE)),
    ],
)
def test_verdict_on_what_has_passed(
    late: timedelta, makes_up: bool, opens: timedelta, verdict: object
) -> None:
    now = NOON + late
    due = passed(HOURLY, first=NOON, now=now)
    assert decide(due, makes_up=makes_up, now=now, resuming=now + opens) == verdict


def test_times_that_waited_for_the_same_opening_are_one() -> None:
    table = Timetable(every_seconds=3600, phase=NOON, windows=read(["22:00-06:00"], timezone="UTC"))
    due = passed(table, first=NOON + 10 * HOUR, now=NOON + 10 * HOUR)
    assert due.times == (NOON + 10 * HOUR,)
