"""Declarations of fields tried on pages, as they would be read: how many of the known values each gives."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from scrapers import fields as declarations
from scrapers.page import Scraped
from scrapers.suggesting import nesting

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from scrapers.fields import Selector
    from scrapers.fields.schema import Schema
    from scrapers.page import JSON, Page
    from scrapers.suggesting.mending import Known


@dataclass(slots=True, kw_only=True)
class Count:
    """What one declaration gives: `restored` of the `known` values, and `filled` values in all.

    There were known values on so many `pages`; on the `whole` ones it gives all of them. Of objects, on
    all pages together `odd` ones are too many or too few.
    """

    restored: int = 0
    filled: int = 0
    known: int = 0
    pages: int = 0
    whole: int = 0
    odd: int = 0

    def add(self, read: Sequence[JSON], values: Sequence[JSON]) -> None:
        """Count a page by the values that were read and those that are known."""
        seen, there = nesting.told(read), nesting.told(values)
        restored, known = (seen & there).total(), there.total()
        self.restored += restored
        self.filled += seen.total()
        self.odd += abs(nesting.objects_in(read) - nesting.objects_in(values))
        self.known += known
        self.pages += known > 0
        self.whole += 0 < known == restored


def count(
    pages: Iterable[Known],
    *,
    row: str,
    fields: Mapping[str, Any],
    tried: Sequence[tuple[str, Mapping[str, Any]]],
    until: float,
) -> tuple[list[Count], int]:
    """Read pages by all declarations at once; return what each gives, and how many pages were read.

    Each is of the field at a path, within the objects around it as `fields` declares them. At `until` by the
    processor's time of the process no further page is begun.
    """
    columns = {f"c{place}": path.partition(".")[2] for place, (path, _said) in enumerate(tried)}
    alone = {f"c{place}": nesting.alone(fields, path, said) for place, (path, said) in enumerate(tried)}
    scraper = declarations.DeclaredRecords(schema=parsed(fields=alone, row=row))
    counts, read = [Count() for _ in tried], 0
    for known in pages:
        seen = _seen(scraper, known.page, columns)
        values = {
            path: [value for record in known.records for value in nesting.values(record, path)]
            for path in {path for path, _said in tried}
        }
        for place, (path, _said) in enumerate(tried):
            counts[place].add(seen[f"c{place}"], values[path])
        read += 1
        if time.process_time() >= until:
            break
    return counts, read


def parsed(*, fields: Mapping[str, Any], row: str) -> Schema:
    """Return the schema that is declared, whose selectors have mostly been compiled before."""
    return declarations.parse(fields=fields, row=row, compiler=_compiled)


def _compiled(_path: str, kind: str, text: str) -> Selector:
    return _compiled_once(kind, text)


@lru_cache(maxsize=4_096)
def _compiled_once(kind: str, text: str) -> Selector:
    return declarations.compile_selector(kind, text)


def _seen(
    scraper: declarations.DeclaredRecords, page: Page, columns: Mapping[str, str]
) -> defaultdict[str, list[JSON]]:
    """Return what a page says by each column: at a path inside of it, or at the empty one as it is."""
    seen: defaultdict[str, list[JSON]] = defaultdict(list)
    for found in scraper.parse(page):
        if isinstance(found, Scraped):
            for column in found.data:
                seen[column] += nesting.values(found.data, f"{column}.{columns[column]}".rstrip("."))
    return seen
