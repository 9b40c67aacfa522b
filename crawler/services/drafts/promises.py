"""Says when what a target promises cannot be kept: data of an age, a budget for refreshing, a deadline."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from crawler.frontier.lengths import DAY, rounded_up
from crawler.policy.refresh.spending import spendable
from crawler.services.drafts.deadlines import next_after

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from crawler.frontier.feasibility import Load
    from crawler.services.drafts.timing import ScheduleDraft

TIMES_LOOKED_AT: Final = 15


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
        f"data gets as old as {rounded_up(oldest)} before the next run has renewed it: "
        f"up to {rounded_up(gap)} lie between runs, and one takes at least {rounded_up(load.duration)}; "
        "allow that age or run more often"
    )


def unspendable(refresh_per_day: int | None, load: Load) -> str | None:
    """Return why a budget cannot be spent, by the pace or because there are too few pages; else None."""
    if refresh_per_day is None:
        return None
    possible = load.pages_within(DAY) if load.pace else refresh_per_day
    if load.measured and (of_few := spendable(pages=load.pages)) < min(refresh_per_day, possible):
        return (
            f"the last run had {load.pages:,} pages, and none is refreshed twice in ten minutes: "
            f"at most {of_few:,} requests a day can be spent"
        )
    if refresh_per_day <= possible:
        return None
    return f"at this pace at most {possible:,} pages a day can be asked: the rest of the budget is not spent"


def unmet(
    deadline: Mapping[str, Any] | None, schedule: ScheduleDraft | None, load: Load, *, now: datetime
) -> str | None:
    """Return why scheduled runs cannot meet `deadline`, and what would help; None when they can."""
    if deadline is None or schedule is None or schedule.paused:
        return None
    starts = schedule.timetable().next_times(after=now, count=TIMES_LOOKED_AT)
    spans = [next_after(deadline, start) - start for start in starts]
    longest = max(spans, default=None)
    if longest is None or load.duration <= longest:
        return None
    return (
        f"runs start at most {rounded_up(longest)} before it, and one takes at least "
        f"{rounded_up(load.duration)}: start them earlier, or allow a later time"
    )
