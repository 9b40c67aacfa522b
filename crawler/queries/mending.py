"""Pages of a held run beside what the items on them said last: what broken fields are looked for in."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson
from django.db.models import Count, Max

from crawler.models import Item, Page
from crawler.queries import stored_pages
from crawler.urls import key_of
from scrapers.suggesting import nesting

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crawler.models import RepairLook, Run
    from crawler.trials import StoredPage

MOST_ITEMS: Final = 3_000
MOST_PAGES: Final = 100
MOST_BYTES: Final = 16 << 20
MOST_RECORD_BYTES: Final = 16 << 20
AT_ONCE: Final = 100

Known = tuple["StoredPage", list["Mapping[str, Any]"]]


def broken(run: Run) -> list[str]:
    """Return the declared fields in which a run looks otherwise; all of them where records are missing.

    Those inside of objects are named by their paths, unless the objects themselves look otherwise.
    """
    drifts = (run.report.get("data") or {}).get("drifts", [])
    declared = run.target.fields
    if any(one["field"] is None for one in drifts):
        return list(declared)
    named = dict.fromkeys(nesting.nearest(declared, one["field"]) for one in drifts)
    alone = [path for path in named if path and not _is_inside(path, named)]
    names = list(declared)
    return sorted(alone, key=lambda path: names.index(path.partition(".")[0]))


def _is_inside(path: str, named: Iterable[str]) -> bool:
    return not set(nesting.along(nesting.outer(path))).isdisjoint(named)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The pages of the next `items`, up to the id `last`, each with the records that it had before."""

    items: int
    last: int
    pages: list[Known]


def reach(run: Run) -> tuple[int, int]:
    """Return how many items the run's target has, and the last one's id."""
    items = Item.objects.filter(target=run.target_id, removed_at=None)
    found = items.aggregate(many=Count("pk"), last=Max("pk"))
    return found["many"], found["last"] or 0


def next_pages(look: RepairLook) -> Part:
    """Return the pages of the items that are next, as far as they were fetched since the run broke.

    They are 100 items and, but for one page, 16 MiB at most. A page whose items are far apart comes again.
    """
    run = look.run
    items = Item.objects.filter(target=run.target_id, removed_at=None, pk__gt=look.after, pk__lte=look.until)
    rows = list(items.order_by("pk").values_list("pk", "url", "data")[:AT_ONCE])
    keyed = [(pk, key_of(url), data) for pk, url, data in rows]
    found = Page.objects.filter(
        target=run.target_id, key__in={key for _pk, key, _data in keyed}, run__gte=since(run)
    )
    pages = {bytes(page.key): page for page in found}
    records: dict[bytes, list[Mapping[str, Any]]] = defaultdict(list)
    size, many, last = 0, 0, look.after
    for pk, key, data in keyed:
        size += pages[key].size if key in pages and key not in records else 0
        if many and size > MOST_BYTES:
            break
        many, last = many + 1, pk
        if key in pages and isinstance(data, dict):
            records[key].append(data)
    stored = stored_pages.kept(pages[key] for key in records)
    read = [(kept.page, records[bytes(kept.row.key)]) for kept in stored if kept.page is not None]
    return Part(items=many, last=last, pages=read)


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
