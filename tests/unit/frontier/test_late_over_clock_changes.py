"""Jitter, windows and missed times over every change of the clocks in four time zones, as ticks meet them."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from crawler.frontier import catching_up
from crawler.frontier.catching_up import PassOver, Start, Wait
from crawler.frontier.timetable import Timetable
from crawler.frontier.windows import read
from tests.unit.frontier.clocks import ZONES, every_change, readings_around

BY_ZONE = pytest.mark.parametrize("zone", ZONES)
HOUR = timedelta(hours=1)
TICK = timedelta(minutes=5)
JITTER = 1200
DAYS = timedelta(hours=34)
"""Less than the day and a half around a change whose minutes are known."""

Started = tuple[datetime, datetime]


def changes_of(zone: str) -> list[datetime]:
    return [change for name, change in every_change() if name == zone]


def ticking(
    table: Timetable, change: datetime, *, down: timedelta = timedelta(0), makes_up: bool = True
) -> list[Started]:
    """Return which nominal times had a run, and when, in the days around a change; no ticks while down."""
    now, ends, started = change - DAYS, change + DAYS, list[Started]()
    awaited: datetime | None = next(table.later_than(now))
    while (now := now + TICK) < ends and awaited:
        if table.due_at(awaited) > now or change - down <= now < change + down:
            continue
        due = catching_up.passed(table, first=awaited, now=now)
        match catching_up.decide(due, makes_up=makes_up, now=now, resuming=table.resuming(now)):
            case Start(nominal=nominal):
                started.append((nominal, now))
                awaited = due.following
            case Wait(until=until):
                awaited = until
            case _:
                awaited = due.following
    return started


def shown_days(started: list[Started], zone: str) -> list[date]:
    return [nominal.astimezone(ZoneInfo(zone)).date() for nominal, _ in started]


@BY_ZONE
def test_a_daily_time_with_jitter_starts_once_on_each_day(zone: str) -> None:
    for change in changes_of(zone):
        day, clocks = change.astimezone(ZoneInfo(zone)).date(), readings_around(zone, change)
        for at in (time(0, 5), time(2, 10), time(3)):
            table = Timetable(
                cron=f"{at.minute} {at.hour} * * *", timezone=zone, jitter_seconds=JITTER, seed=5
            )
            started = ticking(table, change)

            days = shown_days(started, zone)
            assert len(days) == len(set(days)) >= 2
            assert clocks.first_showing(datetime.combine(day, at)) in [nominal for nominal, _ in started]
            for nominal, now in started:
                assert nominal <= table.due_at(nominal) <= now
                assert now < nominal + timedelta(seconds=JITTER) + TICK


@BY_ZONE
def test_jitter_keeps_the_order_of_times_where_the_clocks_show_them_twice(zone: str) -> None:
    """The chance is drawn from the instant, not from what the clocks show."""
    for change in changes_of(zone):
        table = Timetable(cron="*/30 * * * *", timezone=zone, jitter_seconds=JITTER // 2, seed=5)
        times = table.next_times(after=change - 3 * HOUR, count=12)
        starts = [table.due_at(nominal) for nominal in times]
        assert sorted(starts) == starts
        assert len({start - nominal for start, nominal in zip(starts, times, strict=True)}) > 8


@BY_ZONE
@pytest.mark.parametrize("line", ["22:00-06:00", "01:30-02:30", "02:10-02:50", "00:05-01:10"])
def test_with_jitter_and_windows_a_run_starts_while_one_is_open(zone: str, line: str) -> None:
    windows = read([line], timezone=zone)
    assert windows
    for change in changes_of(zone):
        table = Timetable(cron="*/10 * * * *", timezone=zone, windows=windows, jitter_seconds=590, seed=5)
        for nominal in table.next_times(after=change - timedelta(hours=8), count=16):
            assert windows.is_open(nominal)
            assert windows.is_open(table.due_at(nominal))


@BY_ZONE
@pytest.mark.parametrize("makes_up", [True, False])
def test_six_hours_of_downtime_over_the_change_leave_one_run_or_none(zone: str, makes_up: bool) -> None:
    """Every quarter of an hour is elapsed time, so as many are missed as on any other day."""
    for change in changes_of(zone):
        table = Timetable(cron="*/15 * * * *", timezone=zone)
        now = change + 3 * HOUR + timedelta(minutes=10)
        due = catching_up.passed(table, first=change - 3 * HOUR, now=now)
        assert due.times == tuple(change + timedelta(minutes=15 * number) for number in range(-12, 13))
        assert (due.on_time, due.following) == (None, now + TICK)
        verdict = catching_up.decide(due, makes_up=makes_up, now=now, resuming=table.resuming(now))
        assert verdict == (Start(nominal=due.first) if makes_up else PassOver())


@BY_ZONE
def test_a_daily_time_missed_over_the_change_is_made_up_for_once(zone: str) -> None:
    for change in changes_of(zone):
        at = (change.astimezone(ZoneInfo(zone)) - HOUR).time().replace(minute=20)
        table = Timetable(cron=f"{at.minute} {at.hour} * * *", timezone=zone)
        made_up, skipped = (ticking(table, change, down=5 * HOUR, makes_up=each) for each in (True, False))

        assert len(shown_days(made_up, zone)) == len(set(shown_days(made_up, zone)))
        late = [nominal for nominal, now in made_up if now == change + 5 * HOUR]
        assert len(late) == 1
        assert skipped == [(nominal, now) for nominal, now in made_up if nominal not in late]


@BY_ZONE
def test_what_was_missed_waits_for_a_window_on_the_changed_clocks(zone: str) -> None:
    windows = read(["21:00-22:00"], timezone=zone)
    for change in changes_of(zone):
        table = Timetable(cron="30 21 * * *", timezone=zone, windows=windows)
        before = next(table.later_than(change - DAYS))
        now = before + 2 * HOUR
        due = catching_up.passed(table, first=before, now=now)
        verdict = catching_up.decide(due, makes_up=True, now=now, resuming=table.resuming(now))

        day = before.astimezone(ZoneInfo(zone)).date() + timedelta(days=1)
        shows = readings_around(zone, change).first_showing(datetime.combine(day, time(21, 30)))
        assert verdict == Wait(until=shows)
        assert due.following == shows
