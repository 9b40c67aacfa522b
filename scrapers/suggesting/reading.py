"""A draft becomes a candidate: the page is read by it, as a target with that declaration would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from scrapers import fields as declared
from scrapers.page import Problem, Scraped
from scrapers.suggesting import identity, leading, links, rows
from scrapers.suggesting.values import Candidate, SuggestedField

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scrapers.page import JSON, Page
    from scrapers.suggesting.drafting import DraftField

MOST_SAMPLES: Final = 3
MOST_RECORDS: Final = 10_000
"""As many as are taken of a page."""
_MOST_MISFITS: Final = 0.1
_MOST_NO_PAGES: Final = 0.5
"""Links are still links where some of them begin a mail or a call."""
_MOST_OF_TEXT: Final = 300
_MOST_OF_LIST: Final = 10
_MOST_OF_URL: Final = leading.LONGEST_URL + 1
"""What is cut of a URL leads elsewhere: it stays too long to be asked for."""
_URLS: Final = ("http://", "https://")
_TEXT: Final = "text"
_URL: Final = "url"


def tried(
    page: Page, *, row: str, drafted: Sequence[DraftField], score: float, options: Mapping[str, Any]
) -> Candidate | None:
    """Return the candidate as the page is read by it; None where that gives too little.

    A type that does not fit what is there after all becomes text, and a field that is nowhere goes.
    """
    fields = {field.name: field.declared for field in drafted}
    records, misfits = read(page, row=row, fields=fields)
    while unfit := _unfit(fields, records, misfits):
        fields = {name: unfit.get(name, said) for name, said in fields.items() if unfit.get(name, said)}
        if not fields:
            return None
        records, misfits = read(page, row=row, fields=fields)
    if len(records) < rows.LEAST_ROWS:
        return None
    link = links.of_records(page, fields, records)
    return Candidate(
        row=row,
        fields=fields,
        options=options,
        columns=tuple(
            _column(field, fields[field.name], records) for field in drafted if field.name in fields
        ),
        rows=len(records),
        score=round(score, 3),
        samples=tuple(map(sample, records[:MOST_SAMPLES])),
        link=link,
        key=identity.of_records(records, link=link),
    )


def sample(record: dict[str, JSON]) -> dict[str, JSON]:
    """Return a record as it is shown: of long texts and lists the beginning, URLs as they are."""
    return {
        name: [_begun(one) for one in value[:_MOST_OF_LIST]] if isinstance(value, list) else _begun(value)
        for name, value in record.items()
    }


def _begun(value: JSON) -> JSON:
    if not isinstance(value, str):
        return value
    return value[: _MOST_OF_URL if value.startswith(_URLS) else _MOST_OF_TEXT]


def _unfit(
    fields: Mapping[str, Mapping[str, Any]], records: list[dict[str, JSON]], misfits: Mapping[str, int]
) -> dict[str, dict[str, Any]]:
    """Return fields whose type fits too few records, as text; and those that no record has, as nothing."""
    unfit: dict[str, dict[str, Any]] = {}
    for name, said in fields.items():
        most = _MOST_NO_PAGES if said["type"] == _URL else _MOST_MISFITS
        if misfits.get(name, 0) > most * len(records) and said["type"] != _TEXT:
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


def read(page: Page, *, row: str, fields: Mapping[str, Any]) -> tuple[list[dict[str, JSON]], dict[str, int]]:
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
