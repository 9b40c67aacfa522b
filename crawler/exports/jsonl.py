"""JSON lines: one object a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.exports.rows import chunked, encode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crawler.exports.rows import Row


def write(rows: Iterable[Row], **_options: object) -> Iterator[bytes]:
    """Yield the export of `rows` in chunks; every row keeps its own fields, so no option matters."""
    return chunked(encode(row) + b"\n" for row in rows)
