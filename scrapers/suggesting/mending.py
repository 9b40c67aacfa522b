"""Selectors for fields that a changed page does not give any more: those that find what it said before.

What items said last is looked for in the new pages. Selectors of what holds it are tried on all of
them, as they would be read: the one that gives most of the known values is the first.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from scrapers import fields as declarations
from scrapers.suggesting import classes, finding, nesting, outline, regrouping, rerowing, trying
from scrapers.suggesting.holders import Holders

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from scrapers.page import JSON, Page
    from scrapers.suggesting.outline import Element

MOST_LOOKED: Final = 8
"""In so many pages what items said is looked for; what is found is tried on all."""
MOST_TRIED: Final = 40
MOST_PROPOSED: Final = 3
MOST_ELEMENTS: Final = 5_000
_OF_SELECTOR: Final = frozenset({*declarations.KINDS, "attr"})
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
    where it was looked for, so `depth` within the page.
    """

    declared: Mapping[str, Any]
    restored: int
    filled: int
    known: int
    strength: float
    size: float
    depth: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """What was found: the selector of rows, as it was where it finds any, and proposals for fields.

    `note` is what is to know of the rows, in sentences: that others are proposed and how many records these
    give, or why nothing is.
    """

    row: str
    fields: Mapping[str, Sequence[Proposal]]
    note: str = ""

    @property
    def restored(self) -> int:
        return sum(found[0].restored for found in self.fields.values() if found)


@dataclass(slots=True)
class _Candidate:
    declared: dict[str, Any]
    strength: float
    pages: set[int] = field(default_factory=set)
    sizes: list[int] = field(default_factory=list)
    depths: list[int] = field(default_factory=list)


def mend(
    pages: Sequence[Known],
    *,
    row: str,
    fields: Mapping[str, Any],
    broken: Iterable[str],
    seconds: float = 5.0,
) -> Mended:
    """Return the best proposals for each broken field, the best first.

    Rows that are found as they are declared, by whatever selector, stay as they are. Where they are not found
    any more, those are tried that would be suggested, for all fields.
    """
    if not row or not pages or rerowing.is_found(pages[:MOST_LOOKED], row=row, fields=fields):
        found = of_fields(pages, row=row, fields=fields, broken=broken, seconds=seconds)
        return Mended(row=row, fields=found, note=rerowing.note(pages[:MOST_LOOKED], row=row, fields=fields))
    return _by_other_rows(pages, row=row, fields=fields, seconds=seconds)


def _by_other_rows(pages: Sequence[Known], *, row: str, fields: Mapping[str, Any], seconds: float) -> Mended:
    """Return what gives most of the known values, by rows that give nearly as many records as were known."""
    rows = rerowing.others(pages[:MOST_LOOKED], row)
    tried: list[tuple[Mended, rerowing.Records]] = []
    for one in rows:
        found = of_fields(pages, row=one, fields=fields, broken=fields, seconds=seconds / len(rows))
        mended = Mended(row=one, fields=found)
        declared = fields
        for path, proposals in found.items():
            declared = nesting.placed(declared, path, dict(proposals[0].declared)) if proposals else declared
        if mended.restored:
            tried.append((mended, rerowing.records(pages[:MOST_LOOKED], row=one, fields=declared)))
    if not tried:
        return Mended(row=row, fields={}, note=rerowing.lost(row))
    best, records = max(tried, key=lambda one: (one[0].restored, -one[1].odd))
    return replace(best, note=rerowing.moved(row, best.row, records))


