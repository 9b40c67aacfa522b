"""Records that lack a page: what they do not say stays as it is under their keys."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from crawler.engine import records
from crawler.policy import identity
from crawler.stores import sql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from crawler.engine.work import ItemRecord

    Standing = Mapping[bytes, bytes]

K = TypeVar("K")
P = TypeVar("P")
BY_ID = "SELECT key_hash, CAST(data AS text) FROM crawler_item WHERE id IN ({})"
BY_KEY = (
    "SELECT key_hash, CAST(data AS text) FROM crawler_item "
    "WHERE target_id = %s AND removed_at IS NULL AND key_hash IN ({})"
)
APART = "SELECT key_hash, CAST(data AS text) FROM crawler_helditem WHERE run = %s AND key_hash IN ({})"


def put(found: dict[K, tuple[P, ItemRecord]], key: K, place: P, record: ItemRecord) -> None:
    """Keep a record in the place of one before it under its key, of which one that lacks a page says more."""
    if record.said is not None and key in found:
        record = _over(found[key][1], record)
    found[key] = (place, record)


def _over(before: ItemRecord, record: ItemRecord) -> ItemRecord:
    merged = records.with_data(record, _both(before.data, record))
    return replace(merged, said=before.said and identity.encode(_both(before.said, record)))


def whole(
    found: Mapping[bytes, tuple[P, ItemRecord]], standing: Callable[[list[bytes]], Standing]
) -> Mapping[bytes, tuple[P, ItemRecord]]:
    """Return the records, those that lack a page with what else stands under their keys, which are locked."""
    lacking = [key for key, (_place, record) in found.items() if record.said is not None]
    if not lacking:
        return found
    there = standing(sorted(lacking))
    more = {
        key: (place, records.with_data(record, _both(there[key], record)))
        for key, (place, record) in found.items()
        if key in there and record.said is not None
    }
    return {**found, **more}


def _both(before: bytes, record: ItemRecord) -> dict[str, Any]:
    return {**orjson.loads(before), **orjson.loads(record.said or b"{}")}


def of_items(ids: Iterable[int]) -> dict[bytes, bytes]:
    """Return what items say, by the hashes of their keys."""
    return _found(BY_ID, [], sorted(ids))


def of_held(run: int, target: int, keys: Iterable[bytes]) -> dict[bytes, bytes]:
    """Return what a run that is kept apart has read under these keys, and else what the items say.

    Items that were removed say nothing any more.
    """
    wanted = sorted(keys)
    return _found(BY_KEY, [target], wanted) | _found(APART, [run], wanted)


def _found(statement: str, first: list[object], values: list[Any]) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for chunk in sql.chunks(values):
        rows = sql.select(statement.format(sql.marks(chunk)), [*first, *chunk])
        found |= {sql.data(key): data.encode() for key, data in rows}
    return found
