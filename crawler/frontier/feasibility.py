"""Whether a schedule leaves its runs the time that the pace of their hosts needs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from crawler.frontier.lengths import DAY, HOUR, MINUTE, in_words, rounded_up
from crawler.frontier.politeness import MEAN_GAP, patience_seconds

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

LADDER: Final = (
    *(MINUTE * many for many in (1, 2, 5, 10, 15, 20, 30)),
    *(HOUR * many for many in (1, 2, 3, 4, 6, 8, 12)),
    *(DAY * many for many in (1, 2, 3, 7, 14, 30)),
)
"""The intervals that people use; what is possible is the first that is long enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What one run asks of its hosts: how many pages, and how much time each host takes for one.

    The pages are taken to lie evenly on the hosts. `measured` says that `pages` is what a run had,
    and not a limit; `took` is how long that run was under way, None when it asked something else.
    """

    pages: int
    paces: tuple[timedelta, ...]
    time_limit: timedelta | None = None
    measured: bool = False
    took: timedelta | None = None

    @property
    def pace(self) -> timedelta:
        """Return the time that the slowest host takes for a page."""
        return max(self.paces, default=timedelta(0))

    @property
    def duration(self) -> timedelta:
        """Return the least time the run can be expected to take, which is no less than the last one took."""
        needed = max(self._paced, self.took or timedelta(0))
        return min(needed, self.time_limit) if self.time_limit else needed

    def pages_within(self, span: timedelta) -> int:
        """Return how many pages fit into `span`; at least one."""
        return max(1, int(span / self.pace) * len(self.paces))

    @property
    def slower(self) -> bool:
        """Whether the last run took longer than the pace of its hosts explains."""
        return self.took is not None and self.took > self._paced

    @property
    def _paced(self) -> timedelta:
        return self.pace * math.ceil(self.pages / max(1, len(self.paces)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Feasibility:
    """Whether a run fits between the times of its schedule; `gap` is the least of what lies between them.

    `possible` is the interval that would do, None when a schedule fits or nothing would.
    """

    load: Load
    gap: timedelta
    possible: timedelta | None = None

    @property
    def fits(self) -> bool:
        return self.load.duration <= self.gap

    @property
    def problem(self) -> str | None:
        """Return why the schedule cannot be kept, and what could be; None when it can."""
        if self.fits:
            return None
        load, needs = self.load, rounded_up(self.load.duration)
        if load.slower:
            most, why = (
                int(load.pages * (self.gap / load.duration)),
                f"the last run's {load.pages:,} pages took {needs}",
            )
        else:
            most = load.pages_within(self.gap)
            why = f"{load.pages:,} pages at {load.pace.total_seconds():g} s each is {needs}"
        pages = f"at most {max(1, most):,} pages"
        can = f"every {in_words(self.possible)} can, or {pages}" if self.possible else f"{pages} can"
        return f"{why}: every {in_words(self.gap)} cannot work; {can}"


def judge(times: Sequence[datetime], load: Load) -> Feasibility | None:
    """Return whether runs with `load` fit between `times`; None when there are too few to tell."""
    gaps = [later - sooner for sooner, later in pairwise(times)]
    if not gaps:
        return None
    possible = next((step for step in LADDER if step >= load.duration), None)
    return Feasibility(load=load, gap=min(gaps), possible=possible if load.duration > min(gaps) else None)


def pace(
    *,
    delay: timedelta,
    crawl_delay: float | None,
    latency: float | None,
    connections: int,
    adapts: bool = False,
) -> timedelta:
    """Return the time that a host takes for one page, on average.

    That is its delay, which a `Crawl-delay` and, where the pace adapts, its latency only lengthen, with
    what chance adds to it; or its latency, shared by the connections, where that is longer. Latency and
    `Crawl-delay` are seconds, None when unknown.
    """
    slow = patience_seconds(latency) if adapts and latency else 0.0
    asked = max(delay.total_seconds(), crawl_delay or 0.0, slow) * MEAN_GAP
    return timedelta(seconds=round(max(asked, (latency or 0.0) / max(1, connections)), 3))
