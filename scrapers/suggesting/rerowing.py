"""Rows of a changed page: whether they are found as they are declared, and which others may be proposed.

A selector may leave out what is none of the records, which no suggestion knows of. So rows that are found
stay as they are, and others are counted by the records that they give.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from scrapers import fields as declarations
from scrapers.fields.records import OVER_JSON
from scrapers.links import Follow
from scrapers.page import NotJson, Scraped
from scrapers.suggesting import (
    holders,
    json_groups,
    nesting,
    outline,
    proposals,
    scripts,
    telling,
    trying,
)
from scrapers.suggesting.objects import Source
from scrapers.suggesting.reading import MOST_RECORDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scrapers.fields.schema import Schema
    from scrapers.page import JSON, Page
    from scrapers.suggesting.mending import Known
    from scrapers.suggesting.outline import Outline
    from scrapers.suggesting.patience import Patience

MOST_ROWS: Final = 3
MOST_PAGES: Final = 2
MOST_SHOWN: Final = 120
"""So many characters of a value."""
UNREADABLE: Final = (
    "Fields are looked for in HTML and JSON alone, and these pages are neither: declare the fields anew."
)
NO_ELEMENTS: Final = (
    "The rows are found by {row}, but in markup too broken to look into for fields: declare the fields anew."
)
SOME: Final = (
    "The rows are found by {row} on {pages:,} of {of:,} pages. What is proposed reads these: look at one of "
    "the others, which it may leave without records."
)
NONE: Final = "The rows are not found any more by {row}, and no others give what was known."
OTHERS: Final = (
    "The rows are not found any more by {row}, but by {other}. With what is first for each field it gives "
    "{records:,} records where {known:,} were known, on {pages:,} of the pages."
)
MORE: Final = (
    " That is more than were known: look whether there are some among them that {row} left out, and say so "
    "when you save it."
)


@dataclass(frozen=True, slots=True)
class Share:
    """The pages on which the rows are found, and those on which they are not."""

    having: Sequence[Known]
    lacking: Sequence[Known]

    @property
    def is_enough(self) -> bool:
        """Whether half of them or more have the rows, so that these stay as they are."""
        return len(self.having) >= len(self.lacking)


class Records(NamedTuple):
    """How many records pages give, and how many were known; `unknown` are some that say nothing of these."""

    given: int
    known: int
    pages: int
    unknown: tuple[dict[str, JSON], ...] = ()

    @property
    def odd(self) -> int:
        """How many are too many or too few."""
        return abs(self.given - self.known)


def share(pages: Sequence[Known], *, row: str, fields: Mapping[str, Any], patience: Patience) -> Share:
    """Tell the pages that have rows, as declared, from those that have not; without a row all have.

    Once time is over no further page is looked at, and the rest is left out.
    """
    if not row:
        return Share(pages, [])
    schema = trying.parsed_alone(fields=fields, row=row)
    told: list[tuple[Known, bool]] = []
    for known in pages:
        if told and patience.is_over(told):
            break
        told.append((known, _has_rows(known, schema)))
    return Share([one for one, has in told if has], [one for one, has in told if not has])


def _has_rows(known: Known, schema: Schema) -> bool:
    """Say whether a page has rows; one object of JSON where several records were is none of them."""
    found = holders.rows(known.page, schema)
    if len(found) == 1 and len(known.records) > 1 and isinstance(schema.row, OVER_JSON):
        root = holders.rows(known.page, trying.without_row(schema))
        return isinstance(root[0].select(schema.row)[0].read(None, None), list)
    return bool(found)


def note(pages: Sequence[Known], found: Share, *, row: str, fields: Mapping[str, Any]) -> str:
    """Return what is to know of rows that stay as they are; empty where fields are looked for in all."""
    readable = [known.page for known in pages if known.page.is_html or known.page.is_json]
    if not readable:
        return UNREADABLE if pages else ""
    schema = trying.parsed_alone(fields=fields, row=row)
    if not any(_is_looked_into(page, schema) for page in readable):
        return NO_ELEMENTS.format(row=row) if row else ""
    of = len(found.having) + len(found.lacking)
    return SOME.format(row=row, pages=len(found.having), of=of) if found.lacking else ""


def _is_looked_into(page: Page, schema: Schema) -> bool:
    found = holders.Holders.of_page(page, schema)
    return bool(found.rows or found.values({}, ""))


def others(pages: Sequence[Known], row: str, *, patience: Patience, walked: dict[int, Outline]) -> list[str]:
    """Return rows that may be tried instead of some that are not found any more.

    Once time is over no further JSON is looked into for them. Outlines that were `walked` are kept there.
    """
    readable = [known for known in pages if known.page.is_html or known.page.is_json]
    if not readable:
        return []
    suggested = [one.row for one in proposals.suggest(readable[0].page).candidates[:MOST_ROWS]]
    found = dict.fromkeys([*_in_json(readable[:MOST_PAGES], patience=patience, walked=walked), *suggested])
    return [one for one in found if one != row]


def _in_json(pages: Sequence[Known], *, patience: Patience, walked: dict[int, Outline]) -> list[str]:
    """Return rows by JSON that hold most of the records that are known."""
    many = any(len(known.records) > 1 for known in pages)
    held: Counter[str] = Counter()
    for known in pages:
        if patience.is_over(held):
            break
        for source in _sources(known.page, walked):
            if patience.is_over(held):
                break
            for group in json_groups.of_value(source.value, known.records, many=many)[:MOST_ROWS]:
                held[f"{source.prefix}{group.path}"] += group.held
    return [row for row, _held in held.most_common(MOST_ROWS)]


def _sources(page: Page, walked: dict[int, Outline]) -> list[Source]:
    if page.is_html:
        walked[id(page)] = walked.get(id(page)) or outline.of_page(page)
        return scripts.of_page(page, walked[id(page)])
    try:
        return [Source(prefix="jmespath:", value=page.json)]
    except NotJson:
        return []


def records(pages: Sequence[Known], *, row: str, fields: Mapping[str, Any], patience: Patience) -> Records:
    """Count the records of pages by other rows, and with other fields.

    Once time is over the pages that are not read to their end are left out. Of the first one the rows count
    then as records: there may be fewer of these, and never more.
    """
    schema = trying.parsed(fields=fields, row=row)
    scraper = declarations.DeclaredRecords(schema=schema)
    read: list[tuple[Known, list[Mapping[str, JSON]]]] = []
    given, many = 0, 0
    for known in (one for one in pages if one.page.is_html or one.page.is_json):
        if read and patience.is_over(read):
            break
        found = trying.read_by(scraper, known.page, last=patience.last)
        is_cut = patience.is_at_its_end()
        if is_cut and read:
            break
        data: list[Mapping[str, JSON]] = [one.data for one in found if isinstance(one, Scraped | Follow)]
        rows = min(MOST_RECORDS, len(holders.rows(known.page, schema))) if is_cut else 0
        read.append((known, data))
        given, many = given + max(rows, len(data)), many + len(known.records)
    unknown = tuple(islice(_unknown(read), MOST_ROWS)) if given > many else ()
    return Records(given=given, known=many, pages=len(read), unknown=unknown)


def _unknown(given: Sequence[tuple[Known, Sequence[Mapping[str, JSON]]]]) -> Iterator[dict[str, JSON]]:
    """Yield the records that say nothing of what was known on their page, shortened."""
    for known, data in given:
        told = set(nesting.told(map(dict, known.records)))
        for record in data:
            if told.isdisjoint(nesting.told([_telling(record)])):
                yield {name: _short(value) for name, value in record.items()}


def _telling(record: Mapping[str, JSON]) -> dict[str, JSON]:
    return {name: value for name, value in record.items() if not telling.is_plain(value)}


def _short(value: JSON) -> JSON:
    if isinstance(value, dict | list):
        return "…"
    return value if not isinstance(value, str) or len(value) <= MOST_SHOWN else f"{value[:MOST_SHOWN]}…"


def lost(row: str) -> str:
    """Return why no other rows are proposed."""
    return NONE.format(row=row)


def moved(row: str, other: str, found: Records) -> str:
    """Return what other rows give, and that there may be too many."""
    said = OTHERS.format(row=row, other=other, records=found.given, known=found.known, pages=found.pages)
    return said + (MORE.format(row=row) if found.given > found.known else "")
