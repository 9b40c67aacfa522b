"""Where a page says what is known: the elements that hold it, and selectors of these."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from scrapers.suggesting import classes, columns, outline

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from scrapers.page import JSON
    from scrapers.suggesting.outline import Element

MOST_AROUND: Final = 3
_LONGEST_NUMBER: Final = 40
_LONGEST_ATTRIBUTE: Final = 2_000
_NUMBER: Final = re.compile(r"\d+")
_SAID_BY = ("href", "src", "content", "datetime", "value", "title", "alt", "aria-label")


def selectors(element: Element, row: Element) -> Iterator[tuple[str, float]]:
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


def holding(element: Element, known: Sequence[str], wanted: frozenset[str]) -> Iterator[str]:
    """Yield what of an element may say the field: its text (""), or an attribute.

    It says what is `known`, or its text is called as the `wanted` words are.
    """
    named = any(wanted & set(classes.words(one)) for one in (*element.classes, element.said("itemprop")))
    for attr, text in texts(element, long=named):
        if (named and not attr) or any(says(text, needle) for needle in known):
            yield attr


def texts(element: Element, *, long: bool = False) -> Iterator[tuple[str, str]]:
    """Yield the text of an element (""), where that is short or `long` ones count, and its attributes'."""
    text = plain(outline.text(element)) if element.length <= outline.MOST_TEXT or long else ""
    if text:
        yield "", text
    for attr, value in element.attributes.items():
        if value and (attr in _SAID_BY or attr.startswith("data-")) and len(value) <= _LONGEST_ATTRIBUTE:
            yield attr, plain(value)


def needles(values: Iterable[JSON]) -> list[str]:
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
            case str() as text if said := plain(text)[: outline.MOST_TEXT]:
                found[said] = None
            case int() | float() as number:
                found[f"#{number:g}"] = None
            case _:
                continue
    return list(found)


def says(text: str, needle: str) -> bool:
    """Whether a text has what a known value looks like."""
    if needle.startswith("#"):
        return len(text) <= _LONGEST_NUMBER and digits(needle) <= digits(text)
    if "://" in needle:
        last = needle.rpartition("/")[2] or needle.rstrip("/").rpartition("/")[2]
        return text.endswith(last) or (len(text) > 1 and needle.endswith(text))
    return needle in text or (len(text) > 20 and needle.startswith(text))


def digits(text: str) -> set[str]:
    """Return the groups of digits of a number, however these are parted: 1,204.50 has 1, 204 and 5."""
    parts = _NUMBER.findall(text)
    return {part.rstrip("0") or "0" for part in parts}


def plain(text: str) -> str:
    """Return a text as it is compared: without upper case, and with one space for several."""
    return " ".join(text.split()).casefold()
