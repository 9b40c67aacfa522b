"""Every change of the clocks of four time zones, found by asking the time zone database itself."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Mapping

YEARS = (2020, 2036)
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")
MINUTE = timedelta(minutes=1)


def changes(zone: str, first: int, last: int) -> list[datetime]:
    """Return the instants at which the clocks of `zone` are put, from one year to before another."""
    where, found = ZoneInfo(zone), []
    day = datetime(first, 1, 1, tzinfo=UTC)
    while day.year < last:
        later = day + timedelta(days=1)
        if day.astimezone(where).utcoffset() != later.astimezone(where).utcoffset():
            found.append(_bisect(where, day, later))
        day = later
    return found


def _bisect(where: ZoneInfo, before: datetime, after: datetime) -> datetime:
    while after - before > MINUTE:
        middle = before + (after - before) // MINUTE // 2 * MINUTE
        if middle.astimezone(where).utcoffset() == before.astimezone(where).utcoffset():
            before = middle
        else:
            after = middle
    return after


@cache
def every_change() -> list[tuple[str, datetime]]:
    """Return all changes of sixteen years, and the one that Nepal made in 1986."""
    found = [(zone, change) for zone in ZONES for change in changes(zone, *YEARS)]
    return [*found, *(("Asia/Kathmandu", change) for change in changes("Asia/Kathmandu", 1985, 1987))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """What the clocks show in each minute of the local days around a change.

    Of each day, the numbers of its minutes, counted from `begin`, and the latest time of day that was
    shown by each of them, in minutes.
    """

    begin: datetime
    of_days: Mapping[date, tuple[array[int], array[int]]]

    @property
    def whole_days(self) -> list[date]:
        return sorted(self.of_days)[1:-1]

    def first_showing(self, wall: datetime) -> datetime:
        """Return the first instant at which the clocks show `wall`, or what comes after it, on its day."""
        numbers, latest = self.of_days[wall.date()]
        return self.begin + MINUTE * numbers[bisect_left(latest, wall.hour * 60 + wall.minute)]


@cache
def readings_around(zone: str, change: datetime) -> Readings:
    """Read the clocks of `zone` minute by minute, a day and a half before and after a change."""
    where, begin = ZoneInfo(zone), change - timedelta(hours=36)
    of_days: dict[date, tuple[array[int], array[int]]] = {}
    for number in range(72 * 60):
        shown = (begin + MINUTE * number).astimezone(where)
        numbers, latest = of_days.setdefault(shown.date(), (array("H"), array("H")))
        minute = shown.hour * 60 + shown.minute
        numbers.append(number)
        latest.append(max(minute, latest[-1]) if latest else minute)
    return Readings(begin=begin, of_days=of_days)
