"""JSON that an HTML page carries beside its markup: JSON-LD, scripts of JSON, and state that scripts set."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from scrapers.page import NotJson, embedded
from scrapers.suggesting import classes
from scrapers.suggesting.objects import Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapers.page import JSON, Page
    from scrapers.suggesting.outline import Element, Outline

MOST_SCRIPTS: Final = 20
MOST_CHARACTERS: Final = 4 * 1024 * 1024
"""Of all scripts together: states of shops have one to two million."""
MOST_OF_CALL: Final = 100_000
LINKED_DATA: Final = 0.95
SCRIPT: Final = 0.92
STATE: Final = 0.9
"""What is seen lasts longer than what a script needs, and search engines read the JSON-LD."""
_JSON_TYPE: Final = "application/json"
_LEAST_CHARACTERS: Final = 40
_MOST_KEYS: Final = 10
_MOST_CALLS: Final = 2
MOST_ASKED: Final = 60
"""So often a page is searched for an id: each time all of it."""
_MOST_LISTS: Final = 3
_SET = re.compile(
    r"(?<![\w$.])((?:(?:window|self|globalThis)\.[\w$]{1,80}|(?:var|let|const)\s+[\w$]{1,80}|__\w{1,80}"
    r"|dataLayer)\s*=|(?:window\.)?[\w$]{1,80}\.push\s*\()\s*(?=[\[{]|JSON\s*\.\s*parse\s*\()"
)
_LIST = re.compile(r"""("[\w-]{1,60}"|(?<![\w$."'])[A-Za-z_]\w{0,60})\s*:\s*(?=\[\s*\{)""")
_ATTRIBUTE = re.compile(r"[a-z][a-z0-9-]{0,60}")


def of_page(page: Page, found: Outline) -> list[Source]:
    """Return the JSON of an HTML page, of which `found` is the outline, that fields can look into."""
    attributes = islice(_in_attributes(page, found), MOST_SCRIPTS)
    return [*_linked_data(page), *islice(_embedded(page), MOST_SCRIPTS), *attributes]


def _linked_data(page: Page) -> Iterator[Source]:
    if page.json_ld:
        yield Source(prefix="jmespath:", value=list(page.json_ld), strength=LINKED_DATA)


def _embedded(page: Page) -> Iterator[Source]:
    number, left, tries = 0, MOST_CHARACTERS, iter(range(_MOST_CALLS))
    for node in page.elements.hidden:
        if node.tag != "script":
            continue
        kind = (node.attributes.get("type") or "").strip().lower()
        text = node.text()
        number += kind == _JSON_TYPE
        left -= len(text)
        if left < 0:
            return
        if kind == _JSON_TYPE and len(text) >= _LEAST_CHARACTERS:
            yield from _whole(page, text, identity=node.attributes.get("id") or "", number=number)
        elif kind in {"", "module"} or "javascript" in kind:
            yield from _set(page, text, tries=tries)


def _whole(page: Page, text: str, *, identity: str, number: int) -> Iterator[Source]:
    by_id = classes.can_select(identity) and len(page.css(f"script#{identity}")) == 1
    yield from _held(
        page, text, prefix=f"json:{f'script#{identity}' if by_id else number} -> ", strength=SCRIPT
    )


def _set(page: Page, text: str, *, tries: Iterator[int]) -> Iterator[Source]:
    """Yield what a script sets, by the names that are the first ones of the page to be set."""
    known: dict[str, JSON] = {}
    for found in islice(_SET.finditer(text), embedded.MOST_PLACES):
        lead = " ".join(found.group(1).split())
        if lead not in known:
            known[lead] = page.embedded.after(lead)
        value = known[lead]
        if value and not lead.endswith("("):
            yield Source(prefix=f"json:{lead} -> ", value=value, strength=STATE)
        elif lead.endswith("("):
            yield from _given(page, text[found.end() :], lead, first=value, tries=tries)


def _given(page: Page, text: str, lead: str, *, first: JSON, tries: Iterator[int]) -> Iterator[Source]:
    """Yield what a call is given, with which `text` begins: by its name where it is the first such call.

    Else by a key of it, and so for the first calls whose argument is no JSON as a whole: there are `tries`.
    """
    try:
        value = embedded.value_at(text, 0)
    except NotJson:
        if next(tries, None) is not None:
            yield from _lists_by_key(page, text[:MOST_OF_CALL])
        return
    if value == first:
        yield Source(prefix=f"json:{lead} -> ", value=value, strength=STATE)
    elif isinstance(value, dict):
        for key, inner in islice(value.items(), _MOST_KEYS):
            named = f'"{key}":'
            held = isinstance(inner, dict | list) and _ATTRIBUTE.fullmatch(key.lower().replace("_", "-"))
            if held and page.embedded.after(named) == inner:
                yield Source(prefix=f"json:{named} -> ", value=inner, strength=STATE)


def _lists_by_key(page: Page, text: str) -> Iterator[Source]:
    """Yield lists of objects by their keys, of what is given to a call and is no JSON as a whole."""
    for found in islice(_LIST.finditer(text), _MOST_LISTS):
        try:
            value = embedded.value_at(text, found.end())
        except NotJson:
            continue
        if value == page.embedded.after(f"{found.group(1)}:"):
            yield Source(prefix=f"json:{found.group(1)}: -> ", value=value, strength=STATE)


def _in_attributes(page: Page, found: Outline) -> Iterator[Source]:
    """Yield what elements hold in attributes for the programs that draw them: `data-props`."""
    seen: set[str] = set()
    left, asked = MOST_CHARACTERS, iter(range(MOST_ASKED))
    for element in found.elements:
        for name, said in element.attributes.items():
            if said is None or len(said) < _LEAST_CHARACTERS or said.lstrip()[:1] not in {"{", "["}:
                continue
            is_first, left = name not in seen, left - len(said)
            seen.add(name)
            if left < 0:
                return
            if _ATTRIBUTE.fullmatch(name) and (is_first or element.said("id")):
                for source in _held(page, said, prefix=""):
                    held = _holder(page, element, asked=asked) or (f"[{name}]" if is_first else "")
                    if held:
                        yield replace(source, prefix=f"json:{held}::attr({name}) -> ")


def _holder(page: Page, element: Element, *, asked: Iterator[int]) -> str:
    """Return the selector by id of an element that alone has it; empty without one.

    Each of the whole page's elements is looked at for it, so some are `asked` for alone.
    """
    identity = element.said("id")
    if not classes.can_select(identity) or next(asked, None) is None:
        return ""
    return f"#{identity}" if len(page.css(f"#{identity}")) == 1 else ""


def _held(page: Page, text: str, *, prefix: str, strength: float = STATE) -> Iterator[Source]:
    try:
        value = page.embedded.parsed(text)
    except NotJson:
        return
    yield Source(prefix=prefix, value=value, strength=strength)
