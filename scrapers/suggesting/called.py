"""What the pages of records have once, by a name that people gave it: a class, an itemprop, a heading."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from scrapers.suggesting import columns, meanings, naming, outline, places, spots
from scrapers.suggesting.drafting import DraftField

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scrapers.page import Page
    from scrapers.suggesting.columns import Column
    from scrapers.suggesting.outline import Element, Outline

MOST_INSIDE: Final = 1_500
_STRONG: Final = 0.85
_HEADINGS: Final = frozenset({"h2", "h3", "h4", "h5", "h6", "summary", "figcaption"})
_ACTIONS: Final = frozenset(
    {
        "buy", "purchase", "cart", "basket", "bag", "checkout", "wishlist", "compare", "share", "print",
        "login", "subscribe",
    }
)  # fmt: skip


def of_pages(listed: Page, pages: Sequence[Page], outlines: Sequence[Outline]) -> Iterator[DraftField]:
    """Yield fields for what people called by a name of its own, once on each of the pages."""
    mains = [_main(found) for found in outlines if found.elements]
    if len(mains) < len(pages):
        return
    for column in columns.of_rows(mains, inside=MOST_INSIDE):
        if column.strength < _STRONG or column.share < 1 or not _is_one(column, pages, outlines):
            continue
        row = mains[min(column.spots)]
        words = naming.words_of(column, row=row)
        if words & _ACTIONS or column.selector in _HEADINGS or _is_of_site(listed, column):
            continue
        meaning = meanings.of_values(column.values, aspect=column.aspect, words=words, page=pages[0])
        declared = meanings.declared({"css": column.selector}, aspect=column.aspect, meaning=meaning)
        yield DraftField(
            name=naming.of_column(column, meaning=meaning, row=row, headings={}),
            meaning=meaning,
            declared=declared | ({"many": True} if column.many else {}),
            share=column.share,
            strength=column.strength,
        )


def _main(found: Outline) -> Element:
    """Return what the page is about as far as its markup says: its one `main` or `article`, else all."""
    for tag in ("main", "article"):
        tagged = [element for element in found.elements if element.tag == tag]
        if len(tagged) == 1:
            return tagged[0]
    return found.elements[0]


def _is_one(column: Column, pages: Sequence[Page], outlines: Sequence[Outline]) -> bool:
    """Whether the selector finds on each page what it found in its main part, and nothing else."""
    if spots.is_button(column.first.element) or (column.many and " " in column.selector):
        return False
    for index, spot in column.spots.items():
        found = pages[index].css(column.selector)
        first = outlines[index].by_id.get(found[0].mem_id) if found else None
        if first is None or not (first is spot.element or first.holds(spot.element)):
            return False
        if len(found) != 1 + len(column.more.get(index, ())) or (column.many and _leads_on(found)):
            return False
    return True


def _leads_on(found: Sequence[Any]) -> bool:
    """Whether a list is one of links, to what is like this and not of it."""
    return any(node.css_first("a") is not None or node.tag == "a" for node in found)


def _is_of_site(listed: Page, column: Column) -> bool:
    """Whether what the column says is not of one record: pages have it in common, or in their margins."""
    values = {value.lower() for value in column.values}
    whole = {(spot.value, *map(outline.text, column.more.get(row, ()))) for row, spot in column.spots.items()}
    is_alike = len(column.spots) > 1 and len(whole) == 1 and column.aspect == spots.TEXT
    if is_alike and not spots.may_be_alike(column.values[0]):
        return True
    there = listed.css(column.selector)[:1] if listed.is_html else []
    if there and " ".join(there[0].text().split()).lower() in values:
        return True
    return places.weight(column.first.element) <= places.BESIDE
