"""When two records are one: the key of an item and the hash of what it says."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HASH_BYTES = 16


def encode(data: Mapping[str, Any]) -> bytes:
    """Return a record as JSON, its keys in the order they came."""
    return orjson.dumps(data, option=orjson.OPT_NON_STR_KEYS)


def content_hash(data: Mapping[str, Any]) -> bytes:
    """Return the hash of what a record says, whatever the order of its keys."""
    return digest(orjson.dumps(data, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SORT_KEYS))


def says_the_same(one: Any, other: Any) -> bool:
    """Say whether two values are the same JSON, where true is not 1 and 1.0 is not 1."""
    if one != other or isinstance(one, str):
        return bool(one == other)
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def digest(data: bytes) -> bytes:
    """Return the first 16 bytes of the SHA-256 of `data`."""
    return sha256(data).digest()[:HASH_BYTES]


def item_key(data: Mapping[str, Any], *, fields: Sequence[str], url: str, several: bool) -> str | None:
    """Return the key of a record within its target; None when one of `fields` is missing from it.

    Without key fields it is the page's URL, and where a page gives `several` records also the
    record's own hash.
    """
    if not fields:
        return f"{url}#{content_hash(data).hex()}" if several else url
    values = [data.get(name) for name in fields]
    if any(value is None or value == "" for value in values):
        return None
    if len(values) == 1 and isinstance(values[0], str):
        return values[0]
    return orjson.dumps(values, option=orjson.OPT_SORT_KEYS).decode()
