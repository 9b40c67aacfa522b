"""Keeps the index of searches: what changed is added a few thousand rows at a time, beside the crawls.

Searches read all rows that are not in it yet, so that they find everything at every moment
(`queries/search.py`). No commit of a crawl writes to it.
"""

from __future__ import annotations

import time
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Final

from crawler.policy import signatures
from crawler.stores import search

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from crawler.stores.search import Read, Source

FEWEST: Final = 4_096
"""So many rows are quickly read by each search; it does not pay to index fewer."""
BUDGET_SECONDS: Final = 20.0
REBUILD_SECONDS: Final = 30.0
MOST_CHANGES: Final = 3 * signatures.ROWS_A_SEGMENT
KEPT: Final = timedelta(days=7)
"""How long the marks of what was deleted or changed remain, where building anew is a matter of seconds."""


class Budget:
    """Time that is there for something, and is used up sooner or later."""

    def __init__(self, seconds: float, *, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._ends_at = monotonic() + seconds

    @property
    def is_left(self) -> bool:
        return self._monotonic() < self._ends_at


def index(
    *,
    now: datetime,
    fewest: int = FEWEST,
    budget_seconds: float = BUDGET_SECONDS,
    monotonic: Callable[[], float] = time.monotonic,
) -> int:
    """Add what waits within the budget, and build one worn segment again; return how many rows were added."""
    budget = Budget(budget_seconds, monotonic=monotonic)
    added = 0
    for source in search.SOURCES:
        while budget.is_left:
            count = _add(source, now=now, fewest=fewest, budget=budget)
            added += count
            if not count:
                break
        rebuild(source, now=now, monotonic=monotonic)
    return added


def rebuild(source: Source, *, now: datetime, monotonic: Callable[[], float] = time.monotonic) -> int | None:
    """Build a segment anew that has many changes or is old; return its number, None where there is none.

    One whose texts are so long that it takes more time than there is keeps what it has for now: searches
    find the same, and read more rows for it.
    """
    worn = search.worn(source, most_changes=MOST_CHANGES, before=now - KEPT)
    if worn is None:
        return None
    segment, changes = worn
    ids = search.of_segment(source, segment)
    budget = Budget(REBUILD_SECONDS, monotonic=monotonic)
    marked, _rows = _read(source, ids, budget=budget)
    if budget.is_left:
        search.replace(source, segment, marked.of(segment), before=changes, rows=len(ids), now=now)
    else:
        search.postpone(source, segment, before=changes, rows=len(ids), now=now)
    return segment


def _add(source: Source, *, now: datetime, fewest: int, budget: Budget) -> int:
    """Add at most a segment's worth of rows, one segment at a time; return how many, 0 where few wait."""
    ids = search.waiting(source, most=signatures.ROWS_A_SEGMENT)
    if len(ids) < fewest:
        return 0
    added = 0
    for segment, some in groupby(ids, signatures.segment_of):
        marked, rows = _read(source, list(some), budget=budget)
        if search.write(source, segment, marked.of(segment), rows=rows, now=now):
            added += len(rows)
        if not budget.is_left:
            break
    return added


def _read(source: Source, ids: Sequence[int], *, budget: Budget) -> tuple[signatures.Marked, dict[int, Read]]:
    """Return the marks of these rows, and the rows: of the first ones, where time runs out."""
    marked = signatures.Marked()
    rows: dict[int, Read] = {}
    for row in search.read(source, ids):
        marked.add(row.id, row.target, row.text)
        rows[row.id] = row.without_text()
        if not budget.is_left:
            break
    return marked, rows
