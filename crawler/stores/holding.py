"""Keeps records of runs apart from the items, and makes them items later, a few hundred to a transaction.

A record is in one place at any moment: the transaction that makes it an item removes it here. So what
is killed half way goes on where it was, and nothing is published twice.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.db.models import F

from crawler.engine.work import ItemRecord
from crawler.models import Item, Sighting
from crawler.stores import items, merging, sql, statements

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from crawler.stores.items import Place
    from crawler.stores.runs import Tallies

KEEP: Final = statements.insert(
    "crawler_helditem",
    {
        "run": "bigint",
        "key_hash": "bytea",
        "key": "text",
        "url": "text",
        "data": "json",
        "content_hash": "bytea",
        "seen_at": "timestamptz",
    },
    then="ON CONFLICT (run, key_hash) DO NOTHING",
    key="key_hash",
)
KEEP_NEWER: Final = statements.update(
    "crawler_helditem",
    "url = {url}, data = {data}, content_hash = {hash}, seen_at = {seen}",
    where="run = {run} AND key_hash = {key}",
    given={
        "url": "text",
        "data": "json",
        "hash": "bytea",
        "seen": "timestamptz",
        "run": "bigint",
        "key": "bytea",
    },
)
NEXT: Final = (
    "SELECT id, key_hash, key, url, CAST(data AS TEXT), content_hash, seen_at FROM crawler_helditem "
    "WHERE run = %s ORDER BY key_hash LIMIT %s"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """Where and when a run read a record."""

    url: str
    run: int
    last_seen: datetime


def keep(visits: Iterable[tuple[Place, Sequence[ItemRecord]]], *, tallies: Tallies, now: datetime) -> None:
    """Keep the records of a batch apart, in the order of runs and keys; of two with one key the later.

    One that lacks a page says what it knows, and else what its run read before, or its item.
    """
    by_run: dict[tuple[int, int], dict[bytes, tuple[str, ItemRecord]]] = defaultdict(dict)
    for claim, found in visits:
        for record in found:
            merging.put(by_run[claim.rules.run, claim.rules.target], record.key_hash, claim.url, record)
    for run, target in sorted(by_run):
        tallies.add(run, items=_keep(run, target, by_run[run, target], now=now))


def _keep(run: int, target: int, found: Mapping[bytes, tuple[str, ItemRecord]], *, now: datetime) -> int:
    """Keep the records of one run; return how many are new."""
    keys, moment = sorted(found), sql.adapt(now)
    known = _known(run, keys)
    records = merging.whole(found, lambda lacking: merging.of_held(run, target, lacking))
    new = [(key, *records[key]) for key in keys if key not in known]
    written = KEEP.written(
        [
            (run, key, record.key, url, record.data.decode(), record.content_hash, moment)
            for key, url, record in new
        ]
    )
    late = {key for key, _url, _record in new}.difference(map(sql.data, written))
    if late:  # another slice of the run kept these meanwhile
        known |= _known(run, sorted(late))
        records = merging.whole(found, lambda lacking: merging.of_held(run, target, lacking))
    KEEP_NEWER.run(
        [
            (url, record.data.decode(), record.content_hash, moment, run, key)
            for key in keys
            if key in known
            for url, record in (records[key],)
        ]
    )
    return len(written)


def _known(run: int, keys: Sequence[bytes]) -> set[bytes]:
    found: set[bytes] = set()
    for chunk in sql.chunks(keys):
        statement = (
            f"SELECT key_hash FROM crawler_helditem WHERE run = %s AND key_hash IN ({sql.marks(chunk)})"
        )
        rows = sql.select(f"{statement} ORDER BY key_hash{sql.for_update()}", [run, *chunk])
        found |= {sql.data(row[0]) for row in rows}
    return found


def publish(run: int, target: int, *, now: datetime, most: int) -> int:
    """Make up to `most` records of a run items, in one transaction; return how many are done with.

    New items and new versions are as of now. An item that was seen after its record was read stays as it
    is, and so does one that was changed since by others than a run that is published late, too.
    """
    return sql.atomically(lambda: _publish(run, target, now, most))


def _publish(run: int, target: int, now: datetime, most: int) -> int:
    rows = sql.select(NEXT + sql.for_update(), [run, most])
    if not rows:
        return 0
    records = {
        sql.data(key_hash): (
            _Seen(url=url, run=run, last_seen=sql.moment(seen_at) or now),
            ItemRecord(
                key=key, key_hash=sql.data(key_hash), data=data.encode(), content_hash=sql.data(content_hash)
            ),
        )
        for _id, key_hash, key, url, data, content_hash, seen_at in rows
    }
    newer = _newer(target, {key: seen.last_seen for key, (seen, _record) in records.items()})
    counts = items.publish(
        target, {key: record for key, record in records.items() if key not in newer}, run=run, now=now
    )
    _remove([row[0] for row in rows])
    if names := [name for name, count in counts.items() if count]:
        sets = ", ".join(f"{name} = {name} + %s" for name in names)
        sql.execute(f"UPDATE crawler_run SET {sets} WHERE id = %s", [*(counts[name] for name in names), run])
    return len(rows)


def _newer(target: int, read: Mapping[bytes, datetime]) -> set[bytes]:
    """Lock the items under these keys; return those that say what is newer than what was read.

    What an earlier run read is older, however late that was published. A run has seen such a version; one
    by a person or by a replay no run has seen yet.
    """
    found = Item.objects.select_for_update().filter(target=target, key_hash__in=sorted(read))
    rows = found.order_by("key_hash").values_list("key_hash", "pk", "last_seen", "changed_at")
    newer: set[bytes] = set()
    changed: dict[int, bytes] = {}
    for key, pk, seen, changed_at in rows:
        if seen > read[bytes(key)]:
            newer.add(bytes(key))
        elif changed_at > read[bytes(key)]:
            changed[pk] = bytes(key)
    of_runs = _of_runs(list(changed))
    return newer | {key for pk, key in changed.items() if pk not in of_runs}


def _of_runs(items: Sequence[int]) -> set[int]:
    """Return those of the items that are as the run that they name has seen them."""
    named = Sighting.objects.filter(item__in=items, run=F("item__run"), version=F("item__version"))
    return set(named.values_list("item", flat=True)) if items else set()


def discard(run: int, *, most: int) -> int:
    """Remove up to `most` records of a run that are not to be items, in one transaction; return how many."""
    return sql.atomically(
        lambda: _remove([row[0] for row in sql.select(NEXT + sql.for_update(), [run, most])])
    )


def _remove(ids: Sequence[int]) -> int:
    for chunk in sql.chunks(ids):
        sql.execute(f"DELETE FROM crawler_helditem WHERE id IN ({sql.marks(chunk)})", chunk)
    return len(ids)
