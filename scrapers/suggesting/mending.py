"""Selectors for fields that a changed page does not give any more: those that find what it said before.

What items said last is looked for in the new pages. Selectors of what holds it are tried on all of
them, as they would be read: the one that gives most of the known values is the first.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from scrapers import fields as declarations
from scrapers.suggesting import candidates, nesting, regrouping, rerowing, telling, trying
from scrapers.suggesting.candidates import OF_SELECTOR, Candidate
from scrapers.suggesting.holders import Holders
from scrapers.suggesting.patience import LEAST_SECONDS, Patience

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from scrapers.fields.schema import Schema
    from scrapers.page import JSON, Page
    from scrapers.suggesting.outline import Outline

MOST_LOOKED: Final = 8
"""In so many pages what items said is looked for; what is found is tried on all."""
MOST_PROPOSED: Final = 3
LONGER: Final = 0.5
"""So much longer than it should take something is looked for at most."""
OF_ROWS: Final = 0.25
"""This part of the time is for looking which rows pages have, at most."""
LEAST_READ_SECONDS: Final = 0.2
"""So long the first page is read by what was found, also when all time is over."""
LEAST_OF_BEST: Final = 3
"""What gives less than this part of what the best gives is not proposed."""
_OF_KIND: Final = frozenset({"type", "pattern", "one_of", "min", "max"})
"""With any of these a declaration tells what its values are like, also where none is as it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A page as it is now, and the records that were read from its earlier form."""

    page: Page
    records: Sequence[Mapping[str, JSON]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A field declared anew: how many known values it gives, of how many, and how many values at all.

    `strength` is how well the selector says what it finds, 1 at most, and `size` how much text it found
    where it was looked for, so `depth` within the page. `kin` and `named` are as for a candidate.
    """

    declared: Mapping[str, Any]
    restored: int
    filled: int
    known: int
    strength: float
    size: float
    depth: float
    kin: int = 0
    named: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """What was found: the selector of rows, as it was where it finds any, and proposals for fields.

    `note` is what is to know of the rows, in sentences: that others are proposed and how many records these
    give, or why nothing is. With what is first for each field other rows give `given` records on the pages
    that it was tried on, where so many were `expected`; `unknown` are some that say nothing known.
    """

    row: str
    fields: Mapping[str, Sequence[Proposal]]
    note: str = ""
    given: int = 0
    expected: int = 0
    unknown: Sequence[Mapping[str, JSON]] = ()

    @property
    def restored(self) -> int:
        return sum(found[0].restored for found in self.fields.values() if found)

    @property
    def is_half(self) -> bool:
        """Whether what is found gives half of what was known, or more."""
        return 2 * self.restored >= sum(found[0].known for found in self.fields.values() if found)


def mend(
    pages: Sequence[Known],
    *,
    row: str,
    fields: Mapping[str, Any],
    broken: Iterable[str],
    moves: bool = False,
    seconds: float = 5.0,
) -> Mended:
    """Return the best proposals for each broken field, the best first.

    Rows that are found as they are declared on half of the pages or more stay as they are, by whatever
    selector. Otherwise those are tried that hold what is known, or would be suggested, for all fields. With
    `moves` the fields were on other pages: no rows are declared anew for them. All of it takes about so many
    `seconds` of the processor, and `LONGER` at most: then pages, rows and fields are left out.
    """
    began = time.process_time()
    patience = Patience(began + seconds, began + (1 + LONGER) * seconds + LEAST_SECONDS)
    share = rerowing.share(pages, row=row, fields=fields, patience=patience.part(OF_ROWS))
    if not share.is_enough and not moves:
        others = [*share.lacking, *share.having]
        mended = _by_other_rows(others, row=row, fields=fields, patience=patience)
        if mended is not None or not share.having:
            return mended or Mended(row=row, fields={}, note=rerowing.lost(row))
    pages = [*share.having, *share.lacking]
    left = max(0.0, patience.until - time.process_time())
    found = of_fields(pages, row=row, fields=fields, broken=broken, seconds=left, end=patience.last)
    return Mended(
        row=row, fields=found, note=rerowing.note(pages[:MOST_LOOKED], share, row=row, fields=fields)
    )


