"""When schedules are due, over the clock changes of four time zones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.frontier.crons import BadTimetable
from crawler.frontier.timetable import Timetable


def at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def cron(expression: str, zone: str, after: str, count: int = 3) -> list[str]:
    times = Timetable(cron=expression, timezone=zone).next_times(after=at(after, zone), count=count)
    return [time.astimezone(ZoneInfo(zone)).strftime("%d %H:%M %z") for time in times]


def test_interval_counts_from_the_moment_given() -> None:
    now = at("2026-03-01T10:00:30")

    times = Timetable(every_seconds=90).next_times(after=now, count=2)

    assert times == [now + timedelta(seconds=90), now + timedelta(seconds=180)]


def test_weekdays_skip_the_weekend() -> None:
    assert cron("0 6 * * MON-FRI", "UTC", "2026-03-06T07:00") == [
        "09 06:00 +0000",
        "10 06:00 +0000",
        "11 06:00 +0000",
    ]


@pytest.mark.parametrize(
    ("zone", "after", "expression", "expected"),
    [
        ("Europe/Berlin", "2026-03-28T12:00", "30 2 * * *", ["29 03:00 +0200", "30 02:30 +0200"]),
        ("America/New_York", "2026-03-07T12:00", "30 2 * * *", ["08 03:00 -0400", "09 02:30 -0400"]),
        ("Australia/Lord_Howe", "2026-10-03T12:00", "10 2 * * *", ["04 02:30 +1100", "05 02:10 +1100"]),
        ("Asia/Kathmandu", "1985-12-31T12:00", "5 0 * * *", ["01 00:15 +0545", "02 00:05 +0545"]),
    ],
)
def test_a_time_that_does_not_exist_fires_at_the_first_valid_instant(
    zone: str, after: str, expression: str, expected: list[str]
) -> None:
    assert cron(expression, zone, after, count=2) == expected


@pytest.mark.parametrize(
    ("zone", "after", "expression", "expected"),
    [
        ("Europe/Berlin", "2026-10-24T12:00", "30 2 * * *", ["25 02:30 +0200", "26 02:30 +0100"]),
        ("America/New_York", "2026-10-31T12:00", "30 1 * * *", ["01 01:30 -0400", "02 01:30 -0500"]),
        ("Australia/Lord_Howe", "2026-04-04T12:00", "45 1 * * *", ["05 01:45 +1100", "06 01:45 +1030"]),
    ],
)
def test_a_time_that_exists_twice_fires_once(
    zone: str, after: str, expression: str, expected: list[str]
) -> None:
    assert cron(expression, zone, after, count=2) == expected


def test_several_times_in_the_missing_hour_fire_once_together() -> None:
    assert cron("*/20 2 * * *", "Europe/Berlin", "2026-03-29T00:00", count=2) == [
        "29 03:00 +0200",
        "30 02:00 +0200",
    ]


def test_every_second_hour_does_not_lose_the_missing_one() -> None:
    assert cron("0 */2 * * *", "Europe/Berlin", "2026-03-29T00:30", count=2) == [
        "29 03:00 +0200",
        "29 04:00 +0200",
    ]


def test_hourly_goes_on_through_the_repeated_hour() -> None:
    expected = ["25 02:00 +0200", "25 02:00 +0100", "25 03:00 +0100"]
    assert cron("0 * * * *", "Europe/Berlin", "2026-10-25T01:00") == expected


def test_a_daily_time_asked_for_in_the_repeated_hour_does_not_fire_again() -> None:
    second_pass = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)  # 02:10 for the second time

    (time,) = Timetable(cron="30 2 * * *", timezone="Europe/Berlin").next_times(after=second_pass, count=1)

    assert time == at("2026-10-26T02:30", "Europe/Berlin")


@settings(max_examples=60, deadline=None)
@given(
    zone=st.sampled_from(
        ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]
    ),
    expression=st.sampled_from(["30 2 * * *", "*/15 * * * *", "0 */3 * * *", "*/10 1,2 * * *", "0 0 1 * *"]),
    after=st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_times_rise_and_do_not_depend_on_where_one_begins(
    zone: str, expression: str, after: datetime
) -> None:
    table = Timetable(cron=expression, timezone=zone)
    times = table.next_times(after=after, count=8)
    again = table.next_times(after=times[2], count=5)

    assert all(one < two for one, two in pairwise([after, *times]))
    assert times[3:] == again


@pytest.mark.parametrize(
    ("expression", "zone", "field"),
    [
        ("61 * * * *", "UTC", "cron"),
        ("* * * * * *", "UTC", "cron"),
        ("", "UTC", "cron"),
        ("@daily", "UTC", "cron"),
        ("0 0 30 2 *", "UTC", "cron"),
        ("0 0 * * MON#9", "UTC", "cron"),
        ("0 0 * * *", "Mars/Olympus", "timezone"),
        ("0 0 * * *", "../etc/passwd", "timezone"),
        ("0 0 * * *", "", "timezone"),
        ("0 0 * * *", "Europe", "timezone"),
    ],
)
def test_what_cannot_be_read_names_its_field(expression: str, zone: str, field: str) -> None:
    with pytest.raises(BadTimetable) as refused:
        Timetable(cron=expression, timezone=zone).check(now=at("2026-01-01T00:00"))

    assert refused.value.field == field
