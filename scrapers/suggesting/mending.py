"""Selectors for fields that a changed page does not give any more: those that find what it said before.

What items said last is looked for in the new pages. Selectors of what holds it are tried on all of
them, as they would be read: the one that gives most of the known values is the first.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from scrapers import fields as declarations
from scrapers.suggesting import classes, columns, outline, proposals, trying

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from scrapers.page import JSON, Page
    from scrapers.suggesting.outline import Element

MOST_LOOKED: Final = 8
"""In so many pages what items said is looked for; what is found is tried on all."""
MOST_TRIED: Final = 40
MOST_PROPOSED: Final = 3
MOST_ROWS: Final = 3
MOST_ELEMENTS: Final = 5_000
MOST_AROUND: Final = 3
_LONGEST_NUMBER: Final = 40
_LONGEST_ATTRIBUTE: Final = 2_000
_NUMBER: Final = re.compile(r"\d+")
_SAID_BY = ("href", "src", "content", "datetime", "value", "title", "alt", "aria-label")
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
    """What was found: the selector of rows, as it was where it finds any, and proposals for fields."""

    row: str
    fields: Mapping[str, Sequence[Proposal]]

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

    Where the rows are not found any more, those are tried that would be suggested, for all fields.
    """
    first = next((known for known in pages if known.page.is_html), None)
    if not row or first is None or any(_rows(known.page, row) for known in pages[:MOST_LOOKED]):
        return Mended(
            row=row, fields=of_fields(pages, row=row, fields=fields, broken=broken, seconds=seconds)
        )
    rows = [candidate.row for candidate in proposals.suggest(first.page).candidates[:MOST_ROWS]]
    tried = [
        Mended(
            row=one,
            fields=of_fields(pages, row=one, fields=fields, broken=fields, seconds=seconds / len(rows)),
        )
        for one in rows
    ]
    return max(tried, key=lambda mended: mended.restored, default=Mended(row=row, fields={}))


def of_fields(
    pages: Sequence[Known],
    *,
    row: str,
    fields: Mapping[str, Any],
    broken: Iterable[str],
    seconds: float = 5.0,
) -> dict[str, list[Proposal]]:
    """Return for each broken field that is declared the best proposals, the best first; often none.

    A field that has fields of its own is not mended. It takes about so many `seconds` of the processor
    at most, in equal parts for the fields: then fewer pages are looked into, and fewer are tried.
    """
    until = time.process_time() + seconds
    names = list(broken)
    looked = [(known, _rows(known.page, row)) for known in pages[:MOST_LOOKED] if known.page.is_html]
    found: dict[str, list[Proposal]] = {}
    for place, name in enumerate(names):
        began = time.process_time()
        part = max(0.0, until - began) / (len(names) - place)
        said = _spelled(fields.get(name))
        if said is None or "fields" in said:
            continue
        candidates = _candidates(name, said, looked, until=began + part / 2)
        tried = _tried(name, candidates, pages, row=row, until=began + part)
        likely = [one for one in tried if one.restored or (one.filled and _OF_KIND & said.keys())]
        found[name] = sorted(likely, key=_rank)[:MOST_PROPOSED]
    return found


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


def _spelled(said: object) -> dict[str, Any] | None:
    if isinstance(said, str):
        kind, text = declarations.short_form(said)
        return {kind: text}
    return dict(said) if isinstance(said, dict) else None


def _rows(page: Page, row: str) -> list[Element]:
    """Return the elements that records are read from: rows by a selector of CSS, or the whole page."""
    found = outline.of_page(page)
    if not row:
        return list(found.elements[:1])
    kind, text = declarations.short_form(row)
    if kind != "css":
        return []
    nodes = page.tree.css(text)
    return [found.by_id[node.mem_id] for node in nodes if node.mem_id in found.by_id]


