"""Cells of tables that span columns or rows: where each stands, and selectors that find what stands there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scrapers.suggesting import spots
from scrapers.suggesting.columns import MOST_COLUMNS, Column

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scrapers.suggesting.outline import Element

Line = dict[int, "Element"]
"""The cell of a row at each place, those included that hang into it from above."""
_LONGEST: Final = 65_534
_STRENGTH: Final = 0.84
_WHOLE: Final = "self::*[td and count(*)="
_MOST_ROWS: Final = 2_000
_PLACED: Final = ("td:nth-child(", "th:nth-child(")


def lines(rows: Sequence[Element]) -> Iterator[Line]:
    """Yield the line of each of `rows`, which are all of a part of a table from its beginning."""
    hanging: dict[int, tuple[int, Element]] = {}
    for row in rows:
        line = {place: cell for place, (_left, cell) in hanging.items()}
        hanging = {place: (left - 1, cell) for place, (left, cell) in hanging.items() if left > 1}
        place = 0
        for cell in row.children:
            while place in line:
                place += 1
            below = span(cell, "rowspan") - 1
            for at in range(place, min(place + span(cell, "colspan"), MOST_COLUMNS)):
                line.setdefault(at, cell)
                if below > 0:
                    hanging.setdefault(at, (below, cell))
        yield line


def span(cell: Element, attribute: str) -> int:
    """Return how far `cell` reaches; 0 rows reach to the end of their part."""
    said = cell.said(attribute)
    if not said.isascii() or not said.isdigit() or len(said) > 9:
        return 1
    return min(int(said), _LONGEST) or (_LONGEST if attribute == "rowspan" else 1)


def corrected(found: list[Column], *, rows: Sequence[Element], sampled: Sequence[Element]) -> list[Column]:
    """Return the columns of a table's rows, of which some were `found` by counting the cells of each row.

    Where cells hang into rows from above, those behind them stand one further than they are counted: these
    are counted from the end of the row, and the cell that hangs is looked for above.
    """
    table = _lending(rows)
    width = len(next(iter(table.values()), {}))
    if any(len(line) != width or len(set(map(id, line.values()))) != width for line in table.values()):
        return found
    hung = {place for row, line in table.items() for place, cell in line.items() if cell.parent is not row}
    if not hung:
        return found
    kept = [column for column in found if not column.selector.startswith(_PLACED)]
    texts = [column for column in kept if column.aspect == spots.TEXT]
    known = {(row, spot.element) for column in texts for row, spot in column.spots.items()}
    is_nested = len(hung) > 1 and _are_nested(table, hung)
    added = [
        column
        for place in range(width)
        if (
            column := _column(
                place, hung=hung, rows=sampled, table=[table[row] for row in sampled], is_nested=is_nested
            )
        )
        and not known.issuperset((row, spot.element) for row, spot in column.spots.items())
    ]
    return sorted([*kept, *added], key=lambda column: (column.first.element.number, column.aspect))


def _lending(rows: Sequence[Element]) -> dict[Element, Line]:
    """Return the line of each of `rows`; of none where no cell reaches down or the part has too many."""
    section = rows[0].parent
    if rows[0].tag != "tr" or section is None or any(row.parent is not section for row in rows):
        return {}
    parts = [part for part in section.children if part.tag == "tr"]
    reaches = any(span(cell, "rowspan") > 1 for part in parts for cell in part.children)
    if not reaches or len(parts) > _MOST_ROWS:
        return {}
    wanted = set(rows)
    return {part: line for part, line in zip(parts, lines(parts), strict=True) if part in wanted}


def _column(
    place: int, *, hung: set[int], rows: Sequence[Element], table: Sequence[Line], is_nested: bool
) -> Column | None:
    """Return the texts at a place of every line; None where no selector finds them, or there is none."""
    width, tags = len(table[0]), {line[place].tag for line in table}
    there = {
        number: spot
        for number, (row, line) in enumerate(zip(rows, table, strict=True))
        for spot in spots.of_element(line[place], row=row)
        if spot.aspect == spots.TEXT
    }
    language, selector = "css", ""
    if place in hung and len(hung) > 1:
        language, selector = "xpath", _nested(place, width=width) if is_nested else ""
    elif place in hung:
        language, selector = "xpath", _above(place + 1, width=width)
    elif len(tags) == 1 and place < min(hung):
        selector = f"{tags.pop()}:nth-child({place + 1})"
    elif len(tags) == 1 and place > max(hung):
        selector = f"{tags.pop()}:nth-last-child({width - place})"
    if not selector or not there:
        return None
    share = len(there) / len(rows)
    return Column(
        selector=selector, language=language, strength=_STRENGTH, aspect=spots.TEXT, spots=there, share=share
    )


def _are_nested(table: Mapping[Element, Line], hung: set[int]) -> bool:
    """Whether cells that hang stand before all others, and none reaches further than the one before it.

    Each is then found in the nearest row with as many cells as are from it to the end of the line.
    """
    if hung != set(range(len(hung))):
        return False
    nearest: dict[int, Element] = {}
    for row, line in table.items():
        for place in hung:
            wanted = len(line) - place
            if len(row.children) >= wanted:
                nearest[place] = row.children[-wanted]
            if nearest.get(place) is not line[place]:
                return False
    return True


def _nested(place: int, *, width: int) -> str:
    """Return the XPath to what `_are_nested` finds at a place, from 0."""
    wanted = width - place
    cell = f"*[last()-{wanted - 1}]" if wanted > 1 else "*[last()]"
    return (
        f"self::*[count(*)>={wanted}]/{cell}"
        f" | self::*[count(*)<{wanted}]/preceding-sibling::*[count(*)>={wanted}][1]/{cell}"
    )


def _above(number: int, *, width: int) -> str:
    """Return the XPath to the cell with a `number` in whole rows, and in others to what hangs into them."""
    lacking = f"self::*[td and count(*)={width - 1} and not(*/@colspan)]"
    return (
        f"{_WHOLE}{width}]/*[{number}] | {lacking}/preceding-sibling::*[*[{number}]/@rowspan][1]/*[{number}]"
    )
