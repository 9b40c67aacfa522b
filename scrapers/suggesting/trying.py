"""Declarations of fields tried on pages, as they would be read: how many of the known values each gives."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from scrapers import fields as declarations
from scrapers.links import Follow
from scrapers.page import NotJson, Scraped
from scrapers.page.markup import DoctypeRefused
from scrapers.suggesting import nesting, pairing
from scrapers.suggesting.reading import MOST_RECORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from scrapers.fields import Selector
    from scrapers.fields.schema import Schema
    from scrapers.links import Link
    from scrapers.page import JSON, Page, Problem
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

    def add(self, pairs: Sequence[tuple[Sequence[JSON], Sequence[JSON]]]) -> None:
        """Count a page by the values that were read and those that are known, of its records or of some."""
        restored, known, odd = 0, 0, 0
        for read, values in pairs:
            seen, there = nesting.told(read), nesting.told(values)
            restored += (seen & there).total()
            known += there.total()
            odd += nesting.objects_in(read) - nesting.objects_in(values)
            self.filled += seen.total()
        self.restored += restored
        self.odd += abs(odd)
        self.known += known
        self.pages += known > 0
        self.whole += 0 < known == restored


@dataclass(slots=True, kw_only=True)
class Trial:
    """What each of some declarations gives on the pages that were `read`.

    With the first ones for each field the pages give so many records, where so many were `known`.
    """

    counts: list[Count]
    read: int = 0
    given: int = 0
    known: int = 0


def count(
    pages: Iterable[Known],
    *,
    row: str,
    fields: Mapping[str, Any],
    tried: Sequence[tuple[str, Mapping[str, Any]]],
    until: float,
    last: float = math.inf,
) -> Trial:
    """Read pages by all declarations at once; return what each gives.

    Each is of the field at a path, within the objects around it as `fields` declares them. A value counts as
    restored in the record that had it, where records are told by the other fields. At `until` by the
    processor's time of the process no further page is begun, and at `last` none is read on.
    """
    columns = {f"c{place}": path.partition(".")[2] for place, (path, _said) in enumerate(tried)}
    alone = {f"c{place}": nesting.alone(fields, path, said) for place, (path, said) in enumerate(tried)}
    places = {path: place for place, (path, _said) in reversed([*enumerate(tried)])}
    firsts = {f"c{place}" for place in places.values()}
    told_by = pairing.anchors(fields, without=[path for path, _said in tried])
    scraper = declarations.DeclaredRecords(schema=_together(alone, told_by, row=row))
    trial = Trial(counts=[Count() for _ in tried])
    for known in pages:
        read = [one.data for one in read_by(scraper, known.page, last=last) if isinstance(one, Scraped)]
        _add(trial.counts, read, known, tried=tried, columns=columns, told_by=told_by)
        trial.given += sum(not firsts.isdisjoint(one) for one in read)
        trial.known += len(known.records)
        trial.read += 1
        if time.process_time() >= until:
            break
    return trial


def read_by(
    scraper: declarations.DeclaredRecords, page: Page, *, last: float = math.inf
) -> list[Scraped | Problem | Link | Follow]:
    """Return what a scraper reads of as many records as a crawl takes; nothing where that is no JSON or XML.

    At `last` by the processor's time of the process no further record is read.
    """
    found: list[Scraped | Problem | Link | Follow] = []
    left = MOST_RECORDS
    try:
        for one in scraper.parse(page):
            found.append(one)
            left -= isinstance(one, Scraped | Follow)
            if left <= 0 or time.process_time() >= last:
                break
    except (NotJson, DoctypeRefused):
        return []
    return found


def _together(alone: Mapping[str, Any], told_by: Mapping[str, Any], *, row: str) -> Schema:
    """Return the schema of what is tried, with fields by which records are told where these go with it."""
    try:
        return parsed(fields={**alone, **told_by}, row=row)
    except declarations.InvalidFields:
        return parsed(fields=alone, row=row)


def _add(
    counts: Sequence[Count],
    read: Sequence[Mapping[str, JSON]],
    known: Known,
    *,
    tried: Sequence[tuple[str, Mapping[str, Any]]],
    columns: Mapping[str, str],
    told_by: Iterable[str],
) -> None:
    """Count a page by the records that were read and those that are known."""
    pairs = pairing.pairs(read, known.records, told_by)
    paths = {path for path, _said in tried}
    there = [
        {path: [value for one in records for value in nesting.values(one, path)] for path in paths}
        for _read, records in pairs
    ]
    for place, (path, _said) in enumerate(tried):
        column = f"c{place}"
        inside = f"{column}.{columns[column]}".rstrip(".")
        said = [[value for one in some for value in nesting.values(one, inside)] for some, _known in pairs]
        counts[place].add([(seen, values[path]) for seen, values in zip(said, there, strict=True)])


def parsed_alone(*, fields: Mapping[str, Any], row: str) -> Schema:
    """Return the schema of fields of one page, without what they have to do with others."""
    spelled = {name: nesting.spelled(said) for name, said in fields.items()}
    alone = {name: nesting.of_trial(said) for name, said in spelled.items() if said is not None}
    return parsed(fields=alone, row=row)


def without_row(schema: Schema) -> Schema:
    return replace(schema, row=None)


def parsed(*, fields: Mapping[str, Any], row: str) -> Schema:
    """Return the schema that is declared, whose selectors have mostly been compiled before."""
    return declarations.parse(fields=fields, row=row, compiler=_compiled)


def _compiled(_path: str, kind: str, text: str) -> Selector:
    return _compiled_once(kind, text)


@lru_cache(maxsize=4_096)
def _compiled_once(kind: str, text: str) -> Selector:
    return declarations.compile_selector(kind, text)
