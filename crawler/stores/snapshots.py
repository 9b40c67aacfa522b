"""Stored bodies, by the hash of their bytes, compressed with Zstandard."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import zstandard

from crawler.stores import sql, statements

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

LEVEL = 3
LARGEST_BYTES = 32 << 20


class _Own(threading.local):
    """What each thread has for itself: a compressor serves one at a time."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(level=LEVEL)


_own = _Own()

INSERT = statements.insert(
    "crawler_snapshot",
    {"hash": "bytea", "body": "bytea", "size": "integer", "created_at": "timestamptz"},
    then="ON CONFLICT (hash) DO NOTHING",
)


def compress(body: bytes) -> bytes:
    """Return a body as it is stored."""
    return _own.compressor.compress(body)


def save(bodies: Mapping[bytes, tuple[bytes, int]], *, now: datetime) -> None:
    """Store (compressed, size) by hash, in the order of the hashes; what is there already stays."""
    moment = sql.adapt(now)
    INSERT.run([(hash_, *bodies[hash_], moment) for hash_ in sorted(bodies)])


def is_stored(hash_: bytes) -> bool:
    """Say whether a body is there, without reading it."""
    return bool(sql.select("SELECT 1 FROM crawler_snapshot WHERE hash = %s", [hash_]))


def load(hash_: bytes) -> bytes | None:
    """Return a stored body, or None when there is none."""
    rows = sql.select("SELECT body FROM crawler_snapshot WHERE hash = %s", [hash_])
    if not rows:
        return None
    return zstandard.ZstdDecompressor().decompress(sql.data(rows[0][0]), max_output_size=LARGEST_BYTES)
