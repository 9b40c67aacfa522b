"""Schedules over every change of the clocks in four time zones, against a minute by minute reading."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from crawler.frontier.timetable import Timetable
from crawler.frontier.windows import parse, read
from tests.unit.frontier.clocks import MINUTE, YEARS, every_change, readings_around

CHANGES = every_change()
IDS = [f"{zone}-{change:%Y-%m-%d}" for zone, change in CHANGES]
BY_CHANGE = pytest.mark.parametrize(("zone", "change"), CHANGES, ids=IDS)


def test_all_changes_of_sixteen_years_are_there() -> None:
    years = YEARS[1] - YEARS[0]
    counted = {zone: sum(1 for name, _ in CHANGES if name == zone) for zone, _ in CHANGES}
    assert counted == {
        "Europe/Berlin": 2 * years,
        "America/New_York": 2 * years,
        "Australia/Lord_Howe": 2 * years,
        "Asia/Kathmandu": 1,
    }


def daily(zone: str, change: datetime, at: time) -> list[datetime]:
    """Return when a daily time comes on the local day of a change and the next."""
    midnight = change.astimezone(ZoneInfo(zone)).replace(hour=0, minute=0) - MINUTE
    return Timetable(cron=f"{at.minute} {at.hour} * * *", timezone=zone).next_times(after=midnight, count=2)


@BY_CHANGE
def test_each_daily_time_fires_once_at_the_first_instant_that_shows_it(zone: str, change: datetime) -> None:
    clocks = readings_around(zone, change)
    day = change.astimezone(ZoneInfo(zone)).date()
    for minute in range(4 * 60):
        at = time(minute // 60, minute % 60)
        first = clocks.first_showing(datetime.combine(day, at))
        following = clocks.first_showing(datetime.combine(day + timedelta(days=1), at))
        assert daily(zone, change, at) == [first, following]


@BY_CHANGE
def test_every_quarter_of_an_hour_goes_on_in_elapsed_time(zone: str, change: datetime) -> None:
    table = Timetable(cron="*/15 * * * *", timezone=zone)
    times = table.next_times(after=change - timedelta(hours=4), count=40)
    assert {later - sooner for sooner, later in pairwise(times)} == {timedelta(minutes=15)}


@BY_CHANGE
def test_an_interval_is_absolute_time(zone: str, change: datetime) -> None:
    phase = change - timedelta(days=3, minutes=5)
    table = Timetable(every_seconds=3600, timezone=zone, phase=phase)
    times = table.next_times(after=change - timedelta(hours=3), count=6)
    assert times == [phase + timedelta(hours=hours) for hours in range(70, 76)]


@BY_CHANGE
@pytest.mark.parametrize("line", ["22:00-06:00", "01:00-02:00", "02:00-02:15", "00:05-03:00", "02:10-02:50"])
def test_a_window_is_open_from_when_the_clocks_first_show_its_hours(
    zone: str, change: datetime, line: str
) -> None:
    clocks, windows = readings_around(zone, change), read([line], timezone=zone)
    assert windows
    window = parse(line)
    for day in clocks.whole_days:
        midnight = datetime.combine(day, time())
        opens = clocks.first_showing(midnight + timedelta(minutes=window.opens))
        if window.closes <= 24 * 60:
            closes = clocks.first_showing(midnight + timedelta(minutes=window.closes))
            assert windows.is_open(opens) is (opens < closes)
            assert windows.is_open(closes) is False
        if windows.is_open(opens):
            assert windows.opening(opens - MINUTE) == opens
            assert windows.is_open(windows.closes(opens) - MINUTE)


@BY_CHANGE
def test_hourly_times_within_a_window_begin_with_its_opening(zone: str, change: datetime) -> None:
    windows = read(["22:00-06:00"], timezone=zone)
    table = Timetable(cron="0 * * * *", timezone=zone, windows=windows)
    where, before = ZoneInfo(zone), change.astimezone(ZoneInfo(zone)).replace(hour=12, minute=0)
    times = table.next_times(after=before - timedelta(days=1), count=20)
    assert times[0].astimezone(where).hour == 22
    assert all(later > sooner for sooner, later in pairwise(times))
    assert {time.astimezone(where).hour for time in times} <= {22, 23, 0, 1, 2, 3, 4, 5}
