"""Writes whether a run met its deadline, once, with the event that tells of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.models import EventKind, Run, RunState
from crawler.stores import events

if TYPE_CHECKING:
    from datetime import datetime


def decide(run: int, *, met: bool, now: datetime) -> bool:
    """Write whether a run met its deadline, unless that is known; say whether this call did.

    Call it in the transaction that ends the run or finds that its time is over.
    """
    undecided = Run.objects.filter(pk=run, deadline_at__isnull=False, deadline_met=None)
    if not undecided.update(deadline_met=met):
        return False
    row = Run.objects.only("target_id", "deadline_at", "finished_at", "pages").get(pk=run)
    events.record(
        EventKind.DEADLINE_MET if met else EventKind.DEADLINE_MISSED,
        target=row.target_id,
        run=run,
        now=now,
        deadline=row.deadline_at.isoformat() if row.deadline_at else None,
        finished_at=row.finished_at.isoformat() if row.finished_at else None,
        pages=row.pages,
    )
    return True


def decide_at_end(run: int, *, cut_short: str, now: datetime) -> None:
    """Decide about a run that has just ended; one that did for the reason `cut_short` is not whole.

    One that was cancelled in time neither met nor missed its deadline: nobody waits for it any more.
    """
    found = Run.objects.filter(pk=run, deadline_at__isnull=False, deadline_met=None)
    row = found.values_list("state", "reason", "finished_at", "deadline_at").first()
    if row is None:
        return
    state, reason, finished_at, deadline_at = row
    if deadline_at is None:
        return
    whole = state == RunState.FINISHED and reason != cut_short
    in_time = (finished_at or now) <= deadline_at
    if state != RunState.CANCELLED or not in_time:
        decide(run, met=whole and in_time, now=now)
