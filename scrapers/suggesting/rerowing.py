"""Rows of a changed page: whether they are found as they are declared, and which others may be proposed.

A selector may leave out what is none of the records, which no suggestion knows of. So rows that are found
stay as they are, others are counted by the records that they give, and rows by XPath or JSON, which
suggestions do not give for pages, are never declared anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from scrapers import fields as declarations
from scrapers.fields.selectors import Css
from scrapers.links import Follow
from scrapers.page import Scraped
from scrapers.suggesting import holders, proposals, trying

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scrapers.suggesting.mending import Known

MOST_ROWS: Final = 3
NO_HTML: Final = "Fields are looked for in HTML alone, and these pages are none: declare the fields anew."
NO_ELEMENTS: Final = (
    "The rows are found by {row}, but they are values, or in markup too broken to look into for fields: "
    "declare the fields anew."
)
NOT_PLAIN: Final = (
    "The rows are not found any more by {row}. Rows are looked for where they are declared by plain CSS "
    "alone: declare these anew."
)
NONE: Final = "The rows are not found any more by {row}, and no others give what was known."
OTHERS: Final = (
    "The rows are not found any more by {row}, but by {other}. With what is first for each field it gives "
    "{records:,} records where {known:,} were known, on {pages:,} of the pages."
)
MORE: Final = " Look whether there are some among them that {row} left out."


class Records(NamedTuple):
    """How many records some pages give, and how many of them were known."""

    given: int
    known: int
    pages: int

    @property
    def odd(self) -> int:
        """How many are too many or too few."""
        return abs(self.given - self.known)


def is_found(pages: Sequence[Known], *, row: str, fields: Mapping[str, Any]) -> bool:
    """Say whether any of the pages has rows, read as it is declared."""
    schema = trying.parsed(fields=fields, row=row)
    return any(holders.rows(known.page, schema) for known in pages)


def note(pages: Sequence[Known], *, row: str, fields: Mapping[str, Any]) -> str:
    """Return why no field can be looked for in rows that are found; empty where fields can be."""
    html = [known.page for known in pages if known.page.is_html]
    if not html:
        return NO_HTML if pages else ""
    schema = trying.parsed(fields=fields, row=row) if row else None
    if any(holders.Holders.of_page(page, schema).rows for page in html):
        return ""
    return NO_ELEMENTS.format(row=row) if row else ""


def others(pages: Sequence[Known], row: str) -> list[str]:
    """Return rows that may be tried instead of some that are not found any more."""
    first = next((known.page for known in pages if known.page.is_html), None)
    if first is None or not _is_plain(row):
        return []
    return [candidate.row for candidate in proposals.suggest(first).candidates[:MOST_ROWS]]


def records(pages: Sequence[Known], *, row: str, fields: Mapping[str, Any]) -> Records:
    """Count the records of pages by other rows, and with other fields."""
    scraper = declarations.DeclaredRecords(schema=trying.parsed(fields=fields, row=row))
    html = [known for known in pages if known.page.is_html]
    given = sum(isinstance(one, Scraped | Follow) for known in html for one in scraper.parse(known.page))
    return Records(given=given, known=sum(len(known.records) for known in html), pages=len(html))


def lost(row: str) -> str:
    """Return why no other rows are proposed."""
    return (NONE if _is_plain(row) else NOT_PLAIN).format(row=row)


def moved(row: str, other: str, found: Records) -> str:
    """Return what other rows give, and that there may be too many."""
    said = OTHERS.format(row=row, other=other, records=found.given, known=found.known, pages=found.pages)
    return said + (MORE.format(row=row) if found.given > found.known else "")


def _is_plain(row: str) -> bool:
    selector = declarations.compile_selector(*declarations.short_form(row))
    return isinstance(selector, Css) and bool(selector.text or selector.itself)
