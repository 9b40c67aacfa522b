"""The cells of a table in rows and columns, spans filled in, and whether they are data at all."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from selectolax.lexbor import LexborNode

MOST_COLUMNS: Final = 200
MOST_ROWS: Final = 10_000
LONGEST_CELL: Final = 2_000
LONGEST_CAPTION: Final = 500
LONGEST_SPAN: Final = 65_534
_SECTIONS: Final = frozenset({"thead", "tbody", "tfoot"})
_CELLS: Final = frozenset({"td", "th"})
_LAYOUT_ROLES: Final = frozenset({"presentation", "none"})
_SHORT_CHARACTERS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell: its text, the first reference in it, and how many columns and rows it takes."""

    text: str
    reference: str | None
    is_header: bool
    width: int
    height: int


Row = list[Cell | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A table's rows, the first `heading` of which name the columns; None where a row has no cell."""

    caption: str
    rows: tuple[Row, ...]
    heading: int

    @property
    def width(self) -> int:
        return max(map(len, self.rows), default=0)

    def is_across(self, row: Row) -> bool:
        """Say whether `row` is one cell that takes the whole table: a heading of what follows."""
        return is_across(row, width=len(self.rows[0]))


def read(table: LexborNode, *, most_cells: int) -> Grid | None:
    """Return the grid of `table`; None of one that only arranges the page.

    A cell stands in every place that it spans (html.spec.whatwg.org, "forming a table"). What is
    larger than the bounds is cut off.
    """
    role = (table.attributes.get("role") or "").strip().lower()
    if role in _LAYOUT_ROLES or table.css_first("table table") is not None:
        return None
    rows: list[Row] = []
    heading = 0
    for section in _children(table, _SECTIONS):
        for row in _rows(section, most_cells=most_cells - sum(map(len, rows))):
            heading += section.tag == "thead" and heading == len(rows)
            rows.append(row)
    caption = next(_children(table, frozenset({"caption"})), None)
    said = _text(caption)[:LONGEST_CAPTION] if caption is not None else ""
    grid = Grid(caption=said, rows=tuple(rows[:MOST_ROWS]), heading=heading or _headers(rows))
    return grid if said or heading or _is_data(rows) else None


def is_across(row: Row, *, width: int) -> bool:
    return len(row) > 1 and len(row) >= width and row[0] is not None and all(cell is row[0] for cell in row)


def _rows(section: LexborNode, *, most_cells: int) -> Iterator[Row]:
    """Yield the rows of a part of a table, until they have more cells than may be."""
    hanging: dict[int, tuple[int, Cell]] = {}
    cells = 0
    for line in _children(section, frozenset({"tr"})):
        row = _placed(map(_cell, _children(line, _CELLS)), hanging)
        cells += len(row) + 1
        if cells > most_cells:
            return
        if row:
            yield row


def _placed(cells: Iterable[Cell], hanging: dict[int, tuple[int, Cell]]) -> Row:
    """Return a row of `cells` and of those that hang into it from above, which are counted down."""
    row: dict[int, Cell] = {}
    for column, (left, cell) in tuple(hanging.items()):
        row[column] = cell
        if left > 1:
            hanging[column] = (left - 1, cell)
        else:
            del hanging[column]
    column = 0
    for cell in cells:
        while column in row:
            column += 1
        for place in range(column, min(column + cell.width, MOST_COLUMNS)):
            row.setdefault(place, cell)
            if cell.height > 1:
                hanging.setdefault(place, (cell.height - 1, cell))
        if column >= MOST_COLUMNS:
            break
    return [row.get(place) for place in range(max(row, default=-1) + 1)]


def _children(node: LexborNode, tags: frozenset[str]) -> Iterator[LexborNode]:
    return (child for child in node.iter() if child.tag in tags)


def _cell(node: LexborNode) -> Cell:
    attributes = node.attributes
    anchor = node.css_first("a[href]")
    return Cell(
        text=_text(node)[:LONGEST_CELL],
        reference=anchor.attributes.get("href") if anchor is not None else None,
        is_header=node.tag == "th",
        width=_span(attributes.get("colspan"), most=MOST_COLUMNS) or 1,
        height=_span(attributes.get("rowspan"), most=LONGEST_SPAN),
    )


def _span(said: str | None, *, most: int) -> int:
    """Return how far a cell reaches; 0 rows reach to the end of their part."""
    digits = (said or "").strip()
    if not digits.isascii() or not digits.isdigit() or len(digits) > 9:
        return 1
    return min(int(digits) or most, most)


def _text(node: LexborNode) -> str:
    if node.css_first("script,style") is None:
        return " ".join(node.text(separator=" ").split())
    return " ".join(" ".join(_shown(node)).split())


def _shown(node: LexborNode) -> Iterator[str]:
    for part in node.traverse(include_text=True):
        parent = part.parent
        if part.tag == "-text" and (parent is None or parent.tag not in {"script", "style"}):
            yield part.text(deep=False)


def _headers(rows: list[Row]) -> int:
    """Return how many of the first rows name the columns, where no part of the table says so."""
    width = len(rows[0]) if rows else 0
    count = 0
    for row in rows[:-1]:
        if not all(cell is None or cell.is_header for cell in row) or (count and is_across(row, width=width)):
            break
        count += 1
    if count or len(rows) < 2 or any(cell is None or cell.is_header for cell in rows[0]):
        return count
    return int(_names_numbers(rows))


def _names_numbers(rows: list[Row]) -> bool:
    """Say whether a first row without digits stands above some column of nothing but numbers."""
    first = [cell.text if cell else "" for cell in rows[0]]
    if not all(first) or len(set(first)) < len(first) or any(map(_has_digit, first)):
        return False
    columns = zip(
        *([cell.text if cell else "" for cell in row] for row in rows[1:] if len(row) == len(first)),
        strict=True,
    )
    return any(all(_is_figure(text) for text in column) for column in columns)


def _has_digit(text: str) -> bool:
    return any(map(str.isdigit, text))


def _is_figure(text: str) -> bool:
    return _has_digit(text) and sum(map(str.isalpha, text)) <= 3


def _is_data(rows: list[Row]) -> bool:
    """Say whether a table without caption or head has data: headers, or short texts in even rows."""
    filled = [cell for row in rows for cell in row if cell is not None]
    if any(cell.is_header for cell in filled):
        return len(filled) > 1
    widths = [len(row) for row in rows]
    if len(rows) < 2 or max(widths) < 2 or widths.count(max(widths)) < 0.8 * len(rows):
        return False
    lengths = [len(cell.text) for cell in filled if cell.text]
    return len(lengths) >= 0.5 * len(filled) and median(lengths or [0]) <= _SHORT_CHARACTERS
