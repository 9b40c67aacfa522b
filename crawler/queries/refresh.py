"""How targets' pages are refreshed: what was spent, and how fresh they are thought to be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import F, Sum

from crawler.models import RefreshPlan, Run, RunTrigger
from crawler.policy.refresh.spending import DAY

if TYPE_CHECKING:
    from datetime import datetime

    from crawler.models import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Changing:
    """A page that changes often: about once every `every`."""

    page: int
    url: str
    every: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshing:
    """How a target's budget is spent; what is said of its pages is as of `planned_at`.

    `fresh` is the share of pages thought to be as they were seen last, `kept` the share that the
    budget can keep so. Nothing is known before the first plan.
    """

    per_day: int
    spent: int
    planned_at: datetime | None
    pages: int
    fresh: float | None
    kept: float | None
    fastest: tuple[Changing, ...]

    @property
    def fresh_percent(self) -> float | None:
        return None if self.fresh is None else 100 * self.fresh

    @property
    def kept_percent(self) -> float | None:
        return None if self.kept is None else 100 * self.kept


def of_target(target: Target, *, now: datetime) -> Refreshing | None:
    """Return how `target` is refreshed; None when it has no budget for it."""
    plan = RefreshPlan.objects.filter(target=target).first()
    if plan is None or target.refresh_per_day is None:
        return None
    return Refreshing(
        per_day=target.refresh_per_day,
        spent=spent(target, now=now),
        planned_at=plan.planned_at,
        pages=plan.pages,
        fresh=plan.fresh,
        kept=plan.kept,
        fastest=tuple(
            Changing(page=said["page"], url=said["url"], every=timedelta(seconds=said["every_seconds"]))
            for said in plan.fastest
        ),
    )


def spent(target: Target, *, now: datetime) -> int:
    """Return how many requests refreshing `target` took in the last 24 hours, repeated ones included."""
    recent = Run.objects.filter(target=target, trigger=RunTrigger.REFRESH, created_at__gt=now - DAY)
    return int(recent.aggregate(sum=Sum(F("discovered") + F("retries"), default=0))["sum"])
