"""Keeps what pages were before they changed, and lets go of what their targets keep no longer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from crawler.policy.sweeping import Place
from crawler.policy.versions import Version
from crawler.stores import sql
from crawler.stores.statements import Many

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

CHUNK: Final = 5_000

COPIED: Final = (
    "INSERT INTO crawler_pageversion (page_id, target_id, run, status, content_type, body_hash, size, "
    "began_at, counted_at, visits, seen_at, stored_size, ended_by, ended_at, awaits_judgement) "
    "SELECT page.id, page.target_id, page.run, page.status, page.content_type, page.body_hash, page.size, "
    "COALESCE(page.body_at, page.changed_at), page.changed_at, page.visits, page.last_seen, "
    "COALESCE((SELECT length(stored.body) FROM crawler_snapshot stored "
    "WHERE stored.hash = page.body_hash), 0)"
)
KEEP: Final = Many(
    each=f"{COPIED}, %s, %s, %s FROM crawler_page page "
    "WHERE page.target_id = %s AND page.key = %s AND page.body_hash <> %s",
    at_once=f"{COPIED}, new_run, new_now, new_awaits FROM {{source}} JOIN crawler_page page "
    "ON page.target_id = new_target AND page.key = new_key WHERE page.body_hash <> new_hash ORDER BY place",
    given={
        "run": "bigint",
        "now": "timestamptz",
        "awaits": "boolean",
        "target": "bigint",
        "key": "bytea",
        "hash": "bytea",
    },
)
COLUMNS: Final = (
    "SELECT id, page_id, ended_at, stored_size, body_hash, noise, awaits_judgement FROM crawler_pageversion "
)
BY_PAGE: Final = (
    f"{COLUMNS}WHERE target_id = %s AND (page_id, id) < (%s, %s) ORDER BY page_id DESC, id DESC LIMIT %s"
)
BY_END: Final = (
    f"{COLUMNS}WHERE target_id = %s AND (ended_at, id) < (%s, %s) ORDER BY ended_at DESC, id DESC LIMIT %s"
)
LAST: Final = 2**63 - 1
FOREVER: Final = "9999-12-31 00:00:00"


def keep(changed: Sequence[tuple[int, bool, int, bytes, bytes]], *, now: datetime) -> None:
    """Store what pages are before they are written, in the caller's transaction.

    `changed` are of pages the run, whether their change is to be judged, target and key, and the hashes of
    their new bodies: those that have another body are kept, those that are new or have the same are not.
    """
    moment = sql.adapt(now)
    KEEP.run([(run, moment, awaits, target, key, hash_) for run, awaits, target, key, hash_ in changed])


def by_page(target: int) -> Iterator[Version]:
    """Yield the versions that a target has, page by page, of each page the newest first.

    They are read some thousands at a time: what is removed meanwhile may still be told.
    """
    place = Place()
    while rows := after(target, place, most=CHUNK):
        yield from rows
        place = Place(page=rows[-1].page, version=rows[-1].id)


def after(target: int, place: Place, *, most: int) -> list[Version]:
    """Return the next versions of a target after a place: page by page, or those replaced last first."""
    version = LAST if place.version is None else place.version
    if place.by_end:
        ended = FOREVER if place.ended_at is None else sql.adapt(place.ended_at)
        rows = sql.select(BY_END, [target, ended, version, most])
    else:
        rows = sql.select(BY_PAGE, [target, LAST if place.page is None else place.page, version, most])
    return [_version(row) for row in rows]


def targets() -> list[int]:
    """Return the targets that have earlier versions."""
    statement = "SELECT id FROM crawler_target target WHERE EXISTS "
    has = "(SELECT 1 FROM crawler_pageversion version WHERE version.target_id = target.id) ORDER BY id"
    return [row[0] for row in sql.select(statement + has)]


def remove(target: int, ids: Sequence[int]) -> int:
    """Remove versions of a target in the caller's transaction, and count them; return how many there were."""
    removed = 0
    for chunk in sql.chunks(sorted(ids)):
        statement = f"DELETE FROM crawler_pageversion WHERE id IN ({sql.marks(chunk)}) AND target_id = %s"
        removed += sql.execute(statement, [*chunk, target])
    if removed:
        counted = "UPDATE crawler_target SET versions_removed = versions_removed + %s WHERE id = %s"
        sql.execute(counted, [removed, target])
    return removed


def _version(row: sql.Row) -> Version:
    ended_at = cast("datetime", sql.moment(row[2]))
    return Version(row[0], row[1], ended_at, row[3], sql.data(row[4]), bool(row[5]), bool(row[6]))
