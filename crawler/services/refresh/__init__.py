"""Asks known pages again between runs, on targets with a budget for it: learns, plans, starts."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from crawler.models import PageVersion, RefreshPlan, Run, RunState
from crawler.policy.refresh import rates
from crawler.services.refresh import learning, planning, starting

if TYPE_CHECKING:
    from datetime import datetime

    from crawler.models import Target

__all__ = ["put", "tick"]

PATIENCE: Final = timedelta(minutes=10)
"""So long a plan waits for the judgement of changes, which takes seconds."""


def put(*, target: Target, now: datetime) -> None:
    """Refresh `target` as its settings say; the caller holds the transaction that changed them."""
    plan = RefreshPlan.objects.select_for_update().filter(target=target)
    if target.refresh_per_day is None:
        plan.delete()
    elif not plan.update(planned_at=None):
        RefreshPlan.objects.create(target=target, credited_at=now, usual_rate=rates.FIRST_BELIEF)


def tick(*, now: datetime) -> int:
    """Refresh every target that has something to spend; return how many runs were started.

    Nothing is refreshed while a run of the target is under way or held, while its schedule is paused, or
    outside of the schedule's windows.
    """
    plans = RefreshPlan.objects.filter(
        target__enabled=True,
        target__deleted_at=None,
        target__hidden=False,
        target__refresh_per_day__isnull=False,
    )
    plans = plans.select_related("target", "target__schedule").order_by("pk")
    return sum(_refresh(plan, now) for plan in plans)


def _refresh(plan: RefreshPlan, now: datetime) -> bool:
    target = plan.target
    of_target = Run.objects.filter(target=target)
    if of_target.active().exists() or of_target.unpublished().exists() or not _may_run(target, now):
        return False
    if not learning.learn(plan, now=now):
        return False
    if _is_outdated(plan, now):
        if _awaits_judgement(target, now):
            return False
        planning.make(plan, now=now)
    return starting.start(plan, now=now) is not None


def _may_run(target: Target, now: datetime) -> bool:
    schedule = getattr(target, "schedule", None)
    if schedule is None:
        return True
    return schedule.paused_at is None and schedule.timetable.opening(now) <= now


def _awaits_judgement(target: Target, now: datetime) -> bool:
    """Say whether changes of its pages may turn out to be noise in a moment."""
    waiting = PageVersion.objects.filter(target=target, awaits_judgement=True)
    return waiting.filter(ended_at__gt=now - PATIENCE).exists()


def _is_outdated(plan: RefreshPlan, now: datetime) -> bool:
    """Say whether the plan is old, was asked to be made anew, or has not seen what the last run saw."""
    if plan.planned_at is None or now - plan.planned_at >= planning.LASTS:
        return True
    newer = Run.objects.whole().filter(target=plan.target, state=RunState.FINISHED)
    return newer.filter(finished_at__gt=plan.planned_at).exists()
