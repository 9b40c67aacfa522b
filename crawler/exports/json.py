"""JSON: one array of objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.exports.rows import chunked, encode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crawler.exports.rows import Row


def write(rows: Iterable[Row], **_options: object) -> Iterator[bytes]:
    """Yield the export of `rows` in chunks; every row keeps its own fields, so no option matters."""
    return chunked(_parts(rows))


def _parts(rows: Iterable[Row]) -> Iterator[bytes]:
    before = b"[\n"
    for row in rows:
        yield before + encode(row)
        before = b",\n"
    yield b"[]\n" if before == b"[\n" else b"\n]\n"
