"""Writes scraped records: new ones, changed ones with their earlier version, and who saw which."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from crawler.models import ItemChangeKind
from crawler.policy import identity
from crawler.stores import changes, merging, sql, statements

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from crawler.engine.work import ItemRecord
    from crawler.stores.runs import Tallies


T = TypeVar("T")


class Whose(Protocol):
    """The run that gave a record, its target, and whether its records are kept apart from the items."""

    @property
    def run(self) -> int: ...

    @property
    def target(self) -> int: ...

    @property
    def apart(self) -> bool: ...


class Place(Protocol):
    """The page that gave a record: a claim, or what stands for one."""

    @property
    def url(self) -> str: ...

    @property
    def rules(self) -> Whose: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    id: int
    version: int
    content_hash: bytes
    removed: bool


class Source(Protocol):
    """Where a record comes from that is stored after its visit: page, the run that read it, and when."""

    @property
    def url(self) -> str: ...
    @property
    def run(self) -> int: ...
    @property
    def last_seen(self) -> datetime: ...


Late = tuple[Source, "ItemRecord"]

COUNTERS: Final = {
    ItemChangeKind.NEW: "items_new",
    ItemChangeKind.CHANGED: "items_changed",
    ItemChangeKind.RESTORED: "items_restored",
}


def save(visits: Iterable[tuple[Place, Sequence[ItemRecord]]], *, tallies: Tallies, now: datetime) -> None:
    """Upsert the records of a batch, target by target and in the order of their keys.

    Of two records with one key the later wins; of one that lacks a page only what it says itself. An
    unchanged record costs no version, only the sighting that says the run saw it. One that was removed
    comes back as a new version.
    """
    by_target: dict[int, dict[bytes, tuple[Place, ItemRecord]]] = defaultdict(dict)
    for claim, records in visits:
        found = by_target[claim.rules.target]
        for record in records:
            if record.said is None:  # a call for each would be a hundredth of what it takes to store it
                found[record.key_hash] = (claim, record)
            else:
                merging.put(found, record.key_hash, claim, record)
    for target in sorted(by_target):
        _save_target(target, by_target[target], tallies=tallies, now=now)


def _save_target(
    target: int, records: Mapping[bytes, tuple[Place, ItemRecord]], *, tallies: Tallies, now: datetime
) -> None:
    keys = sorted(records)
    before = _stored(target, keys)
    missing = [key for key in keys if key not in before]
    new = frozenset(_insert(target, [records[key] for key in missing], now=now))
    stored = before | _stored(target, missing)
    records = _whole(records, {key: row for key, row in stored.items() if key not in new})
    changed = {key for key in keys if _differs(stored[key], records[key][1])}
    _change([(stored[key], *records[key]) for key in keys if key in changed], now=now)
    _touch(
        [(before[key].id, records[key][0]) for key in keys if key in before and key not in changed], now=now
    )
    versions = {key: (entry.id, entry.version + (key in changed)) for key, entry in stored.items()}
    _sight(records, versions, changed=changed, tallies=tallies)
    restored = {key for key in changed if stored[key].removed}
    became = {
        ItemChangeKind.NEW: new,
        ItemChangeKind.CHANGED: changed - restored,
        ItemChangeKind.RESTORED: restored,
    }
    for kind, touched in became.items():
        seen = [(target, *versions[key], records[key][0].rules.run) for key in keys if key in touched]
        changes.note(seen, kind, now=now)
        for run, count in Counter(run for *_item, run in seen).items():
            tallies.add(run, **{COUNTERS[kind]: count})


def _whole(
    records: Mapping[bytes, tuple[T, ItemRecord]], stored: Mapping[bytes, _Stored]
) -> Mapping[bytes, tuple[T, ItemRecord]]:
    """Return the records, those that lack a page with what stands under their keys and was not removed."""
    return merging.whole(
        records,
        lambda keys: merging.of_items(
            stored[key].id for key in keys if key in stored and not stored[key].removed
        ),
    )


def _differs(stored: _Stored, record: ItemRecord) -> bool:
    return stored.content_hash != record.content_hash or stored.removed


def rewrite(target: int, records: Mapping[bytes, Late], *, now: datetime) -> None:
    """Store what pages gave that were read again, by the hashes of keys, in their order.

    New items and new versions are as of now; what they say was on the page when that was last seen. An
    item that was removed stays so: no run sees it.
    """
    before = _stored(target, sorted(records))
    there = {key: record for key, record in records.items() if key not in before or not before[key].removed}
    _write_late(target, _whole(there, before), before, run=None, now=now)


def publish(target: int, records: Mapping[bytes, Late], *, run: int, now: datetime) -> dict[str, int]:
    """Store what a run read earlier as `save` stores what it reads; return what to add to its counters.

    New items and new versions are as of now, and were seen when they were read.
    """
    before = _stored(target, sorted(records))
    became, stored = _write_late(target, records, before, run=run, now=now)
    touched = {key for keys in became.values() for key in keys}
    same = [(before[key].id, *records[key]) for key in sorted(before) if key not in touched]
    TOUCH.run(
        [(sql.adapt(source.last_seen), run, source.url, source.url, item) for item, source, _record in same]
    )
    versions = {key: row.version + (key in before and key in touched) for key, row in stored.items()}
    SIGHT.run(sorted((run, row.id, versions[key]) for key, row in stored.items()))
    return {COUNTERS[kind]: len(keys) for kind, keys in became.items()}


def _write_late(
    target: int,
    records: Mapping[bytes, Late],
    before: Mapping[bytes, _Stored],
    *,
    run: int | None,
    now: datetime,
) -> tuple[dict[ItemChangeKind, list[bytes]], dict[bytes, _Stored]]:
    """Insert what is new and write versions of what differs; return which is which, and all rows as read."""
    keys = sorted(records)
    moment = sql.adapt(now)
    new = [records[key] for key in keys if key not in before]
    written = INSERT.written(
        [
            (
                target,
                record.key_hash,
                record.key,
                source.url,
                source.run,
                record.data.decode(),
                record.content_hash,
                *(seen := sql.adapt(source.last_seen), seen),
                moment,
            )
            for source, record in new
        ],
    )
    inserted = _stored(target, sorted(map(sql.data, written)))
    changed = [key for key in keys if key in before and _differs(before[key], records[key][1])]
    for chunk in sql.chunks([before[key].id for key in changed]):
        sql.execute(KEEP_VERSIONS.format(sql.marks(chunk)), [moment, moment, *chunk])
    CHANGE.run(
        [
            (
                record.data.decode(),
                record.content_hash,
                source.url,
                source.run,
                sql.adapt(source.last_seen),
                *(moment, moment),
                before[key].id,
            )
            for key in changed
            for source, record in (records[key],)
        ],
    )
    stored = {**before, **inserted}
    became = {
        ItemChangeKind.NEW: sorted(inserted),
        ItemChangeKind.CHANGED: [key for key in changed if not before[key].removed],
        ItemChangeKind.RESTORED: [key for key in changed if before[key].removed],
    }
    for kind, touched in became.items():
        seen = [(target, stored[key].id, stored[key].version + (key in before), run) for key in touched]
        changes.note(seen, kind, now=now)
    return became, stored


class Said(Protocol):
    """What an item said once, and on which page."""

    @property
    def data(self) -> Any: ...
    @property
    def content_hash(self) -> bytes: ...
    @property
    def url(self) -> str: ...


def bring_back(item: int, said: Said, *, now: datetime) -> None:
    """Write what an item said once as a new version; the caller has locked the item's row."""
    moment = sql.adapt(now)
    sql.execute(KEEP_VERSIONS.format("%s"), [moment, moment, item])
    data = identity.encode(said.data).decode()
    sql.execute(BRING_BACK.format(sql.json_mark()), [data, said.content_hash, said.url, moment, moment, item])


