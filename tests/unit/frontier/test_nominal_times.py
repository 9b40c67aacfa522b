"""What holds of every timetable, whatever its cron expression, windows and jitter are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.frontier.crons import BadTimetable, room_in_the_hour, shifted
from crawler.frontier.timetable import Timetable
from crawler.frontier.windows import read
from tests.unit.frontier.clocks import ZONES, changes

CRONS = st.builds(
    lambda minute, hour, day: f"{minute} {hour} {day}",
    st.sampled_from(["0", "30", "17", "*/20", "5,50"]),
    st.sampled_from(["*", "2", "*/3", "1,2,3", "0-5"]),
    st.sampled_from(["* * *", "* * MON-FRI", "1,15 * *", "* * SUN"]),
)
WINDOWS = st.sampled_from(
    [[], ["weekdays 22:00-06:00"], ["sat,sun"], ["01:30-02:30"], ["mon 8:00-9:00", "thu"]]
)
MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def table_of(cron: str, every: int | None, zone: str, lines: list[str], phase: datetime) -> Timetable:
    windows = read(lines, timezone=zone)
    return Timetable(
        cron="" if every else cron,
        every_seconds=every,
        timezone=zone,
        phase=phase,
        windows=windows,
        jitter_seconds=240,
        seed=7,
    )


TABLES = st.builds(
    table_of,
    CRONS,
    st.sampled_from([None, None, 600, 5400, 86_400]),
    st.sampled_from([*ZONES, "UTC"]),
    WINDOWS,
    MOMENTS,
)


@settings(max_examples=150, deadline=None)
@given(table=TABLES, after=MOMENTS, skip=st.integers(1, 5))
def test_times_rise_and_do_not_depend_on_where_one_begins(
    table: Timetable, after: datetime, skip: int
) -> None:
    times = table.next_times(after=after, count=8)

    assert all(sooner < later for sooner, later in pairwise([after, *times]))
    assert table.next_times(after=times[skip - 1], count=8 - skip) == times[skip:]
    between = after + (times[0] - after) / 2
    assert table.next_times(after=between, count=8) == times


@settings(max_examples=150, deadline=None)
@given(table=TABLES, after=MOMENTS)
def test_each_time_lies_in_a_window_and_is_regular_unless_it_opens_one(
    table: Timetable, after: datetime
) -> None:
    regular = Timetable(
        cron=table.cron, every_seconds=table.every_seconds, timezone=table.timezone, phase=table.phase
    )
    for time in table.next_times(after=after, count=6):
        assert table.opening(time) == time
        if regular.next_times(after=time - timedelta(seconds=1), count=1) != [time]:
            assert table.opening(time - timedelta(seconds=1)) == time


@settings(max_examples=150, deadline=None)
@given(cron=CRONS, zone=st.sampled_from([*ZONES, "UTC"]), after=MOMENTS)
def test_each_time_shows_the_expression_on_the_clock_or_ends_a_gap(
    cron: str, zone: str, after: datetime
) -> None:
    for time in Timetable(cron=cron, timezone=zone).next_times(after=after, count=6):
        wall = time.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)
        if next(CronSim(cron, wall - timedelta(minutes=1))) != wall:
            assert time in changes(zone, time.year, time.year + 1)


@settings(max_examples=150, deadline=None)
@given(table=TABLES, after=MOMENTS)
def test_jitter_is_the_same_each_time_and_stays_within_its_bounds(table: Timetable, after: datetime) -> None:
    for time in table.next_times(after=after, count=6):
        due = table.due_at(time)
        assert due == table.due_at(time)
        assert time <= due < time + timedelta(seconds=240)
        assert table.opening(due) == due


def test_jitter_differs_between_schedules_and_between_times() -> None:
    now = datetime(2026, 3, 2, 10, tzinfo=UTC)
    moments = [now + timedelta(hours=hour) for hour in range(50)]
    late = [
        {
            (Timetable(every_seconds=3600, jitter_seconds=600, seed=seed).due_at(time) - time).seconds
            for time in moments
        }
        for seed in (1, 2)
    ]
    assert len(late[0]) > 30
    assert late[0] != late[1]
    assert max(late[0]) > 400
    assert min(late[0]) < 200


WINDOWED = [
    ("daily, on Saturdays", {"cron": "0 5 * * *"}, ["sat"], ["sat 05:00", "sat 05:00"]),
    ("in the evening", {"cron": "0 20 * * *"}, ["sat"], ["sat 20:00", "sat 20:00"]),
    (
        "on weekdays",
        {"cron": "0 5 * * *"},
        ["weekdays"],
        ["tue 05:00", "wed 05:00", "thu 05:00", "fri 05:00", "mon 05:00"],
    ),
    ("at midnight", {"cron": "0 0 * * *"}, ["sat,sun"], ["sat 00:00", "sun 00:00", "sat 00:00"]),
    (
        "at night",
        {"cron": "0 * * * *"},
        ["22:00-00:30"],
        ["mon 22:00", "mon 23:00", "tue 00:00", "tue 22:00"],
    ),
    ("own time far", {"cron": "0 5 * * sun,fri"}, ["weekdays"], ["fri 05:00", "mon 00:00", "fri 05:00"]),
    ("none in one", {"cron": "0 5 * * *"}, ["mon 4:00-6:00", "tue 9:00-10:00"], ["tue 09:00", "mon 05:00"]),
    ("half hours", {"every_seconds": 1800}, ["22:10-23:00"], ["mon 22:30", "tue 22:30", "wed 22:30"]),
    ("hours that miss it", {"every_seconds": 3600}, ["22:10-22:50"], ["mon 22:10", "tue 22:10"]),
    ("three days", {"every_seconds": 259_200}, ["weekdays"], ["thu 03:00", "mon 00:00", "wed 03:00"]),
]


@pytest.mark.parametrize(
    ("times", "lines", "expected"), [row[1:] for row in WINDOWED], ids=[row[0] for row in WINDOWED]
)
def test_times_outside_the_windows_are_one_at_the_opening_or_at_the_time_of_its_own_that_comes_soon(
    times: dict[str, Any], lines: list[str], expected: list[str]
) -> None:
    table = Timetable(**times, phase=datetime(2026, 3, 2, 3, tzinfo=UTC), windows=read(lines, timezone="UTC"))
    found = table.next_times(after=datetime(2026, 3, 2, 6, tzinfo=UTC), count=len(expected))
    assert [f"{time:%a %H:%M}".lower() for time in found] == expected


def test_a_cron_expression_that_misses_every_window_is_refused_with_one_that_would_do() -> None:
    table = Timetable(
        cron="0 12 * * *", timezone="Europe/Berlin", windows=read(["22:30-06:00"], timezone="Europe/Berlin")
    )
    with pytest.raises(BadTimetable) as refused:
        table.check(now=datetime(2026, 3, 2, tzinfo=UTC))
    assert refused.value.field == "windows"
    assert "such as 30 22 * * *" in str(refused.value)


def test_a_yearly_time_within_its_window_is_not_refused() -> None:
    table = Timetable(cron="0 23 24 12 *", windows=read(["22:00-06:00"], timezone="UTC"))
    table.check(now=datetime(2026, 3, 2, tzinfo=UTC))


@pytest.mark.parametrize(
    ("cron", "room", "later"),
    [
        ("0 * * * *", 59, "9 * * * *"),
        ("0,30 6 * * 1-5", 29, "9,39 6 * * 1-5"),
        ("50 2 * * *", 9, "59 2 * * *"),
    ],
)
def test_a_shift_moves_the_minutes_and_nothing_else(cron: str, room: int, later: str) -> None:
    assert room_in_the_hour(cron) == room
    assert shifted(cron, 9) == later


def test_what_runs_every_minute_cannot_be_moved() -> None:
    assert room_in_the_hour("* * * * *") == 0
    assert shifted("* * * * *", 0) == "* * * * *"
