"""When a schedule is due: by cron or at an interval, within windows, a little later by chance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Final

from crawler.frontier.crons import BadTimetable, occurrences, shifted, zone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.frontier.windows import Windows

INSTANT: Final = timedelta(microseconds=1)
DAY: Final = timedelta(days=1)
YEAR: Final = timedelta(days=366)
MOST_TRIED: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """The nominal times of a schedule: exactly one of `cron` and `every_seconds` is set.

    An interval is absolute time, counted from `phase`; without one, from wherever one begins to
    look. Times outside the windows wait for the next opening and are one there; where the schedule
    has a time of its own within a day of it, before it closes, they wait for that one instead: who
    writes 5:00 on Saturdays does not expect a run at midnight besides. `shift_minutes` moves the
    times of a cron expression within their hour. `seed` makes the chance of this schedule's jitter
    its own.
    """

    cron: str = ""
    every_seconds: int | None = None
    timezone: str = "UTC"
    phase: datetime | None = None
    shift_minutes: int = 0
    windows: Windows | None = None
    jitter_seconds: int = 0
    seed: int = 0

    def next_times(self, *, after: datetime, count: int) -> list[datetime]:
        """Return the first `count` nominal times later than `after`; fewer when they end."""
        return list(islice(self.later_than(after), count))

    def later_than(self, moment: datetime) -> Iterator[datetime]:
        """Yield the nominal times later than `moment`, in UTC. Raises BadTimetable.

        They rise, and do not depend on where one begins.
        """
        last = moment.astimezone(UTC)
        if self.windows is None:
            yield from self._regular(last)
            return
        search = last if self.windows.is_open(last) else self.windows.closed_since(last) - INSTANT
        while (regular := next(self._regular(search), None)) is not None:
            last = search = self.resuming(max(regular, last))
            yield last

    def due_at(self, nominal: datetime) -> datetime:
        """Return when the run of a nominal time starts: up to the jitter later, before its window closes."""
        room = timedelta(seconds=self.jitter_seconds)
        if not room:
            return nominal
        if self.windows:
            room = min(room, self.windows.closes(nominal) - nominal)
        digest = blake2b(f"{self.seed}:{nominal.timestamp():.0f}".encode(), digest_size=8).digest()
        return nominal + timedelta(seconds=int(room.total_seconds() * int.from_bytes(digest) / 2**64))

    def opening(self, moment: datetime) -> datetime:
        """Return `moment` when a run may start then, else when the next window opens."""
        return self.windows.opening(moment) if self.windows else moment

    def resuming(self, moment: datetime) -> datetime:
        """Return `moment` when a run may start then, else the nominal time that what is missed waits for."""
        opens = self.opening(moment)
        if self.windows is None or opens == moment:
            return moment
        own = next(self._regular(opens - INSTANT), None)
        return own if own and own < min(opens + DAY, self.windows.closes(opens)) else opens

    def _regular(self, moment: datetime) -> Iterator[datetime]:
        if self.every_seconds is None:
            yield from occurrences(shifted(self.cron, self.shift_minutes), zone(self.timezone), moment)
            return
        step = timedelta(seconds=self.every_seconds)
        time = moment if self.phase is None else moment - (moment - self.phase) % step
        while True:
            time += step
            yield time

    def check(self, *, now: datetime) -> None:
        """Raise BadTimetable when the expression cannot be read, never comes true, or misses every window."""
        if self.every_seconds is not None:
            return
        times = takewhile(lambda time: time < now + YEAR, self._regular(now))
        first = next(self._regular(now), None)
        if first is None:
            raise BadTimetable("this time never comes; check the day and the month", field="cron")
        windows = self.windows
        if windows and not any(windows.is_open(time) for time in [first, *islice(times, MOST_TRIED)]):
            raise BadTimetable(
                f"no time of {self.cron} lies within; widen it, or change the cron expression "
                f"to times at which it is open, such as {_cron_at(windows, now, self.timezone)}",
                field="windows",
            )


def _cron_at(windows: Windows, now: datetime, timezone: str) -> str:
    opens = windows.opening(windows.closes(now)).astimezone(zone(timezone))
    return f"{opens.minute} {opens.hour} * * *"
