"""Items on their way out: flat rows, read in pages so that no transaction stays open."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any, Final

from crawler.exports import columns as columns_of
from crawler.models import Item, ItemVersion, Sighting

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from crawler.exports import Row
    from crawler.models import Run, Target

PAGE_ROWS: Final = 1_000


def rows(*, target: Target, run: Run | None = None, page_rows: int = PAGE_ROWS) -> Iterator[Row]:
    """Yield the items of `target`, oldest first: as they are now, or what `run` saw, as it saw it.

    Each page of `page_rows` (at most 10,000) is a transaction of its own, so an export of any
    length holds none open; items that change meanwhile leave in one version or the other.
    """
    if run is not None:
        yield from _seen_by(run, page_rows)
        return
    after = 0
    while True:
        page = list(Item.objects.filter(target=target, pk__gt=after).order_by("pk")[:page_rows])
        yield from (flat(item) for item in page)
        if len(page) < page_rows:
            return
        after = page[-1].pk


def columns(*, target: Target, run: Run | None = None) -> tuple[str, ...]:
    """Return the columns of the export: declared fields first, then others as they appear, then ours."""
    return columns_of(rows(target=target, run=run), first=target.fields)


def _seen_by(run: Run, page_rows: int) -> Iterator[Row]:
    after = 0
    while True:
        seen = dict(
            Sighting.objects.filter(run=run, item__gt=after)
            .order_by("item")
            .values_list("item_id", "version")[:page_rows]
        )
        yield from (flat(item, version=version, run=run.pk) for item, version in as_seen(seen))
        if len(seen) < page_rows:
            return
        after = max(seen)


def as_seen(seen: dict[int, int]) -> Iterator[tuple[Item, ItemVersion | None]]:
    """Yield each item of `seen` (item to version), with that version where it is not the current one.

    A version that retention removed is replaced by the current one.
    """
    items = Item.objects.in_bulk(list(seen))
    older = {pk: version for pk, version in seen.items() if pk in items and items[pk].version != version}
    found = versions(older)
    for pk in seen:
        if pk in items:
            yield items[pk], found.get(pk)


def versions(older: Mapping[int, int]) -> dict[int, ItemVersion]:
    """Return the earlier versions that `older` (item to version) names, by item, as far as they are kept."""
    if not older:
        return {}
    found = ItemVersion.objects.filter(item__in=older, version__in=set(older.values()))
    return {version.item_id: version for version in found if older[version.item_id] == version.version}


def flat(item: Item, *, version: ItemVersion | None = None, run: int | None = None) -> Row:
    """Return one exported row: the item's fields, and what we know of it under names that begin with `_`."""
    held = version or item
    data: Any = held.data
    return {
        **(data if isinstance(data, dict) else {"value": data}),
        "_url": held.url,
        "_key": item.key,
        "_run": run or held.run,
        "_first_seen": stamp(item.first_seen),
        "_last_seen": stamp(version.valid_to if version else item.last_seen),
        "_changed_at": stamp(version.valid_from if version else item.changed_at),
    }


def stamp(time: datetime) -> str:
    """Return a moment as RFC 3339 in UTC."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")
