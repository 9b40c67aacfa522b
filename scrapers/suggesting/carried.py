"""The JSON that a field may be read from: what its objects are, or what elements and scripts carry."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from scrapers.page import NotJson
from scrapers.suggesting import outline

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from scrapers.page import JSON
    from scrapers.suggesting.holders import Holder, Holders

T = TypeVar("T")

MOST_ROWS: Final = 60
"""Of a page, spread over all of them."""
MOST_INSIDE: Final = 150
MOST_CHARACTERS: Final = 1_000_000
_SCRIPT: Final = 'script[type="application/json"]'
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,40}")


class Carried(NamedTuple):
    """JSON, and how a declaration looks into it: by `kind`, with `lead` before the way inside.

    `strength` is how likely it is to stay, 1 at most.
    """

    kind: str
    lead: str
    value: JSON
    strength: float = 1.0

    def declared(self, path: str) -> dict[str, str]:
        return {self.kind: f"{self.lead}{path}"}


def around(holders: Holders, fields: Mapping[str, Any], path: str) -> Iterator[Carried]:
    """Yield the JSON in which a field of the objects at a path may stand.

    What a page carries for all of it says nothing of one of several elements.
    """
    for value in _spread(holders.values(fields, path)):
        yield Carried("jmespath", "", value)
    elements = holders.at(fields, path)
    if len(elements) == 1:
        for source in holders.carried:
            kind, _, lead = source.prefix.partition(":")
            yield Carried(kind, lead, source.value, source.strength)
    for one in _spread(elements) if holders.has_json_inside else ():
        if one.element.parent is not None:
            yield from _inside(holders, one)


def _spread(many: Sequence[T]) -> Sequence[T]:
    return many[:: max(1, len(many) // MOST_ROWS)][:MOST_ROWS]


def _inside(holders: Holders, one: Holder) -> Iterator[Carried]:
    """Yield the JSON of an element's own scripts and attributes."""
    for script in one.node.css(_SCRIPT)[:1]:
        value = _parsed(holders, script.text())
        if value is not None:
            yield Carried("json", f"{_SCRIPT} -> ", value)
    seen: set[str] = set()
    for element in (one.element, *outline.inside(one.element, most=MOST_INSIDE)):
        for name, said in element.attributes.items():
            if name not in seen and said and said.lstrip()[:1] in {"{", "["} and _NAME.fullmatch(name):
                seen.add(name)
                value = _parsed(holders, said)
                if value is not None:
                    selector = ":scope" if element is one.element else f"[{name}]"
                    yield Carried("json", f"{selector}::attr({name}) -> ", value)


def _parsed(holders: Holders, text: str) -> JSON:
    """Return the object or the list that a text is; None for another."""
    if not 2 <= len(text) <= MOST_CHARACTERS:
        return None
    try:
        value = holders.page.embedded.parsed(text)
    except NotJson:
        return None
    return value if isinstance(value, dict | list) and value else None
