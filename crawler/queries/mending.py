"""Pages of a held run beside what the items on them said last: what broken fields are looked for in."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

import orjson

from crawler.models import Item, Page
from crawler.queries import stored_pages
from crawler.urls import key_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crawler.models import Run
    from crawler.trials import StoredPage

MOST_ITEMS: Final = 3_000
MOST_PAGES: Final = 100
MOST_BYTES: Final = 16 << 20
MOST_RECORD_BYTES: Final = 16 << 20
AT_ONCE: Final = 100

Known = tuple["StoredPage", list["Mapping[str, Any]"]]


def broken(run: Run) -> list[str]:
    """Return the declared fields in which a run looks otherwise; all of them where records are missing."""
    drifts = (run.report.get("data") or {}).get("drifts", [])
    declared = list(run.target.fields)
    if any(one["field"] is None for one in drifts):
        return declared
    named = {one["field"] for one in drifts}
    return [name for name in declared if name in named]


def since(run: Run) -> int:
    """Return the first of the runs whose pages are read again: several runs of a part break together."""
    return (run.report.get("data") or {}).get("since") or run.pk


def known(run: Run) -> list[Known]:
    """Return pages that were fetched since the run broke, with the records that they had before.

    They are a hundred and 16 MiB at most, spread over the pages of the items that are there longest.
    """
    records = _records(run)
    keys = list(records)
    keys = keys[:: max(1, len(keys) // MOST_PAGES)][:MOST_PAGES]
    rows = Page.objects.filter(target=run.target_id, key__in=keys, run__gte=since(run)).order_by("pk")
    return [
        (kept.page, records[bytes(kept.row.key)])
        for kept in stored_pages.kept(_bounded(list(rows)))
        if kept.page is not None
    ]


def _records(run: Run) -> dict[bytes, list[Mapping[str, Any]]]:
    """Return what the first items of the run's target say, by the keys of their pages; 16 MiB of it."""
    found: dict[bytes, list[Mapping[str, Any]]] = defaultdict(list)
    items = Item.objects.filter(target=run.target_id, removed_at=None).order_by("pk")
    room = MOST_RECORD_BYTES
    for url, data in items.values_list("url", "data")[:MOST_ITEMS].iterator(chunk_size=AT_ONCE):
        room -= len(orjson.dumps(data))
        if room < 0 and found:
            break
        if isinstance(data, dict):
            found[key_of(url)].append(data)
    return found


def _bounded(rows: list[Page]) -> list[Page]:
    found: list[Page] = []
    size = 0
    for row in rows:
        size += row.size
        if found and size > MOST_BYTES:
            break
        found.append(row)
    return found
