"""How old targets' data is, for display and for judging."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Count, F, Min, OuterRef, QuerySet, Subquery

from crawler.models import FreshnessWatch, Run, Target
from crawler.policy.freshness import Data, Freshness

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

MOST_LATE = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Age:
    """How a target's data stands; `as_of` and `late_at` are None while no run was complete."""

    state: Freshness
    since: datetime
    max_age: timedelta
    as_of: datetime | None
    late_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """The targets whose data is late, the longest first: some of them, and how many there are."""

    targets: tuple[Target, ...]
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """How many targets stand how, and since when the one is late that is late longest."""

    by_state: dict[str, int]
    late_since: datetime | None


def complete_runs() -> QuerySet[Run]:
    """Return the runs that renewed all of their target's data, newest first."""
    return Run.objects.complete().filter(started_at__isnull=False).order_by("-id")


def newest_run(column: str) -> Subquery:
    """Return a column of the newest complete run of the target that a query is about."""
    return Subquery(complete_runs().filter(target=OuterRef("target")).values(column)[:1])


def data_of(target: Target) -> Data | None:
    """Return the newest whole copy of a target's data."""
    found = complete_runs().filter(target=target).values_list("started_at", "finished_at").first()
    return Data(as_of=found[0], stored_at=found[1]) if found and found[0] and found[1] else None


def age_of(target: Target) -> Age | None:
    """Return how a target's data stands; None when it may be as old as it likes."""
    watch = FreshnessWatch.objects.filter(target=target).first()
    if watch is None or target.max_age_seconds is None:
        return None
    data, max_age = data_of(target), timedelta(seconds=target.max_age_seconds)
    return Age(
        state=Freshness(watch.state),
        since=watch.since,
        max_age=max_age,
        as_of=data.as_of if data else None,
        late_at=data.as_of + max_age if data else None,
    )


def late(user: AbstractBaseUser | AnonymousUser) -> Late:
    """Return which targets that `user` may see are late."""
    found = watched(Target.objects.visible_to(user)).filter(freshness__state=Freshness.LATE)
    longest = tuple(found.only("id", "name").order_by("freshness__since", "id")[: MOST_LATE + 1])
    count = found.count() if len(longest) > MOST_LATE else len(longest)
    return Late(targets=longest[:MOST_LATE], count=count)


def summary() -> Summary:
    """Return how all watched targets stand."""
    found = FreshnessWatch.objects.filter(target__in=watched(Target.objects.all()))
    counts = dict(found.values_list("state").annotate(Count("pk")).order_by())
    first = found.filter(state=Freshness.LATE).aggregate(first=Min("since"))["first"]
    return Summary(
        by_state={state.value: counts.get(state.value, 0) for state in Freshness}, late_since=first
    )


def watched(targets: QuerySet[Target]) -> QuerySet[Target]:
    """Return those of `targets` whose data is judged: not while they are disabled or deleted."""
    return targets.filter(
        enabled=True, deleted_at=None, freshness__isnull=False, freshness__check_at__isnull=False
    ).annotate(late_since=F("freshness__since"))
