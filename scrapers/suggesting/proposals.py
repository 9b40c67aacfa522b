"""From one page to ranked candidates, each of which was read from the page as it is declared."""

from __future__ import annotations

from bisect import bisect_right
from itertools import islice
from typing import TYPE_CHECKING, Final

from scrapers.suggesting import drafting, next_page, objects, outline, reading, rows
from scrapers.suggesting.values import Suggestions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from scrapers.page import Page
    from scrapers.suggesting.drafting import Draft
    from scrapers.suggesting.outline import Element, Outline
    from scrapers.suggesting.values import Candidate

MOST_CANDIDATES: Final = 5
_MOST_DRAFTS: Final = 25
_AS_WHOLE: Final = 0.75


def suggest(page: Page) -> Suggestions:
    """Return what repeats on a page of HTML or JSON; nothing for other content.

    As much of an HTML page is looked at as has `outline.MOST_ELEMENTS` elements. What is proposed for a row
    and a field is told by how elements are nested and called, never by what a model has learnt.
    """
    if page.is_json:
        following = objects.next_page(page)
        candidates = objects.candidates(page, options=following.options if following is not None else {})
    elif page.is_html:
        found = outline.of_page(page)
        following = next_page.of_page(page, found)
        candidates = _of_outline(page, found, options=following.options if following is not None else {})
    else:
        return Suggestions()
    return Suggestions(candidates=tuple(islice(candidates, MOST_CANDIDATES)), next_page=following)


def _of_outline(page: Page, found: Outline, *, options: Mapping[str, str]) -> Iterator[Candidate]:
    """Yield what repeats on an HTML page, the best first."""
    drafts = [
        draft
        for set_ in rows.of_outline(found)[:_MOST_DRAFTS]
        if (draft := drafting.of_rows(set_, page=page, length=found.length)) is not None
    ]
    for draft in _different(drafts):
        candidate = reading.tried(
            page, row=draft.rows.selector, drafted=draft.fields, score=draft.score, options=options
        )
        if candidate is not None:
            yield candidate


def _different(drafts: Iterable[Draft]) -> list[Draft]:
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
    return ours < theirs and other.whole >= _AS_WHOLE * draft.whole


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
