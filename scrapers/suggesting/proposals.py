"""From one page to ranked candidates, each of which was read from the page as it is declared."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any, Final

from scrapers import fields as declared
from scrapers.page import Problem, Scraped
from scrapers.suggesting import drafting, next_page, outline, rows
from scrapers.suggesting.values import Candidate, SuggestedField, Suggestions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from scrapers.page import JSON, Page
    from scrapers.suggesting.drafting import Draft, DraftField
    from scrapers.suggesting.outline import Element

MOST_CANDIDATES: Final = 5
MOST_SAMPLES: Final = 3
MOST_RECORDS: Final = 10_000
"""As many as are taken of a page."""
_MOST_DRAFTS: Final = 25
_MOST_MISFITS: Final = 0.1
_AS_WHOLE: Final = 0.75
_MOST_OF_TEXT: Final = 300
_MOST_OF_LIST: Final = 10
_TEXT: Final = "text"


def suggest(page: Page) -> Suggestions:
    """Return what repeats on an HTML page; nothing for other content.

    As much of the page is looked at as has `outline.MOST_ELEMENTS` elements. What is proposed for a row
    and a field is told by how elements are nested and called, never by what a model has learnt.
    """
    if not page.is_html:
        return Suggestions()
    found = outline.of_page(page)
    drafts = [
        draft
        for set_ in rows.of_outline(found)[:_MOST_DRAFTS]
        if (draft := drafting.of_rows(set_, page=page, length=found.length)) is not None
    ]
    following = next_page.of_page(page, found)
    options = following.options if following is not None else {}
    candidates: list[Candidate] = []
    for draft in _different(drafts):
        candidate = _tried(draft, page, options)
        if candidate is not None:
            candidates.append(candidate)
        if len(candidates) == MOST_CANDIDATES:
            break
    return Suggestions(candidates=tuple(candidates), next_page=following)


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


def _tried(draft: Draft, page: Page, options: Mapping[str, Any]) -> Candidate | None:
    """Return the candidate as the page is read by it; None where that gives too little.

    A type that does not fit what is there after all becomes text, and a field that is nowhere goes.
    """
    fields = {field.name: field.declared for field in draft.fields}
    records, misfits = _read(page, row=draft.rows.selector, fields=fields)
    while unfit := _unfit(fields, records, misfits):
        fields = {name: unfit.get(name, said) for name, said in fields.items() if unfit.get(name, said)}
        if not fields:
            return None
        records, misfits = _read(page, row=draft.rows.selector, fields=fields)
    if len(records) < rows.LEAST_ROWS:
        return None
    return Candidate(
        row=draft.rows.selector,
        fields=fields,
        options=options,
        columns=tuple(
            _column(field, fields[field.name], records) for field in draft.fields if field.name in fields
        ),
        rows=len(records),
        score=round(draft.score, 3),
        samples=tuple(_sample(record) for record in records[:MOST_SAMPLES]),
    )


def _sample(record: dict[str, JSON]) -> dict[str, JSON]:
    """Return a record as it is shown: of long texts and lists the beginning."""
    return {
        name: [_begun(one) for one in value[:_MOST_OF_LIST]] if isinstance(value, list) else _begun(value)
        for name, value in record.items()
    }


def _begun(value: JSON) -> JSON:
    return value[:_MOST_OF_TEXT] if isinstance(value, str) else value


def _unfit(
    fields: Mapping[str, Mapping[str, Any]], records: list[dict[str, JSON]], misfits: Mapping[str, int]
) -> dict[str, dict[str, Any]]:
    """Return fields whose type fits too few records, as text; and those that no record has, as nothing."""
    unfit: dict[str, dict[str, Any]] = {}
    for name, said in fields.items():
        if misfits.get(name, 0) > _MOST_MISFITS * len(records) and said["type"] != _TEXT:
            unfit[name] = {**said, "type": _TEXT}
        elif not any(name in record for record in records):
            unfit[name] = {}
    return unfit


def _column(field: DraftField, said: Mapping[str, Any], records: list[dict[str, JSON]]) -> SuggestedField:
    as_drafted = said["type"] == field.declared["type"]
    share = sum(field.name in record for record in records) / len(records)
    return SuggestedField(
        name=field.name,
        meaning=field.meaning.value if as_drafted else _TEXT,
        share=max(round(share, 3), 0.001),
    )


def _read(page: Page, *, row: str, fields: Mapping[str, Any]) -> tuple[list[dict[str, JSON]], dict[str, int]]:
    """Return the records that a declaration reads, and how often each field had another type."""
    scraper = declared.DeclaredRecords(schema=declared.parse(fields=fields, row=row))
    records: list[dict[str, JSON]] = []
    misfits: dict[str, int] = {}
    for found in scraper.parse(page):
        if isinstance(found, Scraped):
            records.append(found.data)
            if len(records) == MOST_RECORDS:
                break
        elif isinstance(found, Problem) and found.field:
            misfits[found.field] = misfits.get(found.field, 0) + 1
    return records, misfits
