"""Formats in which items leave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from crawler.exports import csv, json, jsonl, markdown
from crawler.exports.rows import SYSTEM_COLUMNS, Row, columns, decode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = ["FORMATS", "SYSTEM_COLUMNS", "Format", "Row", "columns", "decode"]


class Writer(Protocol):
    """Writes rows as they come, in constant memory."""

    def __call__(
        self, rows: Iterable[Row], *, columns: Sequence[str] = (), raw: bool = False
    ) -> Iterator[bytes]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One export format. With `needs_columns`, `write` must be told the columns before the first row."""

    name: str
    title: str
    media_type: str
    suffix: str
    write: Writer
    needs_columns: bool = False


FORMATS: Final[Mapping[str, Format]] = {
    chosen.name: chosen
    for chosen in (
        Format(
            name="jsonl",
            title="JSON lines",
            media_type="application/x-ndjson",
            suffix=".jsonl",
            write=jsonl.write,
        ),
        Format(name="json", title="JSON", media_type="application/json", suffix=".json", write=json.write),
        Format(
            name="csv",
            title="CSV",
            media_type="text/csv; charset=utf-8",
            suffix=".csv",
            write=csv.write,
            needs_columns=True,
        ),
        Format(
            name="markdown",
            title="Markdown",
            media_type="text/markdown; charset=utf-8",
            suffix=".md",
            write=markdown.write,
        ),
    )
}
