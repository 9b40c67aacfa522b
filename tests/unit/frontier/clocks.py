"""Every change of the clocks of four time zones, found by asking the time zone database itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

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


def minutes_around(zone: str, change: datetime) -> list[tuple[datetime, datetime]]:
    """Return each minute of the local days around a change: the instant, and what the clocks show."""
    where = ZoneInfo(zone)
    begin = change - timedelta(hours=36)
    instants = [begin + MINUTE * number for number in range(72 * 60)]
    return [(moment, moment.astimezone(where).replace(tzinfo=None, fold=0)) for moment in instants]


def first_showing(minutes: list[tuple[datetime, datetime]], wall: datetime) -> datetime:
    """Return the first instant at which the clocks show `wall`, or what comes after it, on its day."""
    return next(
        moment for moment, shown in minutes if shown.date() == wall.date() and shown.time() >= wall.time()
    )
