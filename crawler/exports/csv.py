"""CSV (RFC 4180) for spreadsheets: nested values as JSON, and no cell that would run as a formula."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from crawler.exports.rows import chunked, encode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from crawler.exports.rows import Row

FORMULA_STARTS: Final = frozenset("=+-@\t\r\n＝＋－＠")


def write(rows: Iterable[Row], *, columns: Sequence[str] = (), raw: bool = False) -> Iterator[bytes]:
    """Yield the export of `rows` in chunks: a header, then one record a row.

    Text that a spreadsheet would take for a formula gets a leading apostrophe; `raw` leaves it as
    it is, for machines. Fields that are not in `columns` are left out.
    """
    return chunked(_lines(rows, tuple(columns), raw=raw))


def _lines(rows: Iterable[Row], columns: Sequence[str], *, raw: bool) -> Iterator[bytes]:
    yield _line([_cell(name, raw) for name in columns])
    for row in rows:
        yield _line([_cell(value, raw) for value in map(row.get, columns)])


def _line(cells: list[str]) -> bytes:
    """Return a record; one that has nothing but an empty cell would be no line at all."""
    text = ",".join(cells) if cells != [""] else '""'
    return f"{text}\r\n".encode("utf-8", "replace")


def _cell(value: Any, raw: bool) -> str:  # noqa: FBT001 - called for each cell, where a name costs time
    text: str
    match value:
        case str():
            text = value
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case _:
            text = encode(value).decode()
    if not raw and text[:1] in FORMULA_STARTS:
        text = f"'{text}"
    # as the csv module quotes, which looks at each letter by itself: it took half of an export's time
    if "," in text or '"' in text or "\n" in text or "\r" in text:
        return '"' + text.replace('"', '""') + '"'
    return text
