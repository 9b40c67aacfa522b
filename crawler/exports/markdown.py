"""Markdown: a document for each item, its text below what else is known of it, as language models are fed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crawler.exports.rows import chunked, encode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crawler.exports.rows import Row

_BODIES: Final = ("markdown", "text")


def write(rows: Iterable[Row], **_options: object) -> Iterator[bytes]:
    """Yield the export of `rows` in chunks; every row keeps its own fields, so no option matters."""
    return chunked(map(_document, rows))


def _document(row: Row) -> bytes:
    """Return a document: fields as YAML, of which JSON is a part, above the Markdown, else the text."""
    texts = {name: row[name] for name in _BODIES if isinstance(row.get(name), str)}
    body = next(filter(None, texts.values()), "")
    head = [encode(name) + b": " + encode(value) + b"\n" for name, value in row.items() if name not in texts]
    below = b"\n" + body.strip("\n").encode(errors="replace") + b"\n" if body else b""
    return b"".join((b"---\n", *head, b"---\n", below, b"\n"))
