"""What a field may take from an element: its text, where it leads, its picture, a date, an attribute."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from scrapers.suggesting import classes, outline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapers.suggesting.outline import Element

TEXT: Final = "text"
LINK: Final = "href"
DATE: Final = "datetime"
_IMAGES: Final = ("data-src", "data-lazy-src", "data-original", "src")
_MOST_VALUE: Final = 120
_MOST_DATA: Final = 4
_FORMATS = frozenset(
    {"b", "strong", "em", "i", "mark", "u", "br", "wbr", "sup", "sub", "small", "code", "bdi", "font", "abbr"}
    | {"del", "ins", "s", "q", "var", "kbd", "cite", "dfn"}
)
_ELSEWHERE = ("#", "javascript:", "mailto:", "tel:", "data:", "blob:", "about:")
_MACHINERY = re.compile(
    r"data-(?:v|react|test|testid|toggle|bs|target|controller|action|track|tracking|ga|gtm|analytics|turbo|hx"
    r"|aos|index|position|pos|idx|src|srcset|lazy|original|bind|component|module|style|class|cy|qa"
    r"|widget)(?:-.*)?"
)
_SIMPLE = re.compile(r"[^{}\[\]<>]{1,80}")
_RATING = re.compile(
    r"\d(?:[.,]\d+)?\s*(?:out of|of|/|von|sur|de|su|van|z|ze|из)\s*(?:5|10)\b"
    r"|\d(?:[.,]\d+)?[\s-]*(?:star|stern|étoile|estrella|stell)",
    re.IGNORECASE,
)
_PRICE = re.compile(
    r"[^\w]*(?:[A-Z]{3}|\w{0,3}[$€£¥₹₽₩₺₴]|Kč|kr|zł)?\s*\d[\d.,'\s]*(?:[A-Z]{3}|[$€£¥₹₽₩₺₴]|Kč|kr|zł)?"
)
_ALIKE = re.compile(
    r"[$€£¥₹₽₩₺₴\d]|stock|available|sold out|unavailable|lager|verfügbar|disponible", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """One thing that can be read: `aspect` is what of `element`, `value` the beginning of what is there."""

    element: Element
    aspect: str
    value: str


def family(aspect: str) -> str:
    """Return what two aspects have in common when they may say the same."""
    return "image" if aspect in _IMAGES else aspect if aspect in {TEXT, LINK, DATE} else "attribute"


def is_image(aspect: str) -> bool:
    return aspect in _IMAGES


def is_button(element: Element) -> bool:
    """Whether `element` is something to press rather than to read."""
    named = set(element.said("class").lower().split()[: classes.MOST_CLASSES])
    return element.tag == "button" or bool(named & {"btn", "button", "add-to-cart", "readmore", "read-more"})


def may_be_alike(text: str) -> bool:
    """Whether a field may well say `text` in every row: a price, a number, whether there is any left."""
    return _ALIKE.search(text) is not None


def of_element(element: Element, *, row: Element) -> Iterator[Spot]:
    """Yield what a field may take from `element`, which is `row` or inside it."""
    if element.tag == "meta":
        content = element.said("content")
        if content:
            yield Spot(element=element, aspect=TEXT, value=content[:_MOST_VALUE])
        return
    leaf = _leaf(element)
    if leaf is not None and not (leaf.tag == "time" and leaf.said("datetime")) and not _is_format(leaf, row):
        yield Spot(element=leaf, aspect=TEXT, value=outline.text(leaf))
    href = element.said("href") if element.tag == "a" else ""
    if href and not href.lower().startswith(_ELSEWHERE):
        yield Spot(element=element, aspect=LINK, value=href[:_MOST_VALUE])
    if element.tag == "img":
        yield from _image(element)
    if element.tag == "time" and element.said("datetime"):
        yield Spot(element=element, aspect=DATE, value=element.said("datetime")[:_MOST_VALUE])
    yield from _attributes(element)


def _image(element: Element) -> Iterator[Spot]:
    for name in _IMAGES:
        value = element.said(name)
        if value and not value.startswith("data:"):
            yield Spot(element=element, aspect=name, value=value[:_MOST_VALUE])
            return


def _attributes(element: Element) -> Iterator[Spot]:
    found = 0
    for name, said in element.attributes.items():
        value = (said or "")[: _MOST_VALUE + 1].strip()
        if value and _is_read(name, value):
            yield Spot(element=element, aspect=name, value=value)
            found += 1
            if found == _MOST_DATA:
                return


def _is_read(name: str, value: str) -> bool:
    """Whether an attribute says something to people: how good a thing is, or what programs know it by."""
    if name in {"aria-label", "title"}:
        return _RATING.search(value) is not None
    if not name.startswith("data-") or _MACHINERY.fullmatch(name) or not _is_name(name):
        return False
    return _SIMPLE.fullmatch(value) is not None


def _is_name(attribute: str) -> bool:
    return re.fullmatch(r"data(?:-[a-z]{2,20}){1,3}", attribute) is not None


def _is_format(element: Element, row: Element) -> bool:
    """Whether `element` only stresses a part of a text that is read whole."""
    if element is row or element.parent is None or element.tag not in _FORMATS:
        return False
    return not any(map(_means, element.classes)) and _reads_whole(element.parent)


def _leaf(element: Element) -> Element | None:
    """Return the element that has all the text of `element`; None where a field should not read it whole."""
    if not element.length:
        return None
    while True:
        inner = [part for part in element.content if isinstance(part, str) or part.length]
        if len(inner) != 1 or isinstance(inner[0], str) or inner[0].tag in _FORMATS:
            break
        element = inner[0]
    return element if _reads_whole(element) else None


def _reads_whole(element: Element) -> bool:
    """Whether the text of `element` is one thing: formatted at most, mostly its own, or a price in parts."""
    inside = [child for child in element.children if child.length]
    if all(child.tag in _FORMATS and not any(map(_means, child.classes)) for child in inside):
        return True
    if element.length <= 40 and _PRICE.fullmatch(outline.text(element)):
        return True
    return element.own_length >= 0.5 * element.length and element.own_length >= 3


def _means(name: str) -> bool:
    return not classes.is_utility(name)
