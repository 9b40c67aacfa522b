"""What is suggested for a page: records that repeat, as declarations, and where the list goes on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping  # noqa: TC003 pydantic reads the annotations
from dataclasses import dataclass
from typing import Any

from scrapers.suggesting.leading import LONGEST_URL, is_behind
from scrapers.suggesting.next_page import NextPage  # noqa: TC001 as above


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestedField:
    """What a field of a candidate holds, and the share of the records that have it.

    One that is read behind the link of another field says in `follow` which; its share is that of the pages
    that were looked at there.
    """

    name: str
    meaning: str
    share: float
    follow: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One kind of record: `row`, `fields` and `options` declare it as the scraper `fields` takes them.

    Read so, the page gives `rows` records, of which `samples` are the first; `columns` describe the fields
    in their order. `score` is 1 at most. `link` is the field that leads from each record to a page of its
    own on the same host, empty where none does; `behind` are those of these pages that were looked at. `key`
    names the field that tells the records apart, where one surely does.
    """

    row: str
    fields: Mapping[str, Mapping[str, Any]]
    options: Mapping[str, Any]
    columns: tuple[SuggestedField, ...]
    rows: int
    score: float
    samples: tuple[Mapping[str, Any], ...]
    link: str = ""
    behind: tuple[str, ...] = ()
    key: tuple[str, ...] = ()

    def leading(self, *, here: str) -> Iterator[str]:
        """Yield where those of the first records lead that have pages behind them, seen from the page `here`.

        What leads to another host, to the list itself, or is too long to be asked for has none.
        """
        for record in self.samples:
            url = record.get(self.link)
            if isinstance(url, str) and len(url) <= LONGEST_URL and is_behind(url, here=here):
                yield url

    @property
    def declaration(self) -> dict[str, Any]:
        """Return the settings of a target that read these records."""
        fields = {name: dict(said) for name, said in self.fields.items()}
        key = {"key": list(self.key)} if self.key else {}
        return {"scraper": "fields", "row": self.row, "fields": fields, "options": dict(self.options), **key}


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestions:
    """The candidates of a page, the best first, and its link to the next page."""

    candidates: tuple[Candidate, ...] = ()
    next_page: NextPage | None = None