def _stored(target: int, keys: Sequence[bytes]) -> dict[bytes, _Stored]:
    """Return what is stored under these keys, locked in their order."""
    found: dict[bytes, _Stored] = {}
    for chunk in sql.chunks(keys):
        rows = sql.select(
            "SELECT key_hash, id, version, content_hash, removed_at IS NOT NULL FROM crawler_item "
            f"WHERE target_id = %s AND key_hash IN ({sql.marks(chunk)}) ORDER BY key_hash{sql.for_update()}",
            [target, *chunk],
        )
        found |= {
            sql.data(key): _Stored(
                id=id_, version=version, content_hash=sql.data(content_hash), removed=bool(removed)
            )
            for key, id_, version, content_hash, removed in rows
        }
    return found


def _insert(target: int, records: Sequence[tuple[Place, ItemRecord]], *, now: datetime) -> Iterator[bytes]:
    """Insert new items and return the keys of those that nobody else inserted meanwhile."""
    moment = sql.adapt(now)
    rows = INSERT.written(
        [
            (
                target,
                record.key_hash,
                record.key,
                claim.url,
                claim.rules.run,
                record.data.decode(),
                record.content_hash,
                moment,
                moment,
                moment,
            )
            for claim, record in records
        ],
    )
    return map(sql.data, rows)


