"""Names for suggested fields, from what people called the elements: attributes, classes, labels, headings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from scrapers.suggesting import classes, outline, spans, spots
from scrapers.suggesting.meanings import Meaning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapers.suggesting.columns import Column
    from scrapers.suggesting.outline import Element
    from scrapers.suggesting.spots import Spot

MOST_CHARACTERS: Final = 40
STRUCK: Final = frozenset({"del", "s", "strike"})
"""What these elements say was so before."""
_MOST_LABEL: Final = 30
_MOST_HEADINGS: Final = 4
_SAYS_NOTHING = frozenset(
    {
        "product", "products", "item", "items", "card", "entry", "post", "article", "list", "row",
        "col", "cell", "column", "wrapper", "wrap", "container", "content", "inner", "outer", "box",
        "block", "value", "field", "holder", "component", "element", "main", "body", "header",
        "footer", "left", "right", "top", "bottom", "js", "ui", "is", "has", "search", "result",
        "results", "news", "story", "teaser", "media", "group", "section", "data", "view", "views",
        "text", "txt", "span", "div", "p", "a", "td", "tr", "li", "h", "internal", "external",
        "reference", "std", "ref", "style", "font", "color", "large", "small", "current", "new",
        "more", "thing", "sc", "xs", "sm", "md", "lg", "xl", "node", "tile", "grid", "line", "info",
        "woocommerce", "wp", "loop", "mw", "pre", "sig", "xref", "py", "docutils",
        "literal", "notranslate",
    }
)  # fmt: skip
_FOOTNOTE: Final = re.compile(r"\[\s*\w{1,3}\s*\]")
_UNIT: Final = re.compile(r"[-+]?\d[\d.,\s]*\s+([^\W\d]{3,15})")
_CONTACTS: Final = {"mailto": "email", "tel": "phone"}
_HEADINGS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_IS_LINK = frozenset({"link", "links", "url", "href", "anchor", "title", "name", "headline", "heading"})
_DEFAULTS = {
    Meaning.URL: "link",
    Meaning.IMAGE: "image",
    Meaning.PRICE: "price",
    Meaning.DATE: "date",
    Meaning.NUMBER: "number",
    Meaning.INTEGER: "number",
    Meaning.RATING: "rating",
    Meaning.STOCK: "in_stock",
}


def of_column(column: Column, *, meaning: Meaning, row: Element, headings: dict[int, str]) -> str:
    """Return a name for `column` in the set of `row`; `headings` are those of a table's columns."""
    spot = column.first
    if meaning in {Meaning.IMAGE, Meaning.RATING}:
        return _DEFAULTS[meaning]
    if spot.aspect.startswith("data-"):
        return _joined(classes.words(spot.aspect.removeprefix("data-"))) or "data"
    said = _heading(spot.element, row, headings) or _contact(spot) or _called(spot.element, row)
    said = said or _labelled(column, row)
    if meaning is Meaning.PRICE and said in {"", "amount"}:
        return "old_price" if _is_struck(spot.element, row) else "price"
    if meaning is Meaning.URL:
        return "link" if not said or set(said.split("_")) & _IS_LINK else f"{said}_link"
    if said and not (meaning is Meaning.TEXT and said in {"link", "links", "url", "anchor"}):
        return said
    if meaning in {Meaning.NUMBER, Meaning.INTEGER} and (unit := _unit(column)):
        return unit
    return _DEFAULTS.get(meaning) or _of_text(spot.element)


def _contact(spot: Spot) -> str:
    """Return what a text is that is a link to write or to call."""
    around = (spot.element, spot.element.parent)
    links = [
        one.said("href").partition(":")[0].lower() for one in around if one is not None and one.tag == "a"
    ]
    return _CONTACTS.get(links[0], "") if links and spot.aspect == spots.TEXT else ""


def _is_struck(element: Element, row: Element) -> bool:
    return any(one.tag in STRUCK for one in (element, *element.ancestors()) if row.holds(one))


def _unit(column: Column) -> str:
    """Return the word behind each number, that of most where it has a plural: `12 replies`."""
    words = [found.group(1).lower() for value in column.values if (found := _UNIT.fullmatch(value))]
    alike = {word[:3] for word in words}
    return max(words, key=words.count) if len(words) == len(column.values) and len(alike) == 1 else ""


def words_of(column: Column, *, row: Element) -> frozenset[str]:
    """Return every word that the element of `column` and its attribute are named by."""
    spot = column.first
    named = [
        name
        for element in _around(spot.element, row)
        for name in (*element.classes, element.said("itemprop"))
    ]
    if spot.aspect != spots.TEXT:
        named.append(spot.aspect)
    return frozenset(word for name in named for word in classes.words(name[: classes.MOST_CHARACTERS]))


