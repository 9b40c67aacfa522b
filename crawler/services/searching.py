"""Keeps the index of searches: what changed is added a few thousand rows at a time, beside the crawls.

Searches read all rows that are not in it yet, so that they find everything at every moment
(`queries/search.py`). No commit of a crawl writes to it.
"""

from __future__ import annotations

import time
from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from crawler.policy import signatures
from crawler.stores import search

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from crawler.stores.search import Read, Source

FEWEST: Final = 4_096
"""So many rows are quickly read by each search; it does not pay to index fewer."""
BUDGET_SECONDS: Final = 20.0
MOST_CHANGES: Final = 3 * signatures.ROWS_A_SEGMENT
KEPT: Final = timedelta(days=7)
"""How long the marks of what was deleted or changed remain at most."""


def index(*, now: datetime, fewest: int = FEWEST, budget_seconds: float = BUDGET_SECONDS) -> int:
    """Add what waits within the budget, and build one worn segment again; return how many rows were added."""
    ends_at = time.monotonic() + budget_seconds
    added = 0
    for source in search.SOURCES:
        while time.monotonic() < ends_at:
            count = _add(source, now=now, fewest=fewest)
            added += count
            if not count:
                break
        rebuild(source, now=now)
    return added


def rebuild(source: Source, *, now: datetime) -> int | None:
    """Build a segment anew that has many changes or is old; return its number, None where there is none."""
    worn = search.worn(source, most_changes=MOST_CHANGES, before=now - KEPT)
    if worn is None:
        return None
    segment, changes = worn
    ids = search.of_segment(source, segment)
    marked, _rows = _read(source, ids)
    search.replace(source, segment, marked.of(segment), before=changes, rows=len(ids), now=now)
    return segment


def _add(source: Source, *, now: datetime, fewest: int) -> int:
    """Add one segment's worth of rows; return how many, 0 where too few wait."""
    ids = search.waiting(source, most=signatures.ROWS_A_SEGMENT)
    if len(ids) < fewest:
        return 0
    marked, rows = _read(source, ids)
    added = 0
    for segment in marked.segments():
        if search.write(source, segment, marked.of(segment), rows=rows[segment], now=now):
            added += len(rows[segment])
    return added


def _read(source: Source, ids: Sequence[int]) -> tuple[signatures.Marked, dict[int, dict[int, Read]]]:
    marked = signatures.Marked()
    rows: dict[int, dict[int, Read]] = defaultdict(dict)
    for row in search.read(source, ids):
        marked.add(row.id, row.target, row.text)
        rows[signatures.segment_of(row.id)][row.id] = row.without_text()
    return marked, rows