def _by_other_rows(
    pages: Sequence[Known], *, row: str, fields: Mapping[str, Any], patience: Patience
) -> Mended | None:
    """Return what gives most of the known values, by rows that give nearly as many records as were known."""
    walked: dict[int, Outline] = {}
    rows = rerowing.others(pages[:MOST_LOOKED], row, patience=patience.part(OF_ROWS), walked=walked)
    tried: list[tuple[Mended, dict[str, Any]]] = []
    for place, one in enumerate(rows):
        if patience.is_over([mended for mended, _declared in tried if mended.is_half]):
            break
        own = patience.part(1 / (len(rows) - place))
        found = of_fields(
            pages,
            row=one,
            fields=fields,
            broken=fields,
            seconds=max(0.0, own.until - time.process_time()),
            end=own.last,
            anew=True,
            walked=walked,
        )
        mended = Mended(row=one, fields=found)
        declared = dict(fields)
        for path, proposals in found.items():
            declared = nesting.placed(declared, path, dict(proposals[0].declared)) if proposals else declared
        if mended.restored:
            tried.append((mended, declared))
    if not tried:
        return None
    best, declared = _nearest(pages, tried, fields=fields, patience=patience)
    records = rerowing.records(pages, row=best.row, fields=declared, patience=patience)
    note = rerowing.moved(row, best.row, records)
    return replace(best, note=note, given=records.given, expected=records.known, unknown=records.unknown)


def _nearest(
    pages: Sequence[Known],
    tried: Sequence[tuple[Mended, dict[str, Any]]],
    *,
    fields: Mapping[str, Any],
    patience: Patience,
) -> tuple[Mended, dict[str, Any]]:
    """Return what restores most; of several that do what gives most nearly as many records as were known."""
    most = max(mended.restored for mended, _declared in tried)
    best = [one for one in tried if one[0].restored == most]
    if len(best) == 1:
        return best[0]
    ranked: list[tuple[int, int]] = []
    for place, (mended, declared) in enumerate(best):
        own = patience.part(1 / (len(best) - place + 1))  # the best one is counted once more
        records = rerowing.records(pages[:MOST_LOOKED], row=mended.row, fields=declared, patience=own)
        ranked.append((-records.odd, _kept(fields, declared)))
    return best[ranked.index(max(ranked))]


def _kept(fields: Mapping[str, Any], declared: Mapping[str, Any]) -> int:
    """Return how many fields are declared as they were."""
    return sum(nesting.at(fields, name) == nesting.at(declared, name) for name in fields)


def of_fields(
    pages: Sequence[Known],
    *,
    row: str,
    fields: Mapping[str, Any],
    broken: Iterable[str],
    seconds: float = 5.0,
    end: float = math.inf,
    anew: bool = False,
    walked: dict[int, Outline] | None = None,
) -> dict[str, list[Proposal]]:
    """Return for each broken field that is declared the best proposals, the best first; often none.

    Fields are named by their paths. One that has fields of its own is mended by these where its objects are
    found; where they are not, as a whole. It takes about so many `seconds` of the processor at most, in
    equal parts for the fields: then fewer pages are looked into, and fewer are tried; from `end` on by the
    processor's time no field is begun with. With `anew` rows are others, in which what reads JSON as it is
    declared may be the best. The outlines of pages that were `walked` are kept there.
    """
    began = time.process_time()
    until = began + seconds
    end = min(end, until + LONGER * seconds + LEAST_SECONDS)
    wanted = list(broken)
    names = sorted(wanted, key=lambda path: _told(pages, path).plain)  # by the others records are told
    schema = trying.parsed_alone(fields=fields, row=row)
    patience = Patience(until, end).part(OF_ROWS)
    looked = _looked(pages, schema, patience=patience, walked={} if walked is None else walked)
    search = Search(pages=pages, looked=looked, row=row, fields=fields, anew=anew, end=end)
    found: dict[str, list[Proposal]] = {}
    for place, path in enumerate(names):
        began = time.process_time()
        if began >= end and any(found.values()):
            break
        part = max(0.0, until - began) / (len(names) - place)
        of_field = _of_field(search, path, until=began + part)
        found |= of_field
        search = search.with_best(of_field)
    return {path: found[path] for name in wanted for path in found if path == name or _is_in(path, name)}


