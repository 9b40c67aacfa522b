"""Lists, from their first page to the last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawler.queries.paging import Listing


def walked(read: Callable[[str | None], Listing[Any]]) -> list[Any]:
    """Return all rows of a list, page by page."""
    rows: list[Any] = []
    cursor = None
    while True:
        page = read(cursor)
        rows += page.rows
        cursor = page.next
        if cursor is None:
            return rows
