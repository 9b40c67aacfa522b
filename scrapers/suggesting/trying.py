"""Declarations of fields tried on pages, as they would be read: how many of the known values each gives."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from scrapers import fields as declarations
from scrapers.page import Scraped

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from scrapers.page import JSON, Page
    from scrapers.suggesting.mending import Known

_OF_TRIAL: Final = frozenset({"required", "default"})


@dataclass(slots=True, kw_only=True)
class Count:
    """What one declaration gives: `restored` of the `known` values, and `filled` values in all.

    There were known values on so many `pages`; on the `whole` ones it gives all of them.
    """

    restored: int = 0
    filled: int = 0
    known: int = 0
    pages: int = 0
    whole: int = 0

    def add(self, seen: Counter[bytes], values: Counter[bytes]) -> None:
        """Count a page by the values that were read and those that are known."""
        restored, known = (seen & values).total(), values.total()
        self.restored += restored
        self.filled += seen.total()
        self.known += known
        self.pages += known > 0
        self.whole += 0 < known == restored


def count(
    pages: Iterable[Known], *, row: str, tried: Sequence[tuple[str, Mapping[str, Any]]], until: float
) -> tuple[list[Count], int]:
    """Read pages by all declarations at once; return what each gives for its field, and how many were read.

    At `until` by the processor's time of the process no further page is begun.
    """
    fields = {f"c{place}": of_trial(declared) for place, (_name, declared) in enumerate(tried)}
    scraper = declarations.DeclaredRecords(schema=declarations.parse(fields=fields, row=row))
    counts, read = [Count() for _ in tried], 0
    for known in pages:
        seen = _seen(scraper, known.page)
        for place, (name, _declared) in enumerate(tried):
            values = Counter(_same(record[name]) for record in known.records if record.get(name) is not None)
            counts[place].add(seen[f"c{place}"], values)
        read += 1
        if time.process_time() >= until:
            break
    return counts, read


def of_trial(declared: Mapping[str, Any]) -> dict[str, Any]:
    """Return a declaration that gives only what it finds."""
    return {key: value for key, value in declared.items() if key not in _OF_TRIAL}


def _seen(scraper: declarations.DeclaredRecords, page: Page) -> defaultdict[str, Counter[bytes]]:
    seen: defaultdict[str, Counter[bytes]] = defaultdict(Counter)
    for found in scraper.parse(page):
        if isinstance(found, Scraped):
            for column, value in found.data.items():
                seen[column][_same(value)] += 1
    return seen


def _same(value: JSON) -> bytes:
    """Return what two equal values have in common."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
