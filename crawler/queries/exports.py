"""Items on their way out: flat rows, read in pages so that no transaction stays open.

Rows are made of what the database keeps, not of models: those took two thirds of an export's time.
"""

from __future__ import annotations

import json
from datetime import UTC
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson
from django.db.models import F, TextField
from django.db.models.functions import Cast

from crawler.exports import SYSTEM_COLUMNS, decode
from crawler.exports import columns as columns_of
from crawler.models import Item, ItemVersion, Sighting
from crawler.policy.filling import filled
from crawler.queries import past, reading
from crawler.stores import sql

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from django.db.models import QuerySet

    from crawler.exports import Row
    from crawler.models import ItemFilling, Run, Target

PAGE_ROWS: Final = 1_000
JOINED_ROWS: Final = 500
KEPT_MOMENTS: Final = 1_000


def _texts(*columns: str) -> tuple[Cast, ...]:
    return tuple(Cast(column, TextField()) for column in columns)


# in the order of `Kept`, which begins with the item's id
OF_ITEMS: Final[tuple[str | Cast, ...]] = (
    *("version", "key", "run", "url"),
    *_texts("data", "first_seen", "last_seen", "changed_at"),
)
OF_SEEN: Final[tuple[str | Cast, ...]] = (
    *("version", "item_id", "item__version", "item__key", "item__run", "item__url"),
    *_texts("item__data", "item__first_seen", "item__last_seen", "item__changed_at"),
)
"""Of a sighting: which version was seen, and the item as it is now."""
OF_VERSIONS: Final[tuple[str | Cast, ...]] = (
    *("version", "item__key", "run", "url"),
    *_texts("data", "item__first_seen", "valid_to", "valid_from"),
)


class Kept(NamedTuple):
    """An item, or an earlier version of it, as the database keeps it: data and moments are text."""

    pk: int
    version: int
    key: str
    run: int
    url: str
    data: str
    first_seen: str
    last_seen: str
    changed_at: str


def rows(
    *, target: Target, run: Run | None = None, as_of: datetime | None = None, page_rows: int = PAGE_ROWS
) -> Iterator[Row]:
    """Yield the items of `target`, oldest first: as they are now or were, or what `run` saw, as it saw it.

    Each page of `page_rows` (at most 10,000) is a transaction of its own, so an export of any
    length holds none open; items that change meanwhile leave in one version or the other.
    """
    if run is not None:
        return _seen_by(run, page_rows)
    if as_of is not None:
        return as_they_were(Item.objects.filter(target=target), at=as_of, page_rows=page_rows)
    return current(Item.objects.filter(target=target, removed_at=None), page_rows=page_rows)


def current(found: QuerySet[Item], *, by: str = "id", page_rows: int = PAGE_ROWS) -> Iterator[Row]:
    """Yield the items of `found` as they are now, oldest first, each page in a transaction of its own.

    `by` is a column that equals their ids, of a joined table where its index has the order.
    """
    for page in _pages(found, *OF_ITEMS, by=by, rows=page_rows):
        yield from map(_flat, page)


def as_they_were(found: QuerySet[Item], *, at: datetime, page_rows: int = PAGE_ROWS) -> Iterator[Row]:
    """Yield those of `found` that there were at a moment, as they were then, in pages as `current` does."""
    for page in _pages(past.existing(found, at), *OF_ITEMS, by="id", rows=page_rows):
        older = ItemVersion.objects.filter(
            item__in=[kept[0] for kept in page], valid_from__lte=at, valid_to__gt=at
        )
        held = {row[0]: row for row in older.values_list("item_id", *OF_VERSIONS)}
        more = past.fillings([kept[0] for kept in page], at)
        yield from (_flat(held.get(kept[0], kept), more.get(kept[0])) for kept in page)


def columns(*, target: Target, run: Run | None = None, as_of: datetime | None = None) -> tuple[str, ...]:
    """Return the columns of the export: declared fields first, then others as they appear, then ours."""
    if run is not None or as_of is not None:
        return columns_of(rows(target=target, run=run, as_of=as_of), first=target.fields)
    return columns_in(Item.objects.filter(target=target, removed_at=None), first=target.fields)


