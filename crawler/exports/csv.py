"""CSV (RFC 4180) for spreadsheets: nested values as JSON, and no cell that would run as a formula."""

from __future__ import annotations

import csv
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


class _Line:
    """What the csv module writes into: keeps the one line it was given."""

    text = ""

    def write(self, text: str) -> None:
        self.text = text


def _lines(rows: Iterable[Row], columns: Sequence[str], *, raw: bool) -> Iterator[bytes]:
    line = _Line()
    writer = csv.writer(line)
    writer.writerow([_cell(name, raw=raw) for name in columns])
    yield line.text.encode("utf-8", "replace")
    for row in rows:
        writer.writerow([_cell(row.get(name), raw=raw) for name in columns])
        yield line.text.encode("utf-8", "replace")


def _cell(value: Any, *, raw: bool) -> str | int | float:
    if isinstance(value, str):  # nearly all are
        text = value
    else:
        match value:
            case None:
                return ""
            case bool():
                return "true" if value else "false"
            case int() | float():
                return value
            case _:
                text = encode(value).decode()
    return f"'{text}" if not raw and text[:1] in FORMULA_STARTS else text
