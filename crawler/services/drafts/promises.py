"""Says when what a target promises cannot be kept: data of an age, or a budget for refreshing."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from crawler.frontier.feasibility import spoken

if TYPE_CHECKING:
    from datetime import datetime

    from crawler.frontier.feasibility import Load
    from crawler.services.drafts.timing import ScheduleDraft

TIMES_LOOKED_AT: Final = 15
DAY: Final = timedelta(days=1)


def unkept(
    max_age_seconds: int | None, schedule: ScheduleDraft | None, load: Load, *, now: datetime
) -> str | None:
    """Return why data gets older than `max_age_seconds`, and what would work; None when it need not.

    Data is as old as the start of the run that brought it, so it is oldest when the next run ends.
    """
    if max_age_seconds is None:
        return None
    if schedule is None:
        return "nothing starts runs by itself, so the data gets late: add a schedule"
    if schedule.paused:
        return "the schedule is paused, so the data gets late: resume it"
    times = schedule.timetable().next_times(after=now, count=TIMES_LOOKED_AT)
    gap = max((later - sooner for sooner, later in pairwise(times)), default=timedelta())
    gap += timedelta(seconds=schedule.jitter_seconds)
    oldest = gap + load.duration
    if oldest <= timedelta(seconds=max_age_seconds):
        return None
    return (
        f"data gets as old as {spoken(oldest)} before the next run has renewed it: up to {spoken(gap)} "
        f"lie between runs, and one takes at least {spoken(load.duration)}; allow that age or run more often"
    )


def unspendable(refresh_per_day: int | None, load: Load) -> str | None:
    """Return why the pace does not let a budget be spent; None when it does, or does not limit it."""
    if refresh_per_day is None or not load.pace:
        return None
    possible = load.pages_within(DAY)
    if refresh_per_day <= possible:
        return None
    return f"at this pace at most {possible:,} pages a day can be asked: the rest of the budget is not spent"
