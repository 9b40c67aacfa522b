"""Targets for display: lists with their last run and their next."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from django.db.models import OuterRef, Subquery, TextField
from django.db.models.functions import Cast

from crawler.models import FINAL_RUN_STATES, FreshnessWatch, Run, Target
from crawler.policy.freshness import Freshness
from crawler.queries import freshness, search
from crawler.queries.paging import Listing, listing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
    from django.db.models import QuerySet

AT_ONCE: Final = 500


class Shown(StrEnum):
    """Which targets a list shows."""

    ALL = "all"
    ACTIVE = "active"
    SCHEDULED = "scheduled"
    DISABLED = "disabled"
    LATE = "late"


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetLine:
    """A target with what a list says about it."""

    target: Target
    last_run: Run | None
    next_run_at: datetime | None
    freshness: FreshnessWatch | None


def page(
    user: AbstractBaseUser | AnonymousUser,
    *,
    q: str = "",
    shown: Shown = Shown.ALL,
    cursor: str | None = None,
    size: int = 50,
) -> Listing[TargetLine]:
    """Return a page of the targets `user` may see, by name. Raises BadCursor."""
    found = _searched(Target.objects.visible_to(user), q)
    match shown:
        case Shown.ACTIVE:
            found = found.filter(pk__in=Run.objects.exclude(state__in=FINAL_RUN_STATES).values("target"))
        case Shown.SCHEDULED:
            found = found.filter(schedule__next_run_at__isnull=False, schedule__paused_at=None, enabled=True)
        case Shown.DISABLED:
            found = found.filter(enabled=False)
        case Shown.LATE:
            found = freshness.watched(found).filter(freshness__state=Freshness.LATE)
        case Shown.ALL:
            pass
    rows = listing(
        found.select_related("schedule", "freshness"), order=("name", "id"), cursor=cursor, size=size
    )
    last = _last_runs(rows.rows)
    return rows.map(lambda target: _line(target, last.get(target.pk)))


def everyones() -> Iterator[TargetLine]:
    """Yield all targets that people see, by number, for whoever is on this machine."""
    shown = Target.objects.filter(deleted_at=None, hidden=False).select_related("schedule", "freshness")
    after = 0
    while rows := tuple(shown.filter(pk__gt=after).order_by("pk")[:AT_ONCE]):
        last = _last_runs(rows)
        yield from (_line(target, last.get(target.pk)) for target in rows)
        after = rows[-1].pk


def count(user: AbstractBaseUser | AnonymousUser) -> int:
    """Return how many targets `user` may see."""
    return Target.objects.visible_to(user).count()


def named(user: AbstractBaseUser | AnonymousUser, *, limit: int = 500) -> tuple[Target, ...]:
    """Return the targets a menu offers to `user`, by name."""
    return tuple(Target.objects.visible_to(user).only("id", "name").order_by("name", "id")[:limit])


def _searched(found: QuerySet[Target], q: str) -> QuerySet[Target]:
    found = found.annotate(urls_text=Cast("start_urls", TextField()), tags_text=Cast("tags", TextField()))
    return search.holding(found, q, "name", "urls_text", "tags_text")


def _last_runs(shown: tuple[Target, ...]) -> dict[int, Run]:
    newest = Run.objects.whole().filter(target=OuterRef("pk")).order_by("-id").values("id")[:1]
    ids = Target.objects.filter(pk__in=[target.pk for target in shown]).annotate(last=Subquery(newest))
    return {run.target_id: run for run in Run.objects.filter(pk__in=ids.values("last"))}


def _line(target: Target, last_run: Run | None) -> TargetLine:
    schedule = getattr(target, "schedule", None)
    planned = schedule.due_at or schedule.next_run_at if schedule and target.enabled else None
    watch = getattr(target, "freshness", None) if target.enabled else None
    return TargetLine(target=target, last_run=last_run, next_run_at=planned, freshness=watch)
