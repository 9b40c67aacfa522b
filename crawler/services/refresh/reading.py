"""What is read of pages to decide about them, and how that is turned into when they are due."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from crawler.policy.refresh import hints, rates, spending
from crawler.policy.refresh.allocation import Policy
from crawler.policy.refresh.rates import Seen
from crawler.services import seeds

if TYPE_CHECKING:
    from crawler.models import RefreshPlan

COLUMNS: Final = (
    "id", "last_seen", "refresh_at", "refresh_failures", "visits", "changes", "unchanged_seconds",
    "changed_seconds", "changed_squares", "lastmod",
)  # fmt: skip

GIVEN_UP: Final = 5
"""After how many visits in a row that gave no page it is left alone, until a run finds it again."""


class Known(NamedTuple):
    """One page, as `COLUMNS` of its row."""

    id: int
    last_seen: datetime
    refresh_at: datetime | None
    refresh_failures: int
    visits: float
    changes: float
    unchanged_seconds: float
    changed_seconds: float
    changed_squares: float
    lastmod: datetime | None

    @property
    def seen(self) -> Seen:
        """What its visits saw; a clock that once went back has no say."""
        return Seen(
            visits=self.visits,
            changes=self.changes,
            unchanged_seconds=max(0.0, self.unchanged_seconds),
            changed_seconds=max(0.0, self.changed_seconds),
            changed_squares=max(0.0, self.changed_squares),
        )


def policy_of(plan: RefreshPlan) -> Policy:
    """Return the policy of a plan that was made."""
    threshold = plan.threshold_seconds
    return Policy(
        threshold_seconds=math.inf if threshold is None else threshold,
        longest_seconds=plan.longest_seconds,
        shortest_seconds=shortest_of(plan, plan.pages).total_seconds(),
    )


def shortest_of(plan: RefreshPlan, pages: int) -> timedelta:
    """Return how often one of so many pages can be asked at most."""
    return spending.shortest(per_day=plan.target.refresh_per_day or 0, pages=pages)


def interval_of(page: Known, plan: RefreshPlan) -> timedelta:
    """Return how long after its last visit a page is to be asked again.

    What a sitemap says of it moves that, within the bounds of the plan, on targets that read sitemaps.
    """
    rate, policy = rates.rate(page.seen, usual=plan.usual_rate), policy_of(plan)
    seconds = policy.interval(rate)
    if page.lastmod is not None and seeds.are_given(plan.target):
        moved = hints.shifted(seconds, rate=rate, seen_at=page.last_seen, lastmod=page.lastmod)
        seconds = max(policy.shortest_seconds, min(moved, policy.longest_seconds))
    return timedelta(seconds=seconds)
