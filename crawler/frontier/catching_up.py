"""What is to be done about the times of a schedule that have come, some of them long ago."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from crawler.frontier.timetable import Timetable

GRACE: Final = timedelta(seconds=60)
"""How late a run may start and still be on time; the tick itself comes every 5 s."""

MOST_COUNTED: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """The nominal times of a schedule that have come and had no run, and the first that has not come.

    Of very many, `times` holds the first and the last. `on_time` is None when all are too late;
    `following` is None when no time is left.
    """

    times: tuple[datetime, ...]
    on_time: datetime | None
    following: datetime | None

    @property
    def first(self) -> datetime:
        return self.times[0]

    def without(self, nominal: datetime) -> tuple[datetime, ...]:
        """Return the times that are left when `nominal` has its run."""
        return tuple(time for time in self.times if time != nominal)


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Start a run in the name of a nominal time; it stands for all that have passed."""

    nominal: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Start a run for all the times that have passed when a window is open again."""

    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PassOver:
    """Start nothing for the times that have passed."""


Verdict = Start | Wait | PassOver


def passed(table: Timetable, *, first: datetime, now: datetime) -> Passed:
    """Return which times from `first` on have come by `now`."""
    recent = max(first, now - GRACE - timedelta(seconds=table.jitter_seconds))
    latest, following = first, None
    for time in table.later_than(recent):
        if table.due_at(time) > now:
            following = time
            break
        latest = time
    more = takewhile(lambda time: table.due_at(time) <= now, table.later_than(first))
    times = (first, *islice(more, MOST_COUNTED - 1))
    return Passed(
        times=times if times[-1] >= latest else (*times[:-1], latest),
        on_time=next((time for time in (first, latest) if now - table.due_at(time) <= GRACE), None),
        following=following,
    )


def decide(due: Passed, *, makes_up: bool, now: datetime, resuming: datetime) -> Verdict:
    """Return what to do about what has passed.

    `makes_up` says that one run stands for the times that were missed; `resuming` is now while runs
    may start, else the nominal time for which they wait.
    """
    if due.on_time is not None:
        return Start(nominal=due.on_time)
    if not makes_up:
        return PassOver()
    return Wait(until=resuming) if resuming > now else Start(nominal=due.first)
