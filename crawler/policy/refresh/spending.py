"""How a budget of requests a day is spent through the day: earned by the second, spent in small runs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

DAY: Final = timedelta(days=1)
RUNS_A_DAY: Final = 48
MOST_A_RUN: Final = 1_000
LEAST_AGE: Final = timedelta(minutes=10)
"""No page is refreshed more often, whatever the budget."""
SITEMAPS_LAST: Final = timedelta(hours=6)
SITEMAPS_SHARE: Final = 10
KEPT: Final = timedelta(hours=1)
"""For how long what was earned is kept: what a downtime or a long run left unspent is not made up for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """How many requests may be sent, as of when."""

    requests: float
    at: datetime

    def earned(self, *, per_day: int, now: datetime) -> Credit:
        """Return the credit at `now`: at least one request can be saved for, at most an hour's worth."""
        most = max(1.0, per_day * (KEPT / DAY), float(_least(per_day)))
        since = max(now - self.at, timedelta())
        return Credit(requests=min(most, self.requests + per_day * (since / DAY)), at=max(now, self.at))

    def spent(self, requests: int) -> Credit:
        return replace(self, requests=max(0.0, self.requests - requests))


def affordable(credit: Credit, *, per_day: int, spent_in_a_day: int, pages: int) -> int:
    """Return how many requests the next run may have; 0 until there is enough for a run of some size.

    `spent_in_a_day` are those of the last 24 hours: whatever was saved, they never exceed the budget.
    No run waits for more than `pages` can use, which is how many there are.
    """
    left = per_day - spent_in_a_day
    count = min(int(credit.requests), MOST_A_RUN)
    if count < _enough(per_day, pages):
        return 0
    return max(0, min(count, left))


def shortest(*, per_day: int, pages: int) -> timedelta:
    """Return the shortest time between two visits of one page: that of two runs, or the least age."""
    return max(LEAST_AGE, DAY * _enough(per_day, pages) / max(1, per_day))


def spendable(*, pages: int) -> int:
    """Return how many requests a day can be spent on so many pages."""
    return pages * (DAY // LEAST_AGE)


def sitemaps_every(sitemaps: int, *, per_day: int) -> timedelta:
    """Return how often so many sitemaps are read again: they take at most a tenth of the budget."""
    return max(SITEMAPS_LAST, DAY * sitemaps * SITEMAPS_SHARE / max(1, per_day))


def _enough(per_day: int, pages: int) -> int:
    """Return how many requests a run waits for."""
    return min(_least(per_day), max(1, pages))


def _least(per_day: int) -> int:
    """Return how many requests a run has at least, so that a day has `RUNS_A_DAY` small ones at most."""
    return min(max(1, per_day // RUNS_A_DAY), MOST_A_RUN)
