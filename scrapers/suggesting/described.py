"""What the page of one record says of it in the ways that many sites share: JSON-LD, and labelled pairs."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import jmespath

from scrapers.suggesting import classes, json_paths, meanings, naming, objects, outline, places
from scrapers.suggesting.drafting import DraftField
from scrapers.suggesting.json_places import Place
from scrapers.suggesting.meanings import Meaning

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scrapers.page import JSON, Page
    from scrapers.suggesting.outline import Element, Outline

MOST_PAIRS: Final = 40
MOST_LABEL: Final = 40
_OF_SITE: Final = frozenset(
    {
        "organization", "website", "webpage", "itempage", "breadcrumblist", "itemlist", "imageobject",
        "searchaction", "corporation", "localbusiness", "collectionpage", "sitenavigationelement",
        "wpheader", "wpfooter", "faqpage",
    }
)  # fmt: skip
_WORD: Final = re.compile(r"https?://schema\.org/\w+\Z")
_ONLY_THE_WORD: Final = {"type": "text", "transform": [{"replace": ["^https?://schema.org/", ""]}]}
_MAIN: Final = "mainEntity"
_SAYS_NOTHING: Final = ("offers_", "aggregateRating_")


def linked(pages: Sequence[Page]) -> Iterator[DraftField]:
    """Yield fields for the object that each page's JSON-LD says it is about."""
    if not pages:
        return
    for path, _one in _things(pages[0]):
        found = [one for page in pages for other, one in _things(page) if other == path]
        if len(found) < len(pages):
            continue
        for field in objects.fields_of(Place(path=path, found=found), pages[0]):
            declared = {**field.declared, "jmespath": f"{path}.{field.declared['jmespath']}"}
            name, meaning = field.name, field.meaning
            if all(_WORD.match(str(value)) for value in _values(found, field.declared["jmespath"])):
                declared, meaning = declared | _ONLY_THE_WORD, Meaning.TEXT
            for word in _SAYS_NOTHING:
                name = name.removeprefix(word)
            yield DraftField(name=name, meaning=meaning, declared=declared, share=field.share)
        return


def _things(page: Page) -> Iterator[tuple[str, dict[str, JSON]]]:
    """Yield the objects that a page may be about, each type's first, with the path to it."""
    seen: set[str] = set()
    for one in page.json_ld:
        named = one.get("@type")
        if not isinstance(named, str) or named in seen or not json_paths.can_compare(named):
            continue
        seen.add(named)
        path = f"{json_paths.where('', '@type', named)} | [0]"
        main = one.get(_MAIN)
        if named.lower() not in _OF_SITE:
            yield path, one
        elif isinstance(main, dict):
            yield f"{path}.{_MAIN}", main


def _values(found: Sequence[dict[str, JSON]], path: str) -> list[JSON]:
    """Return what a field says of each thing that has it."""
    return [value for one in found if (value := jmespath.search(path, one)) is not None]


def pairs(page: Page, found: Outline) -> Iterator[DraftField]:
    """Yield fields for what stands beside a label of its own: in a row of a table, or after a term."""
    for label, value, path in islice(_pairs(found), MOST_PAIRS):
        name = naming.of_label(label)
        if name and '"' not in label and label.isprintable():  # XPath can say no other label
            words = frozenset(classes.words(name))
            meaning = meanings.of_json([outline.text(value)], words=words, page=page)
            declared: dict[str, Any] = meanings.declared(
                {"xpath": path.format(f'"{label}"')}, aspect="text", meaning=meaning
            )
            yield DraftField(name=name, meaning=meaning, declared=declared, share=1.0)


def _pairs(found: Outline) -> Iterator[tuple[str, Element, str]]:
    """Yield label, element of the value, and the XPath to it for any label."""
    for element in found.elements:
        if element.tag == "tr" and [one.tag for one in element.children] == ["th", "td"]:
            label, value = element.children
            path = "//tr[th[normalize-space()={}]]/td[1]"
        elif element.tag == "dt" and (after := _after(element)) is not None and after.tag == "dd":
            label, value = element, after
            path = "//dt[normalize-space()={}]/following-sibling::dd[1]"
        else:
            continue
        said = outline.text(label)
        if 0 < len(said) <= MOST_LABEL and value.length and places.weight(element) > places.BESIDE:
            yield said, value, path


def _after(element: Element) -> Element | None:
    siblings = element.parent.children if element.parent is not None else []
    place = siblings.index(element) + 1
    return siblings[place] if place < len(siblings) else None
