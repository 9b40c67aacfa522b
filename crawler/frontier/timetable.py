"""When a schedule is due: cron expressions and intervals in a time zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

if TYPE_CHECKING:
    from collections.abc import Iterator

CRON_FIELDS = 5


class BadTimetable(ValueError):
    """A cron expression or a time zone that cannot be read; `field` says which of the two."""

    def __init__(self, message: str, *, field: str) -> None:
        super().__init__(message)
        self.field = field


def next_times(
    *, cron: str, every_seconds: int | None, timezone: str, after: datetime, count: int
) -> list[datetime]:
    """Return the first `count` nominal times later than `after`, in UTC.

    An interval counts from `after`. A local time that does not exist (clocks go forward) fires
    at the first valid instant, one that exists twice fires at its first; only expressions for
    every hour (`*` as the hour) keep firing through the hour that is repeated.
    Fewer than `count` when the expression stops matching. Raises BadTimetable.
    """
    if every_seconds is not None:
        step = timedelta(seconds=every_seconds)
        return [after.astimezone(UTC) + step * number for number in range(1, count + 1)]
    return list(islice(_occurrences(cron, zone(timezone), after), count))


def zone(name: str) -> ZoneInfo:
    """Return the time zone called `name` in the IANA database; raises BadTimetable."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        raise BadTimetable(
            f"{name!r} is not a time zone; write a name such as Europe/Berlin or UTC", field="timezone"
        ) from None


def check(*, cron: str, timezone: str, now: datetime) -> None:
    """Raise BadTimetable when the expression cannot be read, or never comes true after `now`."""
    if not next_times(cron=cron, every_seconds=None, timezone=timezone, after=now, count=1):
        raise BadTimetable("this time never comes; check the day and the month", field="cron")


def _occurrences(cron: str, where: ZoneInfo, after: datetime) -> Iterator[datetime]:
    local = after.astimezone(where)
    walls = _walk(cron, local.replace(tzinfo=None, fold=0))
    instants = (_instant(wall, where) for wall in walls)
    if cron.split()[1] == "*":
        instants = merge(instants, (time.astimezone(UTC) for time in _walk(cron, local)))
    last = after.astimezone(UTC)
    for instant in instants:
        if instant > last:
            last = instant
            yield instant


def _walk(cron: str, start: datetime) -> Iterator[datetime]:
    """Yield the matching times after `start`: wall clock times when it is naive, else in elapsed time."""
    if len(cron.split()) != CRON_FIELDS:
        raise BadTimetable(
            "write five fields: minute, hour, day of month, month, day of week; such as 0 6 * * MON-FRI",
            field="cron",
        )
    try:
        return iter(CronSim(cron, start))
    except CronSimError as error:
        raise BadTimetable(f"the cron expression cannot be read: {error}", field="cron") from None


def _instant(wall: datetime, where: ZoneInfo) -> datetime:
    """Return when the clocks of `where` first show `wall`, or the first instant after it."""
    while True:
        instant = wall.replace(tzinfo=where, fold=0).astimezone(UTC)
        if instant.astimezone(where).replace(tzinfo=None, fold=0) == wall:
            return instant
        wall += timedelta(minutes=1)
