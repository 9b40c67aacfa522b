"""Fills in what items lacked at some time, beside their versions, and reads what they said then."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crawler.models import Item, ItemFilling, ItemVersion
from crawler.policy import filling as policy
from crawler.policy.filling import Part
from crawler.stores import sql, windows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from crawler.stores.windows import Between


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A version of an item from when it held until when, None while it holds, with what is filled in there.

    Of that there is what touches the time that was asked for of the item, in its order.
    """

    item: int
    version: int
    since: datetime
    until: datetime | None
    data: Any
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a stored page said of items, by the hashes of their keys, from one moment to another.

    One that `holds` says so still: what it says fills versions that have ended alone, as the others are what
    it says now.
    """

    since: datetime
    until: datetime
    records: Mapping[bytes, Mapping[str, Any]]
    holds: bool = False


def spans(target: int, asked: Mapping[bytes, Between], *, locks: bool = False) -> dict[bytes, list[Span]]:
    """Return the versions of items that touch the time that is asked for of each, in their order.

    Items are told by the hashes of their keys. With `locks` their rows are locked, in the order of these:
    what is returned stays so.
    """
    found: dict[bytes, list[Span]] = {}
    for chunk in sql.chunks(sorted(asked)):
        rows = Item.objects.filter(target=target, key_hash__in=chunk).order_by("key_hash")
        items = list(rows.select_for_update() if locks else rows)
        times = {item.pk: asked[bytes(item.key_hash)] for item in items}
        parts = _parts(times)
        of_item: dict[int, list[Span]] = defaultdict(list)
        for some in windows.touching(times, key="item", begins="valid_from__lt", ends="valid_to__gt"):
            for old in ItemVersion.objects.filter(some).order_by("item", "version"):
                of_item[old.item_id].append(_span(old, old.valid_from, old.valid_to, parts))
        for item in items:
            since, until = times[item.pk]
            if item.changed_at < until and (item.removed_at is None or item.removed_at > since):
                of_item[item.pk].append(_span(item, item.changed_at, item.removed_at, parts))
        found |= {bytes(item.key_hash): of_item[item.pk] for item in items if item.pk in of_item}
    return found


_Parts = dict[tuple[int, int], tuple[Part, ...]]


def _parts(asked: Mapping[int, Between]) -> _Parts:
    """Return what is filled in at the time that is asked for of each item, and what adjoins it."""
    found: dict[tuple[int, int], list[Part]] = defaultdict(list)
    for some in windows.touching(asked, key="item", begins="since__lte", ends="until__gte"):
        for row in ItemFilling.objects.filter(some).order_by("item", "version", "since"):
            found[row.item_id, row.version].append(Part(since=row.since, until=row.until, data=row.data))
    return {place: tuple(parts) for place, parts in found.items()}


def _span(said: Item | ItemVersion, since: datetime, until: datetime | None, parts: _Parts) -> Span:
    item = said.pk if isinstance(said, Item) else said.item_id
    return Span(
        item=item,
        version=said.version,
        since=since,
        until=until,
        data=said.data,
        parts=parts.get((item, said.version), ()),
    )


def said(spans: Sequence[Span], *, since: datetime, until: datetime) -> Any:
    """Return what an item said last between two moments, with what is filled in; None if it was not there."""
    for span in reversed(spans):
        begin = max(since, span.since)
        end = until if span.until is None else min(until, span.until)
        if begin < end:
            last = next((part.data for part in reversed(span.parts) if part.since < end <= part.until), {})
            return policy.filled(span.data, last)
    return None


def fill(target: int, told: Sequence[Told]) -> None:
    """Fill in what items lacked from what pages said then, within the caller's transaction.

    Of the same field and moment the first that was told stays. Items that were not there at the time are
    not made, and their versions are as they were. The same once more changes nothing.
    """
    told = [one for one in told if one.records and one.since < one.until]
    asked = windows.hulls((hash_, (one.since, one.until)) for one in told for hash_ in one.records)
    gone: list[tuple[Span, Part]] = []
    new: list[tuple[Span, Part]] = []
    for hash_, versions in spans(target, asked, locks=True).items():
        of_item = [one for one in told if hash_ in one.records]
        for span in versions:
            parts = _filled(span, hash_, of_item)
            gone += [(span, part) for part in span.parts if part not in parts]
            new += [(span, part) for part in parts if part not in span.parts]
    _write(gone, new)


def _filled(span: Span, hash_: bytes, told: Sequence[Told]) -> Sequence[Part]:
    read = [
        Part(since=one.since, until=one.until, data=one.records[hash_])
        for one in told
        if not (one.holds and span.until is None)
    ]
    return policy.fill(span.data, since=span.since, until=span.until, parts=span.parts, read=read)


def _write(gone: Sequence[tuple[Span, Part]], new: Sequence[tuple[Span, Part]]) -> None:
    rows = _rows_of(gone)
    for chunk in sql.chunks(rows):
        ItemFilling.objects.filter(pk__in=chunk).delete()
    ItemFilling.objects.bulk_create(
        ItemFilling(
            item_id=span.item, version=span.version, since=part.since, until=part.until, data=part.data
        )
        for span, part in new
    )


def _rows_of(parts: Sequence[tuple[Span, Part]]) -> list[int]:
    """Return the ids of the rows of these parts; the items are locked."""
    wanted = {(span.item, span.version, part.since) for span, part in parts}
    found: list[int] = []
    for chunk in sql.chunks(sorted({item for item, _version, _since in wanted})):
        rows = ItemFilling.objects.filter(item__in=chunk).values_list("pk", "item", "version", "since")
        found += [pk for pk, *place in rows if tuple(place) in wanted]
    return found
