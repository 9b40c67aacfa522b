"""Plans anew: how often each page changes, what the budget buys, and when each page is due."""

from __future__ import annotations

import heapq
import math
from array import array
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from crawler.models import Page, RefreshPlan
from crawler.policy.refresh import allocation, rates
from crawler.services.refresh.reading import COLUMNS, GIVEN_UP, Known, interval_of, shortest_of
from crawler.services.refresh.scoping import narrow
from crawler.stores import sql

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

LASTS: Final = timedelta(hours=6)
DAY_SECONDS: Final = 86_400.0
READ: Final = 5_000
WRITE: Final = 2_000
MOST_PAGES: Final = 300_000
"""Of a target with more pages, those that were found first are refreshed."""
FASTEST: Final = 5
DUE = "UPDATE crawler_page SET refresh_at = %s WHERE id = %s"


def make(plan: RefreshPlan, *, now: datetime) -> None:
    """Plan the target's pages and store when each is due; making it twice changes nothing more.

    A plan whose settings were changed meanwhile is made anew at the next look.
    """
    asked = RefreshPlan.objects.filter(pk=plan.pk, planned_at=plan.planned_at)
    narrow(plan.target)
    plan.usual_rate = rates.usual_rate(page.seen for page in pages(plan))
    census = _census(plan, now)
    count = plan.pages = len(census.rates)
    policy = allocation.plan(
        census.rates,
        per_second=(plan.target.refresh_per_day or 0) / DAY_SECONDS,
        shortest_seconds=shortest_of(plan, count).total_seconds(),
    )
    finite = math.isfinite(policy.threshold_seconds)
    plan.threshold_seconds = policy.threshold_seconds if finite else None
    plan.longest_seconds, plan.planned_at = policy.longest_seconds, now
    kept = sum(allocation.freshness(rate, policy.interval(rate)) for rate in census.rates)
    asked.update(
        usual_rate=plan.usual_rate,
        threshold_seconds=plan.threshold_seconds,
        longest_seconds=plan.longest_seconds,
        planned_at=now,
        pages=count,
        fresh=census.fresh / count if count else None,
        kept=kept / count if count else None,
        fastest=_shown(census.fastest),
    )
    _set_due(plan)


@dataclass(slots=True)
class _Census:
    """What one look at all pages gives: their rates, how many are thought fresh, and which change most."""

    rates: array[float] = field(default_factory=lambda: array("d"))
    fresh: float = 0.0
    fastest: list[tuple[float, int]] = field(default_factory=list)


def _census(plan: RefreshPlan, now: datetime) -> _Census:
    census = _Census()
    for page in pages(plan):
        seen = page.seen
        rate = rates.rate(seen, usual=plan.usual_rate)
        census.rates.append(rate)
        census.fresh += math.exp(-rate * max(0.0, (now - page.last_seen).total_seconds()))
        if seen.changes > 0:
            heapq.heappush(census.fastest, (rate, page.id))
            if len(census.fastest) > FASTEST:
                heapq.heappop(census.fastest)
    return census


def pages(plan: RefreshPlan) -> Iterator[Known]:
    """Yield the pages of a target that are refreshed, in the order of their ids, a keyset page at a time."""
    found = Page.objects.filter(target=plan.target, refresh_failures__lt=GIVEN_UP).order_by("id")
    last, count = 0, 0
    while count < MOST_PAGES and (rows := found.filter(pk__gt=last).values_list(*COLUMNS)[:READ]):
        for row in rows:
            page = Known(*row)
            yield page
            last, count = page.id, count + 1


def _shown(fastest: list[tuple[float, int]]) -> list[dict[str, object]]:
    """Return the pages that change most often as they are stored for display."""
    urls = dict(Page.objects.filter(pk__in=[pk for _rate, pk in fastest]).values_list("pk", "url"))
    most = sorted(fastest, reverse=True)
    return [{"page": pk, "url": urls[pk], "every_seconds": 1 / rate} for rate, pk in most if pk in urls]


def _set_due(plan: RefreshPlan) -> None:
    """Store when pages are due; those that gave nothing at their last visit stay put off."""
    changes: list[tuple[object, int]] = []
    for page in pages(plan):
        due = page.last_seen + interval_of(page, plan)
        if page.refresh_failures == 0 and page.refresh_at != due:
            changes.append((sql.adapt(due), page.id))
        if len(changes) == WRITE:
            _write(changes)
            changes = []
    _write(changes)


def _write(changes: list[tuple[object, int]]) -> None:
    sql.atomically(lambda: sql.execute_many(DUE, changes))
