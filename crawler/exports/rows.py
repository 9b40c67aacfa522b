"""What leaves: one flat object per item, and how it becomes JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Row = dict[str, Any]
"""An item's fields, and about the item what `SYSTEM_COLUMNS` names; times are ISO 8601 in UTC."""

SYSTEM_COLUMNS: Final = ("_url", "_key", "_run", "_first_seen", "_last_seen", "_changed_at")
CHUNK_BYTES: Final = 64 * 1024


def columns(rows: Iterable[Row], *, first: Iterable[str] = ()) -> tuple[str, ...]:
    """Return every column of `rows`: those of `first` that occur, the others as they appear, then ours."""
    seen: dict[str, None] = {}
    for row in rows:
        if not row.keys() <= seen.keys():
            seen.update(dict.fromkeys(row))
    ours = [name for name in SYSTEM_COLUMNS if seen.pop(name, ...) is None]
    front = [name for name in dict.fromkeys(first) if name in seen]
    return (*front, *(name for name in seen if name not in front), *ours)


def encode(value: object) -> bytes:
    """Return `value` as JSON in UTF-8.

    Scraped data holds what orjson refuses, such as integers beyond 64 bits and halves of
    surrogate pairs; those few take the slower way.
    """
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, separators=(",", ":")).encode()


def decode(text: str) -> Any:
    """Return the value that stored JSON holds, exactly.

    orjson makes floats of integers beyond 64 bits: what it would not write as it stands is read the
    slower way.
    """
    try:
        value = orjson.loads(text)
    except ValueError:
        return json.loads(text)
    return value if orjson.dumps(value) == text.encode() else json.loads(text)


def chunked(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Join small parts: a write to the network costs the same whatever it carries."""
    waiting: list[bytes] = []
    size = 0
    for part in parts:
        waiting.append(part)
        size += len(part)
        if size >= CHUNK_BYTES:
            yield b"".join(waiting)
            waiting.clear()
            size = 0
    if waiting:
        yield b"".join(waiting)
