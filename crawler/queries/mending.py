"""Pages of a held run beside what the items on them said last: what broken fields are looked for in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson
from django.db.models import Count, Max

from crawler.models import Item, Page
from crawler.queries import stored_pages, whereabouts
from scrapers.suggesting import nesting

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

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


def known(run: Run, link: str = "") -> list[Known]:
    """Return pages that were fetched since the run broke, with the records that they had before.

    They are those of records behind a `link`, or without one those on which they begin; a hundred and 16 MiB
    at most, spread over the pages of the items that are there longest.
    """
    rows = list(_records(run))
    followed = bool(nesting.links(run.target.fields))
    if link:  # each has a page of its own
        rows = rows[:: max(1, len(rows) // MOST_PAGES)][:MOST_PAGES]
    found: dict[int, tuple[Page, list[Mapping[str, Any]]]] = {}
    for page, (_url, data) in zip(whereabouts.pages(run, link, rows, since=since(run)), rows, strict=True):
        if page is not None:
            found.setdefault(page.pk, (page, []))[1].append(data)
    chosen = list(found.values())
    if followed and not link:  # lists before what leads to a few besides
        chosen.sort(key=lambda one: -len(one[1]))
    else:
        chosen = chosen[:: max(1, len(chosen) // MOST_PAGES)]
    records = {page.pk: many for page, many in chosen[:MOST_PAGES]}
    kept = stored_pages.kept(_bounded([page for page, _many in chosen[:MOST_PAGES]]))
    return [(one.page, records[one.row.pk]) for one in kept if one.page is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The pages of the next `items`, up to the id `last`, by the links that lead to them.

    Each has the records that it had before.
    """

    items: int
    last: int
    pages: dict[str, list[Known]]


def reach(run: Run) -> tuple[int, int]:
    """Return how many items the run's target has, and the last one's id."""
    items = Item.objects.filter(target=run.target_id, removed_at=None)
    found = items.aggregate(many=Count("pk"), last=Max("pk"))
    return found["many"], found["last"] or 0


def next_pages(look: RepairLook, links: Sequence[str] = ("",)) -> Part:
    """Return the pages of the items that are next, as far as they were fetched since the run broke.

    They are 100 items and, but for one item's, 16 MiB at most. A page whose items are far apart comes again.
    """
    run = look.run
    items = Item.objects.filter(target=run.target_id, removed_at=None, pk__gt=look.after, pk__lte=look.until)
    rows = _within(items.order_by("pk").values_list("pk", "url", "data")[:AT_ONCE].iterator(chunk_size=10))
    records = [(url, _fields(data)) for _pk, url, data in rows]
    where = {link: whereabouts.pages(run, link, records, since=since(run)) for link in links}
    found: dict[str, dict[int, tuple[Page, list[Mapping[str, Any]]]]] = {link: {} for link in links}
    size, many = 0, 0
    for place, (_url, data) in enumerate(records):
        there = [(link, page) for link, pages in where.items() if (page := pages[place]) is not None]
        size += sum(page.size for link, page in there if page.pk not in found[link])
        if many and size > MOST_BYTES:
            break
        many += 1
        for link, page in there:
            found[link].setdefault(page.pk, (page, []))[1].append(data)
    last = rows[many - 1][0] if many else look.after
    return Part(items=many, last=last, pages={link: _read(pages) for link, pages in found.items()})


def _read(pages: Mapping[int, tuple[Page, list[Mapping[str, Any]]]]) -> list[Known]:
    stored = stored_pages.kept(page for page, _records in pages.values())
    return [(kept.page, pages[kept.row.pk][1]) for kept in stored if kept.page is not None]


def _records(run: Run) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield URLs and fields of the first items of the run's target; 16 MiB of them."""
    items = Item.objects.filter(target=run.target_id, removed_at=None).order_by("pk")
    rows = items.values_list("pk", "url", "data")[:MOST_ITEMS].iterator(chunk_size=AT_ONCE)
    yield from ((url, _fields(data)) for _pk, url, data in _within(rows))


def _within(rows: Iterable[tuple[int, str, Any]]) -> list[tuple[int, str, Any]]:
    """Return as many of the items as there is room for, one at least."""
    found: list[tuple[int, str, Any]] = []
    room = MOST_RECORD_BYTES
    for row in rows:
        room -= len(orjson.dumps(row[2]))
        if room < 0 and found:
            break
        found.append(row)
    return found


def _fields(data: Any) -> Mapping[str, Any]:
    return data if isinstance(data, dict) else {}


def _bounded(rows: list[Page]) -> list[Page]:
    found: list[Page] = []
    size = 0
    for row in rows:
        size += row.size
        if found and size > MOST_BYTES:
            break
        found.append(row)
    return found