INSERT = statements.insert(
    "crawler_item",
    {
        "target_id": "bigint",
        "key_hash": "bytea",
        "key": "text",
        "url": "text",
        "run": "bigint",
        "data": "json",
        "content_hash": "bytea",
        "first_seen": "timestamptz",
        "last_seen": "timestamptz",
        "changed_at": "timestamptz",
    },
    fixed={"version": 1},
    then="ON CONFLICT (target_id, key_hash) DO NOTHING",
    key="key_hash",
)
# Moments of an item only rise, whichever node's clock they are of: at each there is one version at most.
KEEP_VERSIONS = (
    "INSERT INTO crawler_itemversion (item_id, version, run, url, data, content_hash, valid_from, valid_to) "
    "SELECT id, version, run, url, data, content_hash, changed_at, "
    "CASE WHEN removed_at IS NULL AND changed_at < %s THEN %s ELSE COALESCE(removed_at, changed_at) END "
    "FROM crawler_item WHERE id IN ({}) ON CONFLICT (item_id, version) DO NOTHING"
)
CHANGE = statements.update(
    "crawler_item",
    "version = version + 1, data = {data}, content_hash = {hash}, url = {url}, run = {run}, "
    "last_seen = {seen}, removed_at = NULL, searchable = NULL, "
    "changed_at = CASE WHEN COALESCE(removed_at, changed_at) < {changed} THEN {now} "
    "ELSE COALESCE(removed_at, changed_at) END",
    where="id = {id}",
    given={
        "data": "json",
        "hash": "bytea",
        "url": "text",
        "run": "bigint",
        "seen": "timestamptz",
        "changed": "timestamptz",
        "now": "timestamptz",
        "id": "bigint",
    },
)
BRING_BACK = (
    "UPDATE crawler_item SET version = version + 1, data = {}, content_hash = %s, url = %s, "
    "removed_at = NULL, searchable = NULL, "
    "changed_at = CASE WHEN COALESCE(removed_at, changed_at) < %s THEN %s "
    "ELSE COALESCE(removed_at, changed_at) END WHERE id = %s"
)
TOUCH = statements.update(
    "crawler_item",
    "last_seen = {seen}, run = {run}, url = {url}, searchable = CASE WHEN url = {same} THEN searchable END",
    where="id = {id}",
    given={"seen": "timestamptz", "run": "bigint", "url": "text", "same": "text", "id": "bigint"},
)
SIGHT = statements.insert(
    "crawler_sighting",
    {"run_id": "bigint", "item_id": "bigint", "version": "integer"},
    then="ON CONFLICT (run_id, item_id) DO NOTHING",
)
SIGHT_AGAIN = statements.update(
    "crawler_sighting",
    "version = {version}",
    where="run_id = {run} AND item_id = {item}",
    given={"version": "integer", "run": "bigint", "item": "bigint"},
)


def _change(changes: Sequence[tuple[_Stored, Place, ItemRecord]], *, now: datetime) -> None:
    """Move what the items say now into their history, and write what they said this time."""
    moment = sql.adapt(now)
    for chunk in sql.chunks([stored.id for stored, _claim, _record in changes]):
        sql.execute(KEEP_VERSIONS.format(sql.marks(chunk)), [moment, moment, *chunk])
    CHANGE.run(
        [
            (
                record.data.decode(),
                record.content_hash,
                claim.url,
                claim.rules.run,
                *(moment, moment, moment),
                stored.id,
            )
            for stored, claim, record in changes
        ],
    )


def _touch(seen: Sequence[tuple[int, Place]], *, now: datetime) -> None:
    moment = sql.adapt(now)
    TOUCH.run([(moment, claim.rules.run, claim.url, claim.url, item) for item, claim in seen])


def _sight(
    records: Mapping[bytes, tuple[Place, ItemRecord]],
    versions: dict[bytes, tuple[int, int]],
    *,
    changed: set[bytes],
    tallies: Tallies,
) -> None:
    """Note which run saw which item; one that changed again within a run keeps its newest version."""
    by_run: dict[int, list[bytes]] = defaultdict(list)
    for key, (claim, _record) in records.items():
        by_run[claim.rules.run].append(key)
    for run in sorted(by_run):
        rows = [(run, *versions[key]) for key in sorted(by_run[run], key=lambda key: versions[key][0])]
        tallies.add(run, items=SIGHT.run(rows))
        SIGHT_AGAIN.run(
            [(versions[key][1], run, versions[key][0]) for key in by_run[run] if key in changed],
        )
