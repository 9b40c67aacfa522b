"""Which of the drafts of a page are proposed: each kind of record once, by the set with all its rows."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Final

from scrapers.suggesting import columns, grouped, outline
from scrapers.suggesting.meanings import Meaning

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scrapers.suggesting.drafting import Draft, DraftField
    from scrapers.suggesting.outline import Element
    from scrapers.suggesting.values import Candidate

_AS_WHOLE: Final = 0.75
_TOLD: Final = 0.2
_LEAST_WANTED: Final = 2
_AS_GOOD: Final = 0.8
_HEADED: Final = frozenset({"dt", "tr"})
"""What stands around these beside them is said of them otherwise: by headings of columns."""
_SEVERAL: Final = 1.5
_OWN: Final = 0.7
_MOST_OF_IT: Final = 0.5


def different(drafts: Iterable[Draft]) -> list[Draft]:
    """Return drafts, the best first, without those that say of the same records less than another does."""
    ranked = sorted(drafts, key=lambda draft: (-draft.score, draft.rows.elements[0].number))
    kept: list[Draft] = []
    groups: dict[int, Draft] = {}
    for draft in ranked:
        others = [other for other in ranked if other is not draft]
        inside = [other for other in others if _are_groups(draft, other)]
        groups = {id(other): draft for other in inside} | groups
        if inside or any(_says_more(other, draft) for other in others):
            continue
        if not any(_is_same(better, draft) or _is_part(better, draft) for better in kept):
            kept.append(draft)
    return [_with_group(draft, groups.get(id(draft))) for draft in kept]


def _with_group(draft: Draft, groups: Draft | None) -> Draft:
    if groups is None or draft.rows.elements[0].tag in _HEADED:
        return draft
    return grouped.with_group(draft, groups, own=_own(groups, draft))


def without_repeats(found: Iterable[Candidate]) -> Iterator[Candidate]:
    """Yield candidates, the best first, without those whose records another has: pages carry them twice."""
    kept: list[Candidate] = []
    for candidate in found:
        if not any(_has_all(other, candidate) for other in kept):
            kept.append(candidate)
            yield candidate


def _has_all(other: Candidate, candidate: Candidate) -> bool:
    """Whether the records of `other` say all that those of `candidate` do, as far as they are shown."""
    return other.rows == candidate.rows and all(
        all(value in ours.values() for value in theirs.values())
        for ours, theirs in zip(other.samples, candidate.samples, strict=True)
    )


def _says_more(other: Draft, draft: Draft) -> bool:
    """Whether `other` has all rows of `draft` and more of the same kind."""
    ours, theirs = draft.rows.numbers, other.rows.numbers
    if not ours < theirs or _begins_with_heading(other, draft):
        return False
    return (
        other.whole >= _AS_WHOLE * draft.whole
        or _are_some_of(draft, other)
        or any(
            _has_fields(row, draft) for row in columns.sampled(other.rows.elements) if row.number not in ours
        )
    )


def _begins_with_heading(other: Draft, draft: Draft) -> bool:
    """Whether `other` has one row besides those of `draft`: the first, without the link that all have."""
    first, *rest = other.rows.elements
    if len(rest) != len(draft.rows.elements) or first.number in draft.rows.numbers:
        return False
    linked = any(field.meaning is Meaning.URL for field in draft.whole_fields)
    return linked and not any(one.tag == "a" for one in outline.inside(first, most=columns.MOST_INSIDE))


def _are_groups(draft: Draft, other: Draft) -> bool:
    """Whether the rows of `draft` are lists of those of `other`: dishes by kind, terms by letter."""
    outer, inner = draft.rows.elements, other.rows.elements
    if len(inner) < _SEVERAL * len(outer) or len(draft.rows.numbers & other.rows.numbers):
        return False
    if 2 * sum(_holds_several(row, inner) for row in outer) < len(outer):
        return False
    if inner[0].tag == "dt":
        # what is said of each record is called the same
        said = [outline.text(term) for term in columns.sampled(inner)]
        return len(set(said)) > _OWN * len(said)
    if inner[0].tag == "p" or other.score < _AS_GOOD * draft.score:
        return False
    if sum(row.length for row in inner) < _MOST_OF_IT * sum(row.length for row in outer):
        return False
    return len(_own(draft, other)) <= other.whole


def _own(draft: Draft, other: Draft) -> list[DraftField]:
    """Return what nearly all rows of `draft` have beside the rows of `other` in them."""
    held = {said for row in columns.sampled(other.rows.elements) for said in columns.selectable(row)}
    return [field for field in draft.whole_fields if field.declared.get("css") not in held]


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
