"""Records that go on in the elements after their first one: rows of a table, a heading's paragraphs."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import cssselect

from scrapers.suggesting import columns, outline

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scrapers.suggesting.columns import Column
    from scrapers.suggesting.outline import Element

MOST_AFTER: Final = 4
LEAST_ROWS: Final = 3
_CELLS: Final = frozenset({"td", "th", "dt", "dd", "li"})
"""What stands in these is placed by them, and goes on in no other."""
_LISTS: Final = frozenset({"ul", "ol", "dl", "table"})
"""What has records of its own."""
_WEAKER: Final = 0.9
_WHOLE: Final = ":scope"


def after(rows: Sequence[Element]) -> int:
    """Return how many elements belong to each of `rows`, which are all in one parent, after it; 0 mostly.

    They are as many after each, with the same tags, no row is among them, and they are not like one.
    """
    parent = rows[0].parent
    if len(rows) < LEAST_ROWS or rows[0].tag in _CELLS or parent is None:
        return 0
    if any(row.parent is not parent for row in rows):
        return 0
    places = {element.number: place for place, element in enumerate(parent.children)}
    begins = [places[row.number] for row in rows]
    strides = {second - first for first, second in pairwise(begins)}
    if len(strides) != 1 or not 1 < (stride := strides.pop()) <= 1 + MOST_AFTER:
        return 0
    parts = [parent.children[begin + 1 : begin + stride] for begin in begins]
    before = parent.children[begins[0] - 1] if begins[0] else None
    return stride - 1 if _are_alike(parts, rows[0], before=before) else 0


def _are_alike(parts: Sequence[Sequence[Element]], row: Element, *, before: Element | None) -> bool:
    """Whether what follows rows goes on with each of them, and does not begin the next."""
    first, last = parts[0], parts[-1]
    tags = [one.tag for one in first]
    if any([one.tag for one in part] != tags for part in parts[:-1]):
        return False
    if [one.tag for one in last] != tags[: len(last)] or any(one.length for one in first[len(last) :]):
        return False
    if before is not None and _is_like(before, first[-1]):
        return False
    return not any(one.tag in _LISTS or _is_like(one, row) for one in first)


def _is_like(one: Element, other: Element) -> bool:
    """Whether two elements have the same tag, and mostly the same in them."""
    if one.tag != other.tag:
        return False
    ours, theirs = (
        {(held.tag, held.classes) for held in outline.inside(element, most=columns.MOST_INSIDE)}
        for element in (one, other)
    )
    return 2 * len(ours & theirs) >= len(ours | theirs)


def behind(rows: Sequence[Element], many: int) -> list[Sequence[Element]]:
    """Return so `many` elements as go on with each of `rows`, which are all in one parent."""
    parent = rows[0].parent
    if not many or parent is None:
        return [() for _row in rows]
    places = {element.number: place + 1 for place, element in enumerate(parent.children)}
    begins = [places[row.number] for row in rows]
    return [parent.children[begin : begin + many] for begin in begins]


def of_rows(rows: Sequence[Element], *, many: int) -> Iterator[tuple[Column, Sequence[Element]]]:
    """Yield the columns of what goes on with `rows`, already sampled, by XPath, and what they stand in."""
    parts = behind(rows, many)
    for place in range(many):
        there = [part[place] if len(part) > place else None for part in parts]
        held = [(index, one) for index, one in enumerate(there) if one is not None]
        for column in columns.of_rows([one for _index, one in held]):
            path = xpath(column.selector, place=place + 1)
            if path:
                yield (
                    replace(column, selector=path, language="xpath", strength=_WEAKER * column.strength),
                    [one for _index, one in held],
                )


def xpath(selector: str, *, place: int) -> str:
    """Return the XPath to what CSS finds in the element at a `place` after the row; empty without one."""
    here = f"following-sibling::*[{place}]"
    if selector == _WHOLE:
        return here
    try:
        return cssselect.HTMLTranslator().css_to_xpath(selector, prefix=f"{here}/descendant::")
    except cssselect.SelectorError:
        return ""
