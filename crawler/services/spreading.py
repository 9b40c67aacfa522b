"""Finds the minute in which a new schedule meets the fewest others."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Final

from crawler.frontier import spreading, windows
from crawler.frontier.crons import room_in_the_hour
from crawler.models import Schedule

if TYPE_CHECKING:
    from datetime import datetime

    from crawler.frontier.timetable import Timetable
    from crawler.services.drafts import ScheduleDraft

MOST_SCHEDULES: Final = 500
MOST_TIMES: Final = 48
SPAN: Final = timedelta(days=1)
MINUTE: Final = timedelta(minutes=1)
INSTANT: Final = timedelta(microseconds=1)


def quiet_shift(draft: ScheduleDraft, *, target: int, after: datetime) -> int:
    """Return by how many minutes the times of `draft` are to be moved; 0 where it is not to be spread.

    The starts planned within a day of its first time count, of the schedules of everybody that
    are due next, and at most 48 of each.
    """
    if not draft.spreads:
        return 0
    if draft.every_seconds is not None:
        room = spreading.room_of_interval(draft.every_seconds)
    else:
        room = room_in_the_hour(draft.cron)
    own = draft.timetable(phase=after).next_times(after=after, count=MOST_TIMES)
    if not room or not own:
        return 0
    own = [time for time in own if time < own[0] + SPAN]
    return spreading.quietest(own, _taken(target, own[0]), room=min(room, _room_in_windows(draft, own)))


def _room_in_windows(draft: ScheduleDraft, times: list[datetime]) -> int:
    """Return by how many minutes `times` may be moved within the windows in which they lie."""
    open_times = windows.read(draft.windows, timezone=draft.timezone)
    if open_times is None:
        return spreading.MOST_MINUTES
    return min((open_times.closes(time) - time - INSTANT) // MINUTE for time in times)


def _taken(target: int, begins: datetime) -> Counter[int]:
    others = Schedule.objects.exclude(target=target).filter(
        next_run_at__isnull=False, paused_at=None, target__enabled=True, target__deleted_at=None
    )
    taken: Counter[int] = Counter()
    tables = Counter(
        replace(schedule.timetable, seed=0, jitter_seconds=0)
        for schedule in others.order_by("next_run_at", "id")[:MOST_SCHEDULES]
    )
    for table, many in tables.items():
        for minute in map(spreading.minute_of, _within_a_day(table, begins)):
            taken[minute] += many
    return taken


def _within_a_day(table: Timetable, begins: datetime) -> list[datetime]:
    times = table.later_than(begins - MINUTE)
    return list(islice(takewhile(lambda time: time < begins + SPAN, times), MOST_TIMES))
