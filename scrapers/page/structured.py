"""JSON of pages: JSON responses, and the JSON-LD that HTML pages carry."""

from __future__ import annotations

import json
import mmap
import re
import sys
from typing import TYPE_CHECKING, cast

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapers.page.values import JSON

_MAX_DEPTH = 32
_LARGE_CHARACTERS = 256 * 1024
_SIGN_BYTES = (("{", 240), ("[", 90), (",", 80), ('"', 30))
_OPENINGS = ("<!--", "//<![CDATA[", "<![CDATA[")
_CLOSINGS = (";", "//-->", "-->", "//]]>", "]]>")
_HALF_PAIR = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    r"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)
_TRAILING_COMMA = re.compile(r",(?=\s*[}\]])")


class NotJson(ValueError):
    """The body is not JSON."""


def parse_json(text: str) -> JSON:
    """Return the value of a JSON text; raises NotJson or MemoryError."""
    _require_memory(text)
    try:
        return cast("JSON", orjson.loads(text))
    except orjson.JSONDecodeError as error:
        raise NotJson(f"not JSON: {error}") from None


def parse_loose(text: str) -> JSON:
    """Return the value of JSON as people write it into pages; raises NotJson or MemoryError.

    Forgiven: HTML comment and CDATA wrapping, raw line breaks in strings, a comma before a closing
    bracket, halves of surrogate pairs, NaN (which becomes null).
    """
    _require_memory(text)
    try:
        return cast("JSON", orjson.loads(text))
    except orjson.JSONDecodeError:
        repaired = _HALF_PAIR.sub(r"\\ufffd", _unwrapped(text))
    for attempt in (repaired, _TRAILING_COMMA.sub("", repaired)):
        try:
            read = json.loads(attempt, strict=False, parse_int=_whole, parse_constant=lambda _: None)
            return cast("JSON", read)
        except (ValueError, RecursionError):
            continue
    raise NotJson("not JSON, even with the usual mistakes forgiven")


def _require_memory(text: str) -> None:
    """Raise MemoryError where the system may refuse what the value of a large text takes.

    orjson does not survive that half way, so as much as it may need is asked for first, untouched. At
    most a brace takes 240 bytes, a bracket 90, a comma 80 and a quote 30 (measured with bombs of each).
    """
    if len(text) < _LARGE_CHARACTERS or sys.platform != "linux":
        return
    needed = 2 * len(text) + sum(text.count(sign) * size for sign, size in _SIGN_BYTES)
    try:
        mmap.mmap(-1, needed, flags=mmap.MAP_PRIVATE).close()
    except OSError:
        raise MemoryError(f"the JSON of a page may take {needed:,} bytes") from None


def _whole(digits: str) -> int | float:
    """Read a whole number as `parse_json` does: what has more than 64 bits becomes a float."""
    value = int(digits) if len(digits) <= 20 else None
    return value if value is not None and -(1 << 63) <= value < 1 << 64 else float(digits)


def _unwrapped(text: str) -> str:
    text = text.strip()
    for opening in _OPENINGS:
        text = text.removeprefix(opening)
    for closing in _CLOSINGS:
        text = text.removesuffix(closing).rstrip()
    return text


def json_ld_objects(value: JSON) -> Iterator[dict[str, JSON]]:
    """Yield the objects of one JSON-LD script in order: lists and `@graph` are flattened."""
    waiting: list[tuple[JSON, int]] = [(value, 0)]
    while waiting:
        entry, depth = waiting.pop()
        if depth > _MAX_DEPTH:
            continue
        if isinstance(entry, list):
            waiting.extend((child, depth + 1) for child in reversed(entry))
        elif isinstance(entry, dict):
            graph = entry.get("@graph")
            if isinstance(graph, list | dict):
                waiting.append((graph, depth + 1))
            if set(entry) - {"@context", "@graph"}:
                yield {key: part for key, part in entry.items() if key != "@graph"}
