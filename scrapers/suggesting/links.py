"""Which field of records leads to a page of each one's own: a link within the host, not twice the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from scrapers.suggesting.drafting import nearly_all
from scrapers.suggesting.leading import is_behind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scrapers.page import JSON, Page

_URL: Final = "url"
_LEAST_OWN: Final = 0.9


def of_records(
    page: Page, fields: Mapping[str, Mapping[str, Any]], records: Sequence[Mapping[str, JSON]]
) -> str:
    """Return the first of the fields that leads from nearly every record to a page; empty without one."""
    for name, said in fields.items():
        if said.get("type") != _URL or said.get("many"):
            continue
        found = list(_pages(page, records, name))
        own = len(set(found)) >= _LEAST_OWN * len(found)
        if found and own and nearly_all(len(found) / len(records), rows=len(records)):
            return name
    return ""


def _pages(page: Page, records: Sequence[Mapping[str, JSON]], name: str) -> Iterator[str]:
    """Yield where the field leads to another page of the host."""
    for record in records:
        said = record.get(name)
        if isinstance(said, str) and is_behind(said, here=page.url):
            yield said.partition("#")[0]
