"""JSON that an HTML page carries beside its markup: JSON-LD, scripts of JSON, and state that scripts set."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Final

from scrapers.page import NotJson, embedded
from scrapers.suggesting import classes
from scrapers.suggesting.objects import Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapers.page import JSON, Page

MOST_SCRIPTS: Final = 20
MOST_CHARACTERS: Final = 4 * 1024 * 1024
"""Of all scripts together: states of shops have one to two million."""
LINKED_DATA: Final = 0.95
SCRIPT: Final = 0.92
STATE: Final = 0.9
"""What is seen lasts longer than what a script needs, and search engines read the JSON-LD."""
_JSON_TYPE: Final = "application/json"
_LEAST_CHARACTERS: Final = 40
_SET = re.compile(
    r"(?<![\w$.])((?:(?:window|self|globalThis)\.[\w$]{1,80}|(?:var|let|const)\s+[\w$]{1,80}|__\w{1,80})\s*=)"
    r"\s*(?=[\[{]|JSON\s*\.\s*parse\s*\()"
)


def of_page(page: Page) -> list[Source]:
    """Return the JSON of an HTML page that fields can look into."""
    return [*_linked_data(page), *islice(_embedded(page), MOST_SCRIPTS)]


def _linked_data(page: Page) -> Iterator[Source]:
    if page.json_ld:
        yield Source(prefix="jmespath:", value=list(page.json_ld), strength=LINKED_DATA)


def _embedded(page: Page) -> Iterator[Source]:
    number, left = 0, MOST_CHARACTERS
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
            yield from _set(page, text)


def _whole(page: Page, text: str, *, identity: str, number: int) -> Iterator[Source]:
    by_id = classes.can_select(identity) and len(page.css(f"script#{identity}")) == 1
    try:
        value = page.embedded.parsed(text)
    except NotJson:
        return
    yield Source(prefix=f"json:{f'script#{identity}' if by_id else number} -> ", value=value, strength=SCRIPT)


def _set(page: Page, text: str) -> Iterator[Source]:
    """Yield what a script sets, by the names that are the first ones of the page to be set."""
    for found in islice(_SET.finditer(text), embedded.MOST_PLACES):
        lead = " ".join(found.group(1).split())
        value: JSON = page.embedded.after(lead)
        if value:
            yield Source(prefix=f"json:{lead} -> ", value=value, strength=STATE)
