"""The times of a target's schedule that had no run, for display."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.models import SkippedRun
from crawler.queries.paging import Listing, listing

if TYPE_CHECKING:
    from crawler.models import Target


def page(target: Target, *, cursor: str | None = None, size: int = 50) -> Listing[SkippedRun]:
    """Return a page of the skips of `target`, newest first. Raises BadCursor."""
    return listing(SkippedRun.objects.filter(target=target), order=("-id",), cursor=cursor, size=size)


def latest(target: Target, *, limit: int = 5) -> tuple[SkippedRun, ...]:
    """Return the newest skips of `target`, newest first."""
    return tuple(SkippedRun.objects.filter(target=target).order_by("-id")[:limit])
