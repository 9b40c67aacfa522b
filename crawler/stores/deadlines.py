"""Writes whether a run met its deadline, once, with the event that tells of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.models import TIME_LIMIT, EventKind, Run, RunState
from crawler.policy import deadlines as rule
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


def decide_at_end(run: int, *, now: datetime) -> None:
    """Decide about a run that has just ended."""
    found = Run.objects.filter(pk=run, deadline_at__isnull=False, deadline_met=None)
    row = found.only("state", "reason", "finished_at", "deadline_at").first()
    if row is None or row.deadline_at is None:
        return
    met = rule.met(
        row.deadline_at,
        ended_at=row.finished_at or now,
        complete=row.state == RunState.FINISHED and row.reason != TIME_LIMIT,
        cancelled=row.state == RunState.CANCELLED,
    )
    if met is not None:
        decide(run, met=met, now=now)
