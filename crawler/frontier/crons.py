"""The moments at which a cron expression comes true on the clocks of a time zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from heapq import merge
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

if TYPE_CHECKING:
    from collections.abc import Iterator

CRON_FIELDS = 5
LAST_MINUTE = 59
ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)

OF_THE_MACHINE: Final = frozenset({"Factory", "localtime"})
"""Names that stand for something else on each machine, or for nothing yet."""


class BadTimetable(ValueError):
    """A part of a schedule that cannot be read or kept; `field` says which."""

    def __init__(self, message: str, *, field: str) -> None:
        super().__init__(message)
        self.field = field


def zone(name: str) -> ZoneInfo:
    """Return the time zone called `name` in the IANA database; raises BadTimetable."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        raise _no_zone(name) from None


def new_zone(name: str) -> ZoneInfo:
    """Return the time zone that a person names; raises BadTimetable.

    It is one that means the same on every machine. What was stored before is still read by `zone`.
    """
    if name not in _named():
        raise _no_zone(name)
    return zone(name)


@cache
def _named() -> frozenset[str]:
    return frozenset(available_timezones() - OF_THE_MACHINE)


def _no_zone(name: str) -> BadTimetable:
    told = f"{name!r} is not a time zone; write a name such as Europe/Berlin or UTC"
    return BadTimetable(told, field="timezone")


def occurrences(cron: str, where: ZoneInfo, after: datetime) -> Iterator[datetime]:
    """Yield the moments later than `after`, in UTC; raises BadTimetable.

    A local time that does not exist (clocks go forward) comes true at the first valid instant, one
    that exists twice at its first; only expressions for every hour (`*` as the hour) keep coming
    true through the hour that is repeated. It ends when the expression stops matching.
    """
    local = after.astimezone(where)
    walls = _walk(cron, local.replace(tzinfo=None, fold=0))
    instants = (instant(wall, where) for wall in walls)
    if cron.split()[1] == "*":
        instants = merge(instants, (time.astimezone(UTC) for time in _walk(cron, local)))
    last = after.astimezone(UTC)
    for moment in instants:
        if moment > last:
            last = moment
            yield moment


def instant(wall: datetime, where: ZoneInfo) -> datetime:
    """Return when the clocks of `where` first show `wall`, or the first instant after it, in UTC."""
    while True:
        moment = wall.replace(tzinfo=where, fold=0).astimezone(UTC)
        if moment.astimezone(where).replace(tzinfo=None, fold=0) == wall:
            return moment
        wall += timedelta(minutes=1)


def room_in_the_hour(cron: str) -> int:
    """Return how many minutes later every time of the expression could be and still lie in its hour."""
    return LAST_MINUTE - max(_walk(cron, ANY_TIME).minutes)


def shifted(cron: str, minutes: int) -> str:
    """Return the expression with each of its times some minutes later, which must lie in the same hour."""
    if not minutes:
        return cron
    later = ",".join(str(minute + minutes) for minute in sorted(_walk(cron, ANY_TIME).minutes))
    return " ".join([later, *cron.split()[1:]])


def _walk(cron: str, start: datetime) -> CronSim:
    """Return the matching times after `start`: wall clock times when it is naive, else in elapsed time."""
    if len(cron.split()) != CRON_FIELDS:
        raise BadTimetable(
            "write five fields: minute, hour, day of month, month, day of week; such as 0 6 * * MON-FRI",
            field="cron",
        )
    try:
        return CronSim(cron, start)
    except CronSimError as error:
        raise BadTimetable(f"the cron expression cannot be read: {error}", field="cron") from None
