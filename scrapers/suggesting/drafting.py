"""A candidate before it is tried: its rows, its fields, and what it is worth."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from scrapers.suggesting import columns, meanings, naming, places, spans, terms
from scrapers.suggesting.meanings import WEIGHTS, Meaning
from scrapers.suggesting.rows import LEAST_ROWS

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    headings = naming.headings_of(sampled[-1])
    # what is written first: most attributes repeat it
    found.sort(key=lambda column: column.aspect.startswith("data-"))
    named = [_Named.of(column, rows=sampled, page=page, headings=headings) for column in found[:MOST_FIELDS]]
    if not headings and not any(_is_title(one.name) for one in named if one.meaning is Meaning.TEXT):
        first = next((one for one in named if one.name == "text"), None)
        named = [replace(one, name="title") if one is first else one for one in named]
    taken: set[str] = set()
    fields = [one.field(taken) for one in named if not one.repeats(taken)]
    # a date that some rows have as an attribute and some as text is read by one declaration
    return [
        one
        for number, one in enumerate(fields)
        if one.declared not in [other.declared for other in fields[:number]]
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    """A column with its meaning, and the name it should have."""

    column: Column
    meaning: Meaning
    name: str

    @classmethod
    def of(cls, column: Column, *, rows: list[Element], page: Page, headings: dict[int, str]) -> _Named:
        row = rows[min(column.spots)]
        words = naming.words_of(column, row=row)
        meaning = meanings.of_values(column.values, aspect=column.aspect, words=words, page=page)
        name = naming.of_column(column, meaning=meaning, row=row, headings=headings)
        return cls(column=column, meaning=meaning, name=name)

    def repeats(self, taken: set[str]) -> bool:
        """Whether this is an attribute of the name of something written."""
        return self.column.aspect.startswith("data-") and self.name in taken

    def field(self, taken: set[str]) -> DraftField:
        """Return the field under a name that is not `taken`, which it takes."""
        column, name = self.column, self.name
        if self.meaning is Meaning.URL and column.share >= _NEARLY_ALL and "link" not in taken:
            name = "link"
        selector = {column.language: column.selector}
        declared = meanings.declared(selector, aspect=column.aspect, meaning=self.meaning)
        return DraftField(
            name=naming.unique(name, taken),
            meaning=self.meaning,
            declared=declared | ({"many": True} if column.many else {}),
            share=column.share,
            strength=column.strength,
        )


def _is_title(name: str) -> bool:
    return bool({"title", "name", "headline", "heading", "term"} & set(name.split("_")))


def _score(rows: Rows, fields: list[DraftField], *, length: int) -> float:
    """Return what a candidate is worth in its place on the page, by a selector that says what it finds."""
    share = sum(row.length for row in rows.elements) / max(1, length)
    place = min(places.weight(rows.elements[0]), places.weight(rows.elements[-1]))
    return place * (0.6 + 0.4 * rows.strength) * worth(fields, rows=len(rows.elements), share=share)
