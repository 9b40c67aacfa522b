"""The changes of a target, for display."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.models import TargetChange
from crawler.queries.paging import Listing, listing

if TYPE_CHECKING:
    from crawler.models import Target


def page(target: Target, *, cursor: str | None = None, size: int = 50) -> Listing[TargetChange]:
    """Return a page of the changes of `target`, newest first. Raises BadCursor."""
    return listing(TargetChange.objects.filter(target=target), order=("-id",), cursor=cursor, size=size)