def of_fields(
    pages: Sequence[Known],
    *,
    row: str,
    fields: Mapping[str, Any],
    broken: Iterable[str],
    seconds: float = 5.0,
) -> dict[str, list[Proposal]]:
    """Return for each broken field that is declared the best proposals, the best first; often none.

    Fields are named by their paths. One that has fields of its own is mended by these where its objects are
    found; where they are not, as a whole. It takes about so many `seconds` of the processor at most, in
    equal parts for the fields: then fewer pages are looked into, and fewer are tried.
    """
    until = time.process_time() + seconds
    names = list(broken)
    schema = trying.parsed(fields=fields, row=row) if row else None
    looked = [
        (known, Holders.of_page(known.page, schema)) for known in pages[:MOST_LOOKED] if known.page.is_html
    ]
    search = Search(pages=pages, looked=looked, row=row, fields=fields)
    found: dict[str, list[Proposal]] = {}
    for place, path in enumerate(names):
        began = time.process_time()
        part = max(0.0, until - began) / (len(names) - place)
        found |= _of_field(search, path, until=began + part)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Pages that are looked through for fields; the first ones, with their rows, element by element."""

    pages: Sequence[Known]
    looked: Sequence[tuple[Known, Holders]]
    row: str
    fields: Mapping[str, Any]

    def tried(self, tried: Sequence[tuple[str, Mapping[str, Any]]], *, until: float) -> list[trying.Count]:
        """Return what declarations of fields give on the pages, as they would be read."""
        counts, _read = trying.count(self.pages, row=self.row, fields=self.fields, tried=tried, until=until)
        return counts

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
    if any(holders.at(search.fields, path) for _known, holders in search.looked):
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
    candidates = _candidates(path, said, search, until=began + (until - began) / 2)
    if now and "css" in said:
        candidates.insert(0, _Candidate(said, 1.0, sizes=[0], depths=[0]))
    tried = _tried(path, candidates, search, until=until)
    likely = [one for one in tried if one.restored or (one.filled and _OF_KIND & said.keys())]
    return sorted(likely, key=_rank)[:MOST_PROPOSED]


def _of_objects(search: Search, path: str, *, until: float) -> list[Proposal]:
    """Return the best declarations of objects that are not found any more, with all their fields."""
    said = nesting.at(search.fields, path) or {}
    base = {key: value for key, value in said.items() if key not in _OF_SELECTOR}
    began = time.process_time()
    groups = regrouping.selectors(search.looked, search.fields, path, until=began + (until - began) / 4)
    first = replace(search, pages=[known for known, _holders in search.looked])
    found: list[tuple[dict[str, Any], float]] = []
    for place, (selector, strength) in enumerate(groups):
        now = time.process_time()
        part = max(0.0, until - now) / (len(groups) - place + 1)
        declared = {"css": selector, **base}
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
    return sorted(proposals, key=_rank)[:MOST_PROPOSED]


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
    selector = str(one.declared["css"])
    return (
        -one.restored,
        -min(one.filled, one.known),
        round(one.size),
        -round(one.depth),
        -one.strength,
        len(selector),
        selector,
    )


def _candidates(path: str, said: Mapping[str, Any], search: Search, *, until: float) -> list[_Candidate]:
    """Return what may find the field: where a known value stands, or what is called as the field is.

    Once the time is over no further row is looked into where something was found.
    """
    base = {key: value for key, value in said.items() if key not in _OF_SELECTOR}
    wanted = frozenset(word for word in classes.words(path.rpartition(".")[2]) if len(word) > 2)
    found: dict[tuple[str, str], _Candidate] = {}
    for place, (known, holders) in enumerate(search.looked):
        needles = finding.needles(value for record in known.records for value in nesting.values(record, path))
        for _node, row in holders.at(search.fields, nesting.outer(path)):
            if found and time.process_time() >= until:
                break
            for element in (row, *outline.inside(row, most=MOST_ELEMENTS)):
                for attr in finding.holding(element, needles, wanted):
                    _add(found, place, element, row, attr, base)
    ranked = sorted(
        found.values(), key=lambda one: (-len(one.pages), -one.strength, len(str(one.declared["css"])))
    )
    return ranked[:MOST_TRIED]


def _add(
    found: dict[tuple[str, str], _Candidate],
    place: int,
    element: Element,
    row: Element,
    attr: str,
    base: Mapping[str, Any],
) -> None:
    for selector, strength in finding.selectors(element, row):
        if (selector, attr) not in found:
            declared = {"css": selector, **({"attr": attr} if attr else {}), **base}
            found[selector, attr] = _Candidate(declared, strength)
        found[selector, attr].pages.add(place)
        found[selector, attr].sizes.append(0 if attr else element.length)
        found[selector, attr].depths.append(element.depth)


def _tried(path: str, candidates: Sequence[_Candidate], search: Search, *, until: float) -> list[Proposal]:
    """Read all pages by all candidates at once, as they would be read, and count what they give."""
    usable = [one for one in candidates if search.compiles(path, one.declared)]
    if not usable:
        return []
    counts = search.tried([(path, one.declared) for one in usable], until=until)
    return [
        Proposal(
            declared=one.declared,
            restored=gives.restored,
            filled=gives.filled,
            known=gives.known,
            strength=one.strength,
            size=sum(one.sizes) / len(one.sizes),
            depth=sum(one.depths) / len(one.depths),
        )
        for one, gives in zip(usable, counts, strict=True)
    ]
