"""The `tables` extractor: each row of each data table as an item, its values typed by column."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, ClassVar, Final

from scrapers.extractors import options
from scrapers.extractors.tables import columns, grid

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scrapers.extractors.tables.grid import Grid, Row
    from scrapers.page import JSON, Page

MOST_TABLES: Final = 1_000
MOST_CELLS: Final = 200_000
"""Of all tables of a page together."""

_LONGEST_NAME: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """One item for each row of a data table, by the names of its columns.

    `_table` and `_row` count from 1, `_caption` is the table's, and `_group` is the last row before that
    is one cell across the whole table. Tables that only arrange the page are left out. One whose rows are
    named and whose columns are not, such as a product's data sheet, is read by columns.
    """

    name: ClassVar = "tables"
    title: ClassVar = "Tables"
    description: ClassVar = "Every row of every data table as an item, with numbers and dates read as such."

    links: bool = options.flag(default=False, what="also the first link of each cell, as `<column> url`")
    types: bool = options.flag(default=True, what="numbers, dates, yes and no; else all values are text")

    def parse(self, page: Page) -> Iterator[dict[str, JSON]]:
        """Yield the rows of the tables of an HTML page, in the order of the page."""
        if not page.is_html:
            return
        number, cells = 0, MOST_CELLS
        for node in page.css("table")[:MOST_TABLES]:
            found = grid.read(node, most_cells=cells)
            if found is not None:
                cells -= sum(map(len, found.rows))
                number += 1
                yield from self._items(page, found, number=number)

    def _items(self, page: Page, table: Grid, *, number: int) -> Iterator[dict[str, JSON]]:
        names, rows = _turned(table) if _is_sideways(table) else (_names(table), table.rows[table.heading :])
        about: dict[str, JSON] = {"_table": number}
        if caption := table.caption or _title(table):
            about["_caption"] = caption
        body, groups = _grouped(table, rows)
        values = self._values(body, width=len(names), language=page.language)
        for place, (row, said) in enumerate(zip(body, values, strict=True), start=1):
            found: dict[str, JSON] = {
                name: value for name, value in zip(names, said, strict=True) if value is not None
            }
            if self.links:
                found |= _links(page, names, row)
            if found:
                group: dict[str, JSON] = {"_group": groups[place - 1]} if groups[place - 1] else {}
                yield {**about, "_row": place, **group, **found}

    def _values(self, rows: Sequence[Row], *, width: int, language: str | None) -> Iterator[tuple[JSON, ...]]:
        texts = [[_text(row, column) for row in rows] for column in range(width)]
        if self.types:
            return zip(*(columns.typed(column, language=language) for column in texts), strict=True)
        return zip(*([text or None for text in column] for column in texts), strict=True)


def _text(row: Row, column: int) -> str:
    cell = row[column] if column < len(row) else None
    return cell.text if cell is not None else ""


def _links(page: Page, names: Sequence[str], row: Row) -> dict[str, JSON]:
    found: dict[str, JSON] = {}
    for name, cell in zip(names, row, strict=False):
        url = page.absolute(cell.reference) if cell is not None and cell.reference else None
        if url is not None:
            found[f"{name} url"] = url
    return found


def _names(table: Grid) -> list[str]:
    """Return the names of the columns: several rows joined, empty ones numbered."""
    found = []
    for column in range(table.width):
        parts = [_text(row, column) for row in table.rows[: table.heading] if not table.is_across(row)]
        found.append(" / ".join(part for part in dict.fromkeys(parts) if part))
    return _distinct(found)


def _distinct(names: Sequence[str]) -> list[str]:
    taken: dict[str, int] = {}
    found = []
    for place, said in enumerate(names, start=1):
        name = said.lstrip("_ ")[:_LONGEST_NAME] or f"column_{place}"
        taken[name] = taken.get(name, 0) + 1
        found.append(name if taken[name] == 1 else f"{name} ({taken[name]})")
    return found


def _is_sideways(table: Grid) -> bool:
    """Say whether each row begins with its name, and nothing names the columns."""
    if table.heading:
        return False
    firsts = [row[0] for row in table.rows]
    rest = chain.from_iterable(row[1:] for row in table.rows)
    return all(cell is not None and cell.is_header for cell in firsts) and not any(
        cell is not None and cell.is_header for cell in rest
    )


def _turned(table: Grid) -> tuple[list[str], list[Row]]:
    names = _distinct([_text(row, 0) for row in table.rows])
    rows = [
        [row[column] if column < len(row) else None for row in table.rows] for column in range(1, table.width)
    ]
    return names, rows


def _title(table: Grid) -> str:
    """Return what stands across the whole table above the names of its columns."""
    first = table.rows[0] if table.heading > 1 else []
    return _text(first, 0) if first and table.is_across(first) else ""


def _grouped(table: Grid, rows: Sequence[Row]) -> tuple[list[Row], list[str]]:
    """Return the rows that have data, and for each the heading it stands under."""
    body: list[Row] = []
    groups: list[str] = []
    group = ""
    for row in rows:
        if table.is_across(row):
            group = _text(row, 0)
        elif any(cell is not None and cell.text and not cell.is_header for cell in row):
            body.append(row)
            groups.append(group)
    return body, groups
