"""A candidate before it is tried: its rows, its fields, and what it is worth."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from scrapers.suggesting import (
    columns,
    going_on,
    labelled,
    meanings,
    naming,
    outline,
    places,
    spans,
    spots,
    struck,
    terms,
)
from scrapers.suggesting.meanings import WEIGHTS, Meaning
from scrapers.suggesting.rows import LEAST_ROWS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scrapers.page import Page
    from scrapers.suggesting.columns import Column
    from scrapers.suggesting.outline import Element
    from scrapers.suggesting.rows import Rows

MOST_FIELDS: Final = 12
LEAST_WHOLE: Final = 2
"""A record has at least two fields that nearly every row has."""
LEAST_SCORE: Final = 0.3
_MANY_ROWS: Final = 20
_NEARLY_ALL: Final = 0.85
_SOME_ROWS: Final = 3
_CODE: Final = 0.5
_LACKING: Final = 1.01
"""Rows that may lack a field which nearly all have, were they as few as `_SOME_ROWS`; shares are rounded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftField:
    """One field, the share of the sampled rows that have it, and how well its selector says what it is."""

    name: str
    meaning: Meaning
    declared: dict[str, Any]
    share: float
    strength: float = 1.0

    @property
    def weight(self) -> float:
        return WEIGHTS[self.meaning] * self.strength


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Rows with their fields and their score."""

    rows: Rows
    fields: tuple[DraftField, ...]
    score: float

    @property
    def whole(self) -> int:
        """Return how many fields nearly every row has."""
        return len(self.whole_fields)

    @property
    def whole_fields(self) -> list[DraftField]:
        """Return the fields that nearly every row has."""
        rows = len(columns.sampled(self.rows.elements))
        return [field for field in self.fields if nearly_all(field.share, rows=rows)]


def nearly_all(share: float, *, rows: int) -> bool:
    """Whether a field that `share` of some `rows` has is one of the record: a few have their gaps."""
    return share >= _NEARLY_ALL or (rows >= _SOME_ROWS and (1 - share) * rows < _LACKING)


def worth(fields: Sequence[DraftField], *, rows: int, share: float) -> float:
    """Return what records are worth, 1 at most: many, rich and whole ones that are most of what there is."""
    if not fields:
        return 0.0
    number = min(1.0, math.log2(rows + 1) / math.log2(_MANY_ROWS + 1))
    there = sum(field.weight * field.share for field in fields)
    wholeness = there / sum(field.weight for field in fields)
    richness = 1 - math.exp(-there / 2.2)
    return 0.25 * number + 0.35 * richness + 0.15 * wholeness + 0.25 * math.sqrt(min(1.0, share))


def of_rows(rows: Rows, *, page: Page, length: int) -> Draft | None:
    """Return what can be read of `rows`, on a page with `length` characters; None where that is no record."""
    rows = _without_headings(rows)
    if len(rows.elements) < LEAST_ROWS:
        return None
    if terms.are_terms(rows):
        fields = [
            DraftField(name=name, meaning=meaning, declared=declared, share=1.0)
            for name, meaning, declared in terms.fields_of(rows)
        ]
    elif rows.elements[0].tag == "dt":
        return None
    else:
        fields = _fields(rows, page)
    if all(field.meaning in {Meaning.URL, Meaning.IMAGE} for field in fields):
        return None
    draft = Draft(rows=rows, fields=tuple(fields), score=_score(rows, fields, length=length))
    return draft if draft.whole >= LEAST_WHOLE and draft.score >= LEAST_SCORE else None


def _without_headings(rows: Rows) -> Rows:
    """Leave out rows of a table that hold headings only: no field finds anything there."""
    if rows.elements[0].tag != "tr":
        return rows
    kept = tuple(row for row in rows.elements if any(cell.tag == "td" for cell in row.children))
    return replace(rows, elements=kept)


def _fields(rows: Rows, page: Page) -> list[DraftField]:
    sampled = columns.sampled(rows.elements)
    found = spans.corrected(columns.of_rows(sampled), rows=rows.elements, sampled=sampled)
    found = struck.corrected(labelled.corrected(found, rows=sampled), rows=sampled)
    headings = naming.headings_of(sampled[-1])
    # what is written first: most attributes repeat it
    found.sort(key=lambda column: column.aspect.startswith("data-"))
    named = [_Named.of(column, rows=sampled, page=page, headings=headings) for column in found[:MOST_FIELDS]]
    named = [*named, *_named_after(rows, found, page)][:MOST_FIELDS]
    if not headings and not any(_is_title(one.name) for one in named if one.meaning is Meaning.TEXT):
        first = next((one for one in named if one.name == "text"), None)
        named = [replace(one, name="title") if one is first else one for one in named]
    taken: set[str] = set()
    main = _main_link(named)
    fields = [one.field(taken, is_main=one is main) for one in named if not one.repeats(taken)]
    # a date that some rows have as an attribute and some as text is read by one declaration
    return [
        one
        for number, one in enumerate(fields)
        if one.declared not in [other.declared for other in fields[:number]]
    ]


def _named_after(rows: Rows, found: Sequence[Column], page: Page) -> Iterator[_Named]:
    """Yield what the records say in the elements after their rows, and in these not yet."""
    many = going_on.after(rows.elements)
    known = [(column.aspect, column.values) for column in found]
    for column, part in going_on.of_rows(columns.sampled(rows.elements), many=many) if many else ():
        if (column.aspect, column.values) not in known:
            yield _Named.of(column, rows=part, page=page, headings={})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    """A column with its meaning, and the name it should have."""

    column: Column
    meaning: Meaning
    name: str

    @classmethod
    def of(cls, column: Column, *, rows: Sequence[Element], page: Page, headings: dict[int, str]) -> _Named:
        row = rows[min(column.spots)]
        words = naming.words_of(column, row=row)
        meaning = meanings.of_values(column.values, aspect=column.aspect, words=words, page=page)
        name = naming.of_column(column, meaning=meaning, row=row, headings=headings)
        return cls(column=column, meaning=meaning, name=name)

    def repeats(self, taken: set[str]) -> bool:
        """Whether this is an attribute of the name of something written."""
        return self.column.aspect.startswith("data-") and self.name in taken

    def field(self, taken: set[str], *, is_main: bool) -> DraftField:
        """Return the field under a name that is not `taken`, which it takes: that of `is_main` is link."""
        column, name = self.column, "link" if is_main else self.name
        selector = {column.language: column.selector}
        gaps = len(meanings.without_gaps(column.values)) < len(column.values)
        declared = meanings.declared(selector, aspect=column.aspect, meaning=self.meaning, gaps=gaps)
        return DraftField(
            name=naming.unique(name, taken),
            meaning=self.meaning,
            declared=declared | self._besides() | ({"many": True} if column.many else {}),
            share=column.share,
            strength=column.strength,
        )

    def _besides(self) -> dict[str, Any]:
        is_text = self.meaning is Meaning.TEXT and self.column.aspect == spots.TEXT
        return meanings.without_pilcrows(self.column.values) if is_text else {}


def _main_link(named: list[_Named]) -> _Named | None:
    """Return the link that leads on from each row: that of its title, else the first that is its own."""
    links = [one for one in named if one.meaning is Meaning.URL and one.column.share >= _NEARLY_ALL]
    titles = {
        spot.element.number for one in named if _is_title(one.name) for spot in one.column.spots.values()
    }
    first = [
        one
        for one in links
        if any(_is_around(spot.element, titles) for spot in list(one.column.spots.values())[:1])
    ]
    own = [one for one in links if len(set(one.column.values)) >= _NEARLY_ALL * len(one.column.values)]
    return next(iter([*first, *own, *links]), None)


def _is_around(link: Element, titles: set[int]) -> bool:
    near = {link.number} | ({link.parent.number} if link.parent is not None else set())
    return bool(titles & near) or any(link.number < number <= link.last for number in titles)


def _is_title(name: str) -> bool:
    return bool({"title", "name", "headline", "heading", "term"} & set(name.split("_")))


def _likeness(fields: Sequence[DraftField]) -> float:
    """Return how far a few rows are of one kind: a page's parts have little in common."""
    whole = sum(field.share == 1 for field in fields)
    return min(1.0, 0.5 + whole / max(1, len(fields)))


def _code(row: Element) -> bool:
    """Whether nearly all of a row is written for machines."""
    inside = outline.inside(row, most=columns.MOST_INSIDE)
    return any(one.tag == "pre" and one.length > _NEARLY_ALL * row.length for one in inside)


def _score(rows: Rows, fields: list[DraftField], *, length: int) -> float:
    """Return what a candidate is worth in its place on the page, by a selector that says what it finds."""
    parts = going_on.behind(rows.elements, going_on.after(rows.elements))
    behind = sum(one.length for part in parts for one in part)
    share = (behind + sum(row.length for row in rows.elements)) / max(1, length)
    place = min(places.weight(rows.elements[0]), places.weight(rows.elements[-1]))
    if len(rows.elements) <= _SOME_ROWS:
        place *= _likeness(fields)
    if rows.elements[0].tag == "pre" or 2 * sum(map(_code, rows.elements[:_SOME_ROWS])) > _SOME_ROWS:
        place *= _CODE
    return place * (0.6 + 0.4 * rows.strength) * worth(fields, rows=len(rows.elements), share=share)
