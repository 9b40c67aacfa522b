"""Prices that were lowered: what is struck through is the old one, and the new one stands beside it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from scrapers.suggesting import columns, outline, spots
from scrapers.suggesting.naming import STRUCK

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scrapers.suggesting.columns import Column
    from scrapers.suggesting.outline import Element
    from scrapers.suggesting.spots import Spot

_BY_CLASS: Final = re.compile(r"\.([\w-]+)")
_AMOUNT: Final = re.compile(r"\D{0,5}\d[\d.,'\s]*\D{0,5}")
_MOST_SELECTORS: Final = 3


def corrected(found: list[Column], *, rows: Sequence[Element]) -> list[Column]:
    """Return the columns of `rows`, already sampled; of a price that some rows lower the new one."""
    made = {id(column): new for column in found if (new := _current(column, rows)) is not None}
    if not made:
        return found
    known = {place for new in made.values() for place in new.places}
    changed = [made.get(id(column), column) for column in found]
    return [column for column in changed if column in made.values() or not column.places <= known]


def _current(column: Column, rows: Sequence[Element]) -> Column | None:
    """Return the column with what is not struck; None where nothing is, or no selector finds the rest."""
    by_class = _BY_CLASS.fullmatch(column.selector)
    if by_class is None or column.aspect != spots.TEXT or column.many:
        return None
    holders = {index: holder for index in column.spots if (holder := _holder(rows[index], by_class.group(1)))}
    if not any(child.tag in STRUCK for holder in holders.values() for child in holder.children):
        return None
    wanted: dict[str, None] = {}
    for holder in holders.values():
        amounts = [child for child in holder.children if child.tag not in STRUCK and _says_amount(child)]
        amounts.sort(key=lambda child: child.tag != "ins")
        if not amounts:
            return None
        wanted[next((one for one, _ in columns.named(amounts[0])), amounts[0].tag)] = None
    there = _found(holders, rows, wanted)
    if len(wanted) > _MOST_SELECTORS or len(there) < len(column.spots):
        return None
    selector = ", ".join(f"{column.selector} > {one}" for one in wanted)
    return replace(column, selector=selector, spots=there, more={})


def _holder(row: Element, name: str) -> Element | None:
    inside = outline.inside(row, most=columns.MOST_INSIDE)
    return next((one for one in inside if name in one.classes), None)


def _says_amount(element: Element) -> bool:
    return _AMOUNT.fullmatch(outline.text(element)) is not None


def _found(
    holders: Mapping[int, Element], rows: Sequence[Element], wanted: Mapping[str, None]
) -> dict[int, Spot]:
    """Return what is read of each row: of the first child that one of the selectors finds."""
    there: dict[int, Spot] = {}
    for index, holder in holders.items():
        matching = (one for one in holder.children if wanted.keys() & {one.tag, *dict(columns.named(one))})
        first = next(matching, None)
        if first is None or first.tag in STRUCK or not _says_amount(first):
            continue
        spot = next(
            (one for one in spots.of_element(first, row=rows[index]) if one.aspect == spots.TEXT), None
        )
        # what is formatted alone is no spot of its own, and is read all the same
        there[index] = spot or spots.Spot(element=first, aspect=spots.TEXT, value=outline.text(first))
    return there
