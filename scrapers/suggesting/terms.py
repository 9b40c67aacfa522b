"""Lists of terms and what is said of each: `dt` and `dd` side by side, which no element holds together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from scrapers.suggesting import columns, meanings, outline
from scrapers.suggesting.meanings import Meaning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapers.suggesting.outline import Element
    from scrapers.suggesting.rows import Rows

FIELDS: Final[tuple[tuple[str, Meaning, dict[str, Any]], ...]] = (
    ("term", Meaning.TEXT, {"css": ":scope", "type": "text"}),
    ("definition", Meaning.TEXT, {"xpath": "following-sibling::dd[1]", "type": "text"}),
)
LINK: Final[tuple[str, Meaning, dict[str, Any]]] = ("link", Meaning.URL, {"css": "a", "type": "url"})
LEAST_TERMS: Final = 3


def are_terms(rows: Rows) -> bool:
    """Whether the elements of `rows` are terms that are each followed by a definition."""
    if len(rows.elements) < LEAST_TERMS or any(element.tag != "dt" for element in rows.elements):
        return False
    return all(map(_is_defined, columns.sampled(rows.elements)))


def fields_of(rows: Rows) -> Iterator[tuple[str, Meaning, dict[str, Any]]]:
    """Yield name, meaning and declaration of each field of terms."""
    for name, meaning, declared in FIELDS:
        said = [outline.text(row) for row in columns.sampled(rows.elements)] if name == "term" else []
        yield name, meaning, declared | meanings.without_pilcrows(said)
    if any(child.tag == "a" for term in rows.elements for child in term.children):
        yield LINK


def _is_defined(term: Element) -> bool:
    siblings = term.parent.children if term.parent is not None else []
    after = siblings[siblings.index(term) + 1 :]
    return bool(after) and after[0].tag == "dd"
