"""Stored bodies, by the hash of their bytes, compressed with Zstandard."""

from __future__ import annotations

import threading
from functools import cache
from typing import TYPE_CHECKING

import zstandard

from crawler.stores import sql, statements

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from crawler.stores.statements import Many

LEVEL = 3
LARGEST_BYTES = 32 << 20


class _Own(threading.local):
    """What each thread has for itself: a compressor serves one at a time."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(level=LEVEL)


_own = _Own()

FRESH_SECONDS = 12 * 3600
USED = (
    "EXISTS (SELECT 1 FROM crawler_page page WHERE page.body_hash = crawler_snapshot.hash) OR "
    "EXISTS (SELECT 1 FROM crawler_pageversion version WHERE version.body_hash = crawler_snapshot.hash)"
)
"""What refers to a body: pages as they are, and as they were."""


@cache
def insertion() -> Many:
    """Return the statement that stores bodies.

    One that is there and old is made young: so it is not removed before the page that has it now is
    committed. On PostgreSQL whoever is removing it waits for that row, and finds it young.
    """
    age = sql.seconds_between("crawler_snapshot.created_at", "excluded.created_at")
    return statements.insert(
        "crawler_snapshot",
        {"hash": "bytea", "body": "bytea", "size": "integer", "created_at": "timestamptz"},
        then="ON CONFLICT (hash) DO UPDATE SET created_at = excluded.created_at "
        f"WHERE {age} > {FRESH_SECONDS}",
    )


def compress(body: bytes) -> bytes:
    """Return a body as it is stored."""
    return _own.compressor.compress(body)


def save(bodies: Mapping[bytes, tuple[bytes, int]], *, now: datetime) -> None:
    """Store (compressed, size) by hash, in the order of the hashes; what is there already stays."""
    moment = sql.adapt(now)
    insertion().run([(hash_, *bodies[hash_], moment) for hash_ in sorted(bodies)])


def unused(*, after: bytes, most: int) -> tuple[list[bytes], bytes | None]:
    """Look at the next `most` bodies by hash; return those that nothing refers to, and the last one's hash.

    None instead of that hash once there are no more. Only an index is read, no body.
    """
    rows = sql.select(
        f"SELECT hash, {USED} FROM crawler_snapshot WHERE hash > %s ORDER BY hash LIMIT %s", [after, most]
    )
    free = [sql.data(hash_) for hash_, used in rows if not used]
    return free, sql.data(rows[-1][0]) if len(rows) == most else None


def remove(hashes: Sequence[bytes], *, before: datetime) -> int:
    """Remove bodies that were stored `before` and that still nothing refers to; return how many.

    A younger one is spared: the page that has it may still be on its way.
    """
    statement = f"DELETE FROM crawler_snapshot WHERE hash IN ({sql.marks(hashes)}) AND created_at < %s"
    values = [*sorted(hashes), sql.adapt(before)]
    return sql.atomically(lambda: _remove(f"{statement} AND NOT ({USED})", values, hashes))


def _remove(statement: str, values: Sequence[object], hashes: Sequence[bytes]) -> int:
    removed = sql.execute(statement, values)
    if removed:
        some = f"DELETE FROM crawler_pagefingerprint WHERE body_hash IN ({sql.marks(hashes)}) AND NOT EXISTS "
        stored = (
            "(SELECT 1 FROM crawler_snapshot stored WHERE stored.hash = crawler_pagefingerprint.body_hash)"
        )
        sql.execute(some + stored, hashes)
    return removed


def is_stored(hash_: bytes) -> bool:
    """Say whether a body is there, without reading it."""
    return bool(sql.select("SELECT 1 FROM crawler_snapshot WHERE hash = %s", [hash_]))


def load(hash_: bytes) -> bytes | None:
    """Return a stored body, or None when there is none."""
    rows = sql.select("SELECT body FROM crawler_snapshot WHERE hash = %s", [hash_])
    if not rows:
        return None
    return zstandard.ZstdDecompressor().decompress(sql.data(rows[0][0]), max_output_size=LARGEST_BYTES)
