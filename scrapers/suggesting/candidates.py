"""What may read a field on changed pages: where known values stand, or what is called as the field is.

Elements are found by CSS, and values in JSON by JMESPath: of the body, of JSON-LD, and of scripts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from scrapers import fields as declarations
from scrapers.suggesting import carried, finding, json_finding, nesting, outline, telling
from scrapers.suggesting.json_finding import Wanted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scrapers.page import JSON
    from scrapers.suggesting.holders import Holders
    from scrapers.suggesting.mending import Known
    from scrapers.suggesting.outline import Element
    from scrapers.suggesting.patience import Patience

MOST_TRIED: Final = 40
MOST_ELEMENTS: Final = 5_000
MOST_VALUES: Final = 400
"""Of what is known of a page so much is looked for in it, spread over all of it."""
OF_SELECTOR: Final = frozenset({*declarations.KINDS, "attr"})
IN_ELEMENTS: Final = 0.5
"""Of the time for a page so much is for its elements, and what they leave of it for its JSON."""
_OF_MARKUP: Final = frozenset({"css", "xpath", "re"})
_SHAPES: Final = frozenset({"type", "transform", "as", "fields"})


@dataclass(slots=True)
class Candidate:
    """A field declared anew, and what is known of it where it was found: in so many `scopes`.

    `kin` is 0 where it reads what the field was read from, markup or JSON, and 1 where it does not.
    """

    declared: dict[str, Any]
    strength: float
    kin: int = 0
    named: bool = False
    pages: set[int] = field(default_factory=set)
    scopes: set[int] = field(default_factory=set)
    sizes: list[int] = field(default_factory=list)
    depths: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Found:
    """The candidates of a field by what they declare, and what they are made with.

    `words` are those that the field is called by, in its `name` and at the end of its selector.
    """

    said: Mapping[str, Any]
    values: Sequence[JSON]
    name: frozenset[str]
    words: frozenset[str]
    many: dict[tuple[str, str, str, str], Candidate] = field(default_factory=dict)

    def add(self, declared: Mapping[str, str], strength: float, *, raw: JSON, scope: int) -> Candidate:
        """Note what was found in a scope as `raw`; return the candidate that it is of."""
        kind = next(iter(declared))
        shape = _shape(self.said, self.values, raw)
        key = (kind, declared[kind], declared.get("attr", ""), shape.get("type", ""))
        if key not in self.many:
            base = {key: value for key, value in self.said.items() if key not in OF_SELECTOR}
            base = {key: value for key, value in base.items() if key != "as" or kind in _OF_MARKUP}
            self.many[key] = Candidate(
                {**declared, **base, **shape},
                strength,
                kin=int(_is_markup(self.said) != (kind in _OF_MARKUP)),
                named=telling.is_named(declared, self.words),
            )
        self.many[key].scopes.add(scope)
        return self.many[key]

    def ranked(self) -> list[Candidate]:
        ranked = sorted(
            self.many.values(),
            key=lambda one: (-len(one.pages), -len(one.scopes), -one.strength, len(str(one.declared))),
        )
        return ranked[:MOST_TRIED]


def of_field(
    looked: Sequence[tuple[Known, Holders]],
    fields: Mapping[str, Any],
    path: str,
    said: Mapping[str, Any],
    *,
    patience: Patience,
) -> list[Candidate]:
    """Return what may read a field; once time is over no further row is looked into where any was found.

    Each page has its part of the time, and what those before it left.
    """
    name = path.rpartition(".")[2]
    values = [
        value for known, _holders in looked for one in known.records for value in nesting.values(one, path)
    ]
    found = _Found(said, values, telling.words(name), telling.words(name, said))
    for page, (known, holders) in enumerate(looked):
        values = [value for record in known.records for value in nesting.values(record, path)]
        some = values[:: max(1, len(values) // MOST_VALUES)][:MOST_VALUES]
        own = patience.part(1 / (len(looked) - page))
        needles, half = finding.needles(some), own.part(IN_ELEMENTS)
        _in_elements(found, page, holders, fields, path, needles, patience=half)
        _in_json(found, page, holders, fields, path, some, patience=own)
    return found.ranked()


def _in_elements(
    found: _Found,
    page: int,
    holders: Holders,
    fields: Mapping[str, Any],
    path: str,
    needles: Sequence[str],
    *,
    patience: Patience,
) -> None:
    for scope, (_node, row) in enumerate(holders.at(fields, nesting.outer(path))):
        if patience.is_over(found.many):
            return
        for element in (row, *outline.inside(row, most=MOST_ELEMENTS)):
            if patience.is_at_its_end():
                return
            for attr in finding.holding(element, needles, found.name):
                for selector, strength in finding.selectors(element, row):
                    declared = {"css": selector, **({"attr": attr} if attr else {})}
                    one = found.add(declared, strength, raw=_raw(element, attr), scope=_number(page, scope))
                    one.pages.add(page)
                    one.sizes.append(0 if attr else element.length)
                    one.depths.append(element.depth)


def _in_json(
    found: _Found,
    page: int,
    holders: Holders,
    fields: Mapping[str, Any],
    path: str,
    values: Sequence[JSON],
    *,
    patience: Patience,
) -> None:
    if patience.is_over(found.many):
        return
    wanted = Wanted.of_values(values, found.words)
    many = bool(found.said.get("many"))
    for scope, one in enumerate(carried.around(holders, fields, nesting.outer(path))):
        if patience.is_over(found.many):
            return
        for way in _ways(one, wanted, many=many):
            strength = one.strength * way.strength
            added = found.add(one.declared(way.path), strength, raw=way.raw, scope=_number(page, scope))
            if way.says:
                added.pages.add(page)


def _ways(one: carried.Carried, wanted: Wanted, *, many: bool) -> Iterator[json_finding.Found]:
    """Yield the ways to what is wanted that a declaration can have."""
    for way in json_finding.of_value(one.value, wanted, many=many):
        if one.kind == "jmespath" or way.path != "@":
            yield way


def _number(page: int, scope: int) -> int:
    return page * 1_000_000 + scope


def _raw(element: Element, attr: str) -> str:
    return element.said(attr) if attr else outline.text(element)


def _is_markup(said: Mapping[str, Any]) -> bool:
    return not said.keys().isdisjoint(_OF_MARKUP)


def _shape(said: Mapping[str, Any], values: Sequence[JSON], raw: JSON) -> dict[str, str]:
    """Return the type by which what stands there now becomes like what is known; none where it is like it.

    Only what was read as it stood needs one: a field with a type of its own keeps that.
    """
    if not values or not said.keys().isdisjoint(_SHAPES):
        return {}
    plain = [member for value in values for member in (value if isinstance(value, list) else [value])]
    is_text = isinstance(raw, str)
    if all(isinstance(one, bool) for one in plain):
        return {} if isinstance(raw, bool) else {"type": "boolean"}
    if any(isinstance(one, bool) for one in plain):
        return {}
    if all(isinstance(one, int | float) for one in plain):
        return {"type": "number"} if is_text else {}
    if not all(isinstance(one, str) for one in plain):
        return {}
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        return {"type": "text"}
    is_link = all(str(one).startswith(("http://", "https://")) for one in plain)
    return {"type": "url"} if is_link and is_text and "://" not in str(raw) else {}