def _looked(
    pages: Sequence[Known], schema: Schema, *, patience: Patience, walked: dict[int, Outline]
) -> list[tuple[Known, Holders]]:
    """Return the first pages with their rows; once time is over no further one is looked at."""
    looked: list[tuple[Known, Holders]] = []
    for known in pages[:MOST_LOOKED]:
        if looked and patience.is_over(looked):
            break
        if known.page.is_html or known.page.is_json:
            holders = Holders.of_page(known.page, schema, walked=walked.get(id(known.page)))
            walked[id(known.page)] = holders.outline
            looked.append((known, holders))
    return looked


def _told(pages: Sequence[Known], path: str) -> telling.Told:
    """Return what is known of the values of a field."""
    return telling.Told.by(
        [value for known in pages for one in known.records for value in nesting.values(one, path)]
    )


def _is_in(path: str, around: str) -> bool:
    return path.startswith(f"{around}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Pages that are looked through for fields; the first ones, with their rows, element by element.

    At `end` by the processor's time nothing more is looked for, also where nothing was found.
    """

    pages: Sequence[Known]
    looked: Sequence[tuple[Known, Holders]]
    row: str
    fields: Mapping[str, Any]
    anew: bool = False
    end: float

    def patience(self, until: float) -> Patience:
        return Patience.of(until, end=self.end)

    def with_best(self, found: Mapping[str, Sequence[Proposal]]) -> Search:
        """Return the search with what was found: records are told by it when other fields are tried."""
        fields = self.fields
        for path, proposals in found.items():
            if proposals and 2 * proposals[0].restored > proposals[0].known:
                fields = nesting.placed(fields, path, dict(proposals[0].declared))
        return replace(self, fields=fields)

    def tried(self, tried: Sequence[tuple[str, Mapping[str, Any]]], *, until: float) -> list[trying.Count]:
        """Return what declarations of fields give on the pages, as they would be read."""
        now = time.process_time()
        longer = min(self.end, max(until + LONGER * (until - now), now + LEAST_SECONDS))
        last = max(longer, now + LEAST_READ_SECONDS)
        trial = trying.count(
            self.pages, row=self.row, fields=self.fields, tried=tried, until=until, last=last
        )
        return trial.counts

    def compiles(self, path: str, said: Mapping[str, Any]) -> bool:
        try:
            trying.parsed(fields={"c": nesting.alone(self.fields, path, said)}, row=self.row)
        except declarations.InvalidFields:
            return False
        return True


def _of_field(search: Search, path: str, *, until: float) -> dict[str, list[Proposal]]:
    said = nesting.at(search.fields, path)
    if said is None:
        return {}
    if "fields" not in said:
        return {path: of_value(search, path, until=until)}
    found: dict[str, list[Proposal]] = {}
    if any(holders.read(search.fields, path) for _known, holders in search.looked):
        inner = list(nesting.leaves(search.fields, path))
        for place, leaf in enumerate(inner):
            began = time.process_time()
            part = max(0.0, until - began) / (len(inner) - place + 1)
            found[leaf] = of_value(search, leaf, until=began + part)
    best = [proposals[0] for proposals in found.values() if proposals]
    restored = sum(one.restored for one in best)
    if best and 2 * restored >= sum(one.known for one in best):
        return found
    whole = _of_objects(search, path, until=until)
    return {path: whole} if not best or (whole and whole[0].restored > restored) else found


def of_value(search: Search, path: str, *, until: float, now: bool = False) -> list[Proposal]:
    """Return the best proposals for a field with a value; with `now` what it has may be one of them."""
    began = time.process_time()
    said = nesting.at(search.fields, path) or {}
    patience = search.patience(began + (until - began) / 2)
    found = candidates.of_field(search.looked, search.fields, path, said, patience=patience)
    if (now and "css" in said) or (search.anew and not said.keys().isdisjoint(("jmespath", "json"))):
        as_it_is = Candidate(said, 1.0, named=True, sizes=[0], depths=[0])
        found = [as_it_is, *(one for one in found if one.declared != said)]
    told = _told(search.pages, path)
    likely = [one for one in _tried(path, found, search, until=until) if _is_likely(one, told)]
    return _best(likely)


def _best(found: Sequence[Proposal]) -> list[Proposal]:
    """Return the first of what was found, without what gives far less than the best."""
    ranked = sorted(found, key=_rank)[:MOST_PROPOSED]
    return [one for one in ranked if LEAST_OF_BEST * one.restored >= ranked[0].restored]


def _is_likely(one: Proposal, told: telling.Told) -> bool:
    """Whether what was found is more than chance: it gives what is known, or is called so and of its kind."""
    if one.restored:
        return one.named or told.is_enough(one.restored)
    return one.named and one.filled > 0 and not one.declared.keys().isdisjoint(_OF_KIND)


def _of_objects(search: Search, path: str, *, until: float) -> list[Proposal]:
    """Return the best declarations of objects that are not found any more, with all their fields."""
    said = nesting.at(search.fields, path) or {}
    base = {key: value for key, value in said.items() if key not in OF_SELECTOR}
    began = time.process_time()
    many = bool(said.get("many"))
    groups: list[tuple[dict[str, str], float]] = [
        ({"css": selector}, strength)
        for selector, strength in regrouping.selectors(
            search.looked, search.fields, path, patience=search.patience(began + (until - began) / 4)
        )
    ]
    patience = search.patience(began + (until - began) / 2)
    groups += regrouping.in_json(search.looked, search.fields, path, many=many, patience=patience)
    first = replace(search, pages=[known for known, _holders in search.looked])
    found: list[tuple[dict[str, Any], float]] = []
    for place, (selector, strength) in enumerate(groups):
        now = time.process_time()
        part = max(0.0, until - now) / (len(groups) - place + 1)
        declared = {**selector, **base}
        if search.compiles(path, declared):
            found.append((_refilled(first, path, declared, until=now + part), strength))
    counts = search.tried([(path, declared) for declared, _strength in found], until=until) if found else []
    proposals = [
        Proposal(
            declared=declared,
            restored=gives.restored,
            filled=gives.filled,
            known=gives.known,
            strength=strength,
            size=gives.odd,
            depth=0,
        )
        for (declared, strength), gives in zip(found, counts, strict=True)
        if gives.restored
    ]
    return _best(proposals)


def _refilled(search: Search, path: str, declared: Mapping[str, Any], *, until: float) -> dict[str, Any]:
    """Return objects declared anew with what reads their fields there best."""
    fields = nesting.placed(search.fields, path, declared)
    inner = list(nesting.leaves(fields, path))
    for place, leaf in enumerate(inner):
        now = time.process_time()
        part = max(0.0, until - now) / (len(inner) - place)
        best = of_value(replace(search, fields=fields), leaf, until=now + part, now=True)
        if best:
            fields = nesting.placed(fields, leaf, dict(best[0].declared))
    return nesting.at(fields, path) or {}


def _rank(one: Proposal) -> tuple[object, ...]:
    selector = str(next((one.declared[kind] for kind in declarations.KINDS if kind in one.declared), ""))
    return (
        -one.restored,
        -min(one.filled, one.known),
        one.kin,
        not one.named,
        round(one.size),
        -round(one.depth),
        -one.strength,
        len(selector),
        selector,
    )


def _tried(path: str, candidates: Sequence[Candidate], search: Search, *, until: float) -> list[Proposal]:
    """Read all pages by all candidates at once, as they would be read, and count what they give."""
    usable = [one for one in candidates if search.compiles(path, one.declared)]
    if not usable:
        return []
    counts = search.tried([(path, one.declared) for one in usable], until=until)
    most = max(1, *(len(one.pages) for one in usable))
    return [
        Proposal(
            declared=one.declared,
            restored=gives.restored,
            filled=gives.filled,
            known=gives.known,
            strength=one.strength * max(1, len(one.pages)) / most,  # other pages may not be tried in time
            size=sum(one.sizes) / len(one.sizes) if one.sizes else 0.0,
            depth=sum(one.depths) / len(one.depths) if one.depths else 0.0,
            kin=one.kin,
            named=one.named,
        )
        for one, gives in zip(usable, counts, strict=True)
    ]
