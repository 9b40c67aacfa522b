"""How much of a page may be parsed: a tree is built in time that grows with the square of its depth."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

MOST_STEPS: Final = 300_000_000
"""For each tag the parser looks up through what is open: at 3 ns a step this takes a second."""

FEW_TAGS: Final = int(MOST_STEPS**0.5)
"""So many may all be within each other."""

LOOKED_INTO_CHARACTERS: Final = 131_072
"""So much of nothing but `<ul>` takes no two seconds, and most pages are shorter."""

_NAME: Final = re.compile(r"<(/?[a-z][^\t\n\f\r />]*)", re.IGNORECASE)
_HOLDS_NOTHING: Final = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
     "track", "wbr", "circle", "ellipse", "line", "path", "polygon", "polyline", "rect", "stop", "use"}
)  # fmt: skip
_ENDS_BY_ITSELF: Final = frozenset(
    {"body", "caption", "colgroup", "dd", "dt", "head", "html", "li", "optgroup", "option", "p", "rb",
     "rp", "rt", "rtc", "tbody", "td", "tfoot", "th", "thead", "tr"}
)  # fmt: skip


def quick_part(text: str) -> str:
    """Return `text`, or its beginning where an HTML page leaves so much open that a tree may take long.

    What is closed does not count, in the right order or not: to know that, a page with 100,000 tags would
    have to be read in 0.2 s, five times what its tree takes.
    """
    if len(text) < LOOKED_INTO_CHARACTERS:
        return text
    tags = text.count("<")
    if tags <= FEW_TAGS or (tags - 2 * text.count("</")) * tags <= MOST_STEPS:
        return text
    if _left_open(text) * tags <= MOST_STEPS:
        return text
    return "<".join(text.split("<", FEW_TAGS)[:FEW_TAGS])


def _left_open(text: str) -> int:
    """Return how many elements are not closed that hold what follows them."""
    names = Counter(name.lower() for name in _NAME.findall(text))
    return sum(
        max(count - names[f"/{name}"], 0)
        for name, count in names.items()
        if name[0] != "/" and name not in _HOLDS_NOTHING and name not in _ENDS_BY_ITSELF
    )