def _candidates(
    name: str, said: Mapping[str, Any], looked: Sequence[tuple[Known, Sequence[Element]]], *, until: float
) -> list[_Candidate]:
    """Return what may find the field: where a known value stands, or what is called as the field is.

    Once the time is over no further row is looked into where something was found.
    """
    base = {key: value for key, value in said.items() if key not in _OF_SELECTOR}
    wanted = frozenset(word for word in classes.words(name) if len(word) > 2)
    found: dict[tuple[str, str], _Candidate] = {}
    for place, (known, rows) in enumerate(looked):
        needles = _needles(record.get(name) for record in known.records)
        for row in rows:
            if found and time.process_time() >= until:
                break
            for element in (row, *outline.inside(row, most=MOST_ELEMENTS)):
                for attr in _holding(element, needles, wanted):
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
    for selector, strength in _selectors(element, row):
        if (selector, attr) not in found:
            declared = {"css": selector, **({"attr": attr} if attr else {}), **base}
            found[selector, attr] = _Candidate(declared, strength)
        found[selector, attr].pages.add(place)
        found[selector, attr].sizes.append(0 if attr else element.length)
        found[selector, attr].depths.append(element.depth)


def _selectors(element: Element, row: Element) -> Iterator[tuple[str, float]]:
    """Yield selectors of an element by itself, and within what is around it, with their strengths."""
    own = list(columns.selectors(element, row))
    yield from own
    for around in list(element.ancestors())[:MOST_AROUND]:
        if around is row:
            return
        for outer, strength in columns.named(around):
            for selector, inner in own:
                if " " not in selector:
                    yield f"{outer} {selector}", 0.9 * min(strength, inner)


def _holding(element: Element, needles: Sequence[str], wanted: frozenset[str]) -> Iterator[str]:
    """Yield what of an element may say the field: its text (""), or an attribute."""
    named = any(wanted & set(classes.words(one)) for one in (*element.classes, element.said("itemprop")))
    text = _plain(outline.text(element)) if element.length <= outline.MOST_TEXT or named else ""
    if text and (named or any(_says(text, needle) for needle in needles)):
        yield ""
    for attr, value in element.attributes.items():
        if value and (attr in _SAID_BY or attr.startswith("data-")) and len(value) <= _LONGEST_ATTRIBUTE:
            plain = _plain(value)
            if any(_says(plain, needle) for needle in needles):
                yield attr


def _needles(values: Iterable[JSON]) -> list[str]:
    """Return what known values look like in a page: texts as they are, numbers by their digits."""
    found: dict[str, None] = {}
    waiting = [value for value in values if value is not None]
    while waiting:
        match waiting.pop():
            case bool():
                continue
            case dict() as inner:
                waiting += [one for one in inner.values() if one is not None]
            case list() as inner:
                waiting += inner[:20]
            case str() as text if plain := _plain(text)[: outline.MOST_TEXT]:
                found[plain] = None
            case int() | float() as number:
                found[f"#{number:g}"] = None
            case _:
                continue
    return list(found)


def _says(text: str, needle: str) -> bool:
    if needle.startswith("#"):
        return len(text) <= _LONGEST_NUMBER and _digits(needle) <= _digits(text)
    if "://" in needle:
        last = needle.rpartition("/")[2] or needle.rstrip("/").rpartition("/")[2]
        return text.endswith(last) or (len(text) > 1 and needle.endswith(text))
    return needle in text or (len(text) > 20 and needle.startswith(text))


def _digits(text: str) -> set[str]:
    """Return the groups of digits of a number, however these are parted: 1,204.50 has 1, 204 and 5."""
    parts = _NUMBER.findall(text)
    return {part.rstrip("0") or "0" for part in parts}


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _tried(
    name: str, candidates: Sequence[_Candidate], pages: Sequence[Known], *, row: str, until: float
) -> list[Proposal]:
    """Read all pages by all candidates at once, as they would be read, and count what they give."""
    usable = [one for one in candidates if _compiles(one, row)]
    if not usable:
        return []
    counts, _read = trying.count(pages, row=row, tried=[(name, one.declared) for one in usable], until=until)
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


def _compiles(one: _Candidate, row: str) -> bool:
    try:
        declarations.parse(fields={"c": trying.of_trial(one.declared)}, row=row)
    except declarations.InvalidFields:
        return False
    return True
