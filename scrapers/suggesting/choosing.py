"""Which of the drafts of a page are proposed: each kind of record once, by the set with all its rows."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Final

from scrapers.suggesting import columns

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scrapers.suggesting.drafting import Draft
    from scrapers.suggesting.outline import Element

_AS_WHOLE: Final = 0.75
_TOLD: Final = 0.2
_LEAST_WANTED: Final = 2


def different(drafts: Iterable[Draft]) -> list[Draft]:
    """Return drafts, the best first, without those that say of the same records less than another does."""
    ranked = sorted(drafts, key=lambda draft: (-draft.score, draft.rows.elements[0].number))
    kept: list[Draft] = []
    for draft in ranked:
        if any(_says_more(other, draft) for other in ranked if other is not draft):
            continue
        if not any(_is_same(better, draft) or _is_part(better, draft) for better in kept):
            kept.append(draft)
    return kept


def _says_more(other: Draft, draft: Draft) -> bool:
    """Whether `other` has all rows of `draft` and more of the same kind."""
    ours, theirs = draft.rows.numbers, other.rows.numbers
    if not ours < theirs:
        return False
    return (
        other.whole >= _AS_WHOLE * draft.whole
        or _are_some_of(draft, other)
        or any(
            _has_fields(row, draft) for row in columns.sampled(other.rows.elements) if row.number not in ours
        )
    )


def _are_some_of(draft: Draft, other: Draft) -> bool:
    """Whether the rows of `draft` are told from their like only by how they look: new ones, the last one."""
    if other.rows.strength < draft.rows.strength + _TOLD:
        return False
    return {row.parent for row in other.rows.elements} == {row.parent for row in draft.rows.elements}


def _has_fields(row: Element, draft: Draft) -> bool:
    """Whether `row`, which is none of the draft's, has what nearly all of these have."""
    wanted = {said for one in draft.whole_fields if isinstance(said := one.declared.get("css"), str)}
    return len(wanted) >= _LEAST_WANTED and len(wanted & columns.selectable(row)) >= _AS_WHOLE * len(wanted)


def _is_same(better: Draft, draft: Draft) -> bool:
    """Whether each row of the one is inside one of the other, or around it."""
    ours, theirs = draft.rows.elements, better.rows.elements
    return len(ours) == len(theirs) and all(
        own is other or own.holds(other) or other.holds(own) for own, other in zip(ours, theirs, strict=True)
    )


def _is_part(better: Draft, draft: Draft) -> bool:
    """Whether `draft` only holds together what `better` tells apart: it has its rows, or lists of them."""
    if better.rows.numbers < draft.rows.numbers:
        return True
    first, middle = better.rows.elements[0], better.rows.elements[len(better.rows.elements) // 2]
    return any(row.holds(first) and row.holds(middle) for row in draft.rows.elements) or (
        2 * sum(_holds_several(row, better.rows.elements) for row in draft.rows.elements)
        > len(draft.rows.elements)
    )


def _holds_several(row: Element, inside: tuple[Element, ...]) -> bool:
    """Whether at least two of the elements, which are in order, are inside `row`."""
    place = bisect_right(inside, row.number, key=lambda element: element.number)
    return len(inside[place : place + 2]) == 2 and row.holds(inside[place + 1])