def columns_in(found: QuerySet[Item], *, by: str = "id", first: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the columns of `current(found)`; of the items only their data is read for that."""
    return columns_of(_data(found, by), first=first)


def _data(found: QuerySet[Item], by: str) -> Iterator[Row]:
    """Yield the fields of each item, and once those of ours that each row has."""
    for text in _joined(found, by):
        yield from map(_as_row, _read(text))
    if found.exists():
        yield dict.fromkeys(SYSTEM_COLUMNS)


def _joined(found: QuerySet[Item], by: str) -> Iterator[str]:
    """Yield the data of `found` as JSON arrays: to fetch and read each by itself took twice as long."""
    page = _after(found, by).annotate(at=F(by), joined=Cast("data", TextField())).values("at", "joined")
    look = f"SELECT max(at), count(*), {sql.joined('joined')} FROM ({{}}) page"  # noqa: S608 - Django's own
    for ((_last, many, text),) in reading.pages(page[:JOINED_ROWS], _after_joined, around=look):
        if many:
            yield f"[{text}]"


def _after_joined(page: list[tuple[Any, ...]]) -> int | None:
    ((last, many, _text),) = page
    return last if many == JOINED_ROWS else None


def _read(text: str) -> list[Any]:
    """Return what a JSON array has; names alone are of interest, which are read the same either way."""
    try:
        found: list[Any] = orjson.loads(text)
    except ValueError:
        found = json.loads(text)
    return found


def _pages(
    found: QuerySet[Item], *columns: str | Cast, by: str, rows: int
) -> Iterator[list[tuple[Any, ...]]]:
    """Yield ids and columns of `found`, oldest first, as many `rows` at a time."""
    left = _after(found, by).values_list("pk", *columns)[:rows]
    return reading.pages(left, lambda page: page[-1][0] if len(page) == rows else None)


def _after(found: QuerySet[Item], by: str) -> QuerySet[Item]:
    """Return what is left of `found` after a place, in the order of ids."""
    return found.filter(**{f"{by}__gt": reading.PLACE}).order_by(by)


def _seen_by(run: Run, page_rows: int) -> Iterator[Row]:
    after = 0
    while True:
        seen = dict(
            Sighting.objects.filter(run=run, item__gt=after)
            .order_by("item")
            .values_list("item_id", "version")[:page_rows]
        )
        items = Item.objects.filter(pk__in=list(seen)).order_by("pk").values_list("pk", *OF_ITEMS)
        yield from as_seen([(seen[kept[0]], *kept) for kept in items], run=run.pk)
        if len(seen) < page_rows:
            return
        after = max(seen)


def as_seen(page: Iterable[tuple[Any, ...]], *, run: int) -> Iterator[Row]:
    """Yield each item of a page of `OF_SEEN` as `run` saw it, in its order.

    A version that retention removed is replaced by the current one.
    """
    seen = [(version, Kept._make(kept)) for version, *kept in page]
    older = {kept.pk: version for version, kept in seen if kept.version != version}
    found = {version.pk: version for version in _kept_versions(older)} if older else {}
    for _version, kept in seen:
        yield _flat(found.get(kept.pk, kept)._replace(run=run))


def versions(older: Mapping[int, int]) -> dict[int, ItemVersion]:
    """Return the earlier versions that `older` (item to version) names, by item, as far as they are kept."""
    if not older:
        return {}
    return {version.item_id: version for version in _of(older) if older[version.item_id] == version.version}


def _of(older: Mapping[int, int]) -> QuerySet[ItemVersion]:
    """Return the versions that `older` names, and a few more."""
    return ItemVersion.objects.filter(item__in=older, version__in=set(older.values()))


def _kept_versions(older: Mapping[int, int]) -> Iterator[Kept]:
    """Yield the earlier versions that `older` names, each under the id of its item."""
    kept = map(Kept._make, _of(older).values_list("item_id", *OF_VERSIONS))
    return (version for version in kept if older[version.pk] == version.version)


def _flat(kept: tuple[Any, ...], filling: ItemFilling | None = None) -> Row:
    """Return one exported row of what `Kept` names: its fields, and ours under names that begin with `_`.

    With a `filling` of this version its fields stand among them.
    """
    _pk, version, key, run, url, data, first_seen, last_seen, changed_at = kept
    said = decode(data)
    if filling is not None and filling.version == version:
        said = filled(said, filling.data)
    row = _as_row(said)
    row |= {
        "_url": url,
        "_key": key,
        "_run": run,
        "_first_seen": _stamped(first_seen),
        "_last_seen": _stamped(last_seen),
        "_changed_at": _stamped(changed_at),
    }
    return row


def _as_row(data: Any) -> Row:
    return data if isinstance(data, dict) else {"value": data}


@lru_cache(maxsize=KEPT_MOMENTS)
def _stamped(kept: str) -> str:
    """Return a moment that the database keeps as RFC 3339 in UTC; rows of one commit share theirs."""
    moment = sql.moment(kept)
    return stamp(moment) if moment else ""


def stamp(time: datetime) -> str:
    """Return a moment as RFC 3339 in UTC."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")