def headings_of(row: Element) -> dict[int, str]:
    """Return the headings of the columns of the table that `row` is a row of, by their place from 0."""
    if row.tag != "tr":
        return {}
    table = next((around for around in row.ancestors() if around.tag == "table"), None)
    if table is None:
        return {}
    first = next((one for one in outline.inside(table, most=50) if one.tag == "tr"), None)
    if first is None or first is row or any(cell.tag == "td" for cell in first.children[1:]):
        return {}
    said: dict[int, dict[Element, str]] = {}
    for line in spans.lines(list(_heading_rows(first, row))):
        for place, cell in line.items():
            said.setdefault(place, {})[cell] = _FOOTNOTE.sub("", outline.text(cell))
    found = {place: of_label(" ".join(cells.values())) for place, cells in said.items()}
    return {place: name for place, name in found.items() if name}


def _heading_rows(first: Element, row: Element) -> Iterator[Element]:
    """Yield the `first` row of a table and, where cells of it span, those below that go on with headings."""
    rows = first.parent.children if first.parent is not None else [first]
    for one in rows[rows.index(first) :][:_MOST_HEADINGS]:
        goes_on = len(one.children) > 1 and all(cell.tag == "th" for cell in one.children)
        if one is row or not (one is first or goes_on):
            return
        yield one
        if not any(spans.span(cell, way) > 1 for cell in one.children for way in ("colspan", "rowspan")):
            return


def unique(name: str, taken: set[str]) -> str:
    """Return `name`, with a number after it where others have it, and take it."""
    found, number = name, 1
    while found in taken:
        number += 1
        found = f"{name}_{number}"
    taken.add(found)
    return found


def _around(element: Element, row: Element) -> Iterator[Element]:
    """Yield `element` and those around it within `row` that hold nothing else to read."""
    yield element
    if element is row:
        return
    for around in element.ancestors():
        if around is row or around.length != element.length or len(around.children) > 1:
            return
        yield around


def _heading(element: Element, row: Element, headings: dict[int, str]) -> str:
    if not headings:
        return ""
    cell = next((one for one in (element, *element.ancestors()) if one.parent is row), None)
    if cell is None:
        return ""
    before = row.children[: row.children.index(cell)]
    return headings.get(sum(spans.span(one, "colspan") for one in before), "")


def _called(element: Element, row: Element) -> str:
    """Return what an `itemprop` or a class calls `element`, without the words that the row's classes have."""
    of_row = {word for name in row.classes for word in classes.words(name)}
    around = list(_around(element, row))
    for one in around:
        if said := one.said("itemprop"):
            return _joined(classes.words(said.split()[0][: classes.MOST_CHARACTERS]))
    for one in around:
        for name in one.classes:
            if classes.is_utility(name):
                continue
            kept = [word for word in classes.words(name) if word not in of_row | _SAYS_NOTHING]
            kept = [word for word in kept if not word.isdigit()]
            if kept:
                return _joined(kept) if "title" not in kept or element.tag not in _HEADINGS else "title"
    return ""


def _labelled(column: Column, row: Element) -> str:
    """Return what is written before each value of `column`: a heading of its line, or words with a colon."""
    first, last = column.first.element, column.spots[max(column.spots)].element
    label = _label(first, row)
    return label if label and (first is last or label == _label(last, row)) else ""


def _label(element: Element, row: Element) -> str:
    parent = element.parent
    if element is row or parent is None:
        return ""
    place = next((place for place, part in enumerate(parent.content) if part is element), 0)
    before = parent.content[place - 1] if place else ""
    said = before if isinstance(before, str) else outline.text(before)
    is_label = said.rstrip().endswith(":") or (
        not isinstance(before, str) and (before.tag in {"dt", "th", "label"} or "label" in before.classes)
    )
    return of_label(said) if is_label and len(said) <= _MOST_LABEL else ""


def _of_text(element: Element) -> str:
    if element.tag == "th":
        return "name"
    if element.tag in {*_HEADINGS, "a"} or any(around.tag in _HEADINGS for around in element.ancestors()):
        return "title"
    if "code" in {element.tag, element.parent.tag if element.parent is not None else ""}:
        return "code"
    return "description" if element.tag == "p" else "text"


def of_label(text: str) -> str:
    """Return what people wrote before a value as a name, empty where it has no letters or digits."""
    return re.sub(r"\W+", "_", text[:MOST_CHARACTERS].strip().lower()).strip("_")


def _joined(words: tuple[str, ...] | list[str]) -> str:
    return of_label("_".join(words))
