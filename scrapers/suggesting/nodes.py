"""Records in XML that is no page: feeds, sitemaps, exports. Elements in one place of the tree are alike."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from scrapers.page.markup import DoctypeRefused, tag
from scrapers.suggesting import classes, drafting, meanings, naming, reading
from scrapers.suggesting.drafting import DraftField
from scrapers.suggesting.rows import LEAST_ROWS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lxml.etree import _Element as Element

    from scrapers.page import Page
    from scrapers.suggesting.values import Candidate

MOST_ELEMENTS: Final = 40_000
MOST_PLACES: Final = 25
MOST_SAMPLED: Final = 100
MOST_COLUMNS: Final = 60
MOST_FIELDS: Final = 24
_MOST_INSIDE: Final = 200
_MOST_LEVELS: Final = 12
_MOST_TEXT: Final = 300
_LEAST_SHARE: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    row: str
    fields: tuple[DraftField, ...]
    score: float


def candidates(page: Page) -> Iterator[Candidate]:
    """Yield what repeats in XML, the best first, each as the page is read by it."""
    try:
        root = page.lxml
    except DoctypeRefused:
        return
    for draft in sorted(_drafts(page, root), key=lambda draft: (-draft.score, draft.row)):
        candidate = reading.tried(page, row=draft.row, drafted=draft.fields, score=draft.score, options={})
        if candidate is not None:
            yield candidate


def _drafts(page: Page, root: Element) -> Iterator[_Draft]:
    placed = _placed(root)
    weighed = sorted(placed.items(), key=lambda one: -_weight(one[1]))[:MOST_PLACES]
    whole = _weight(weighed[0][1]) if weighed else 1
    for path, found in weighed:
        if len(found) < LEAST_ROWS or len(path) > _MOST_LEVELS:
            continue
        sampled = found[:MOST_SAMPLED]
        fields = _fields(page, sampled)
        score = drafting.worth(fields, rows=len(found), share=_weight(found) / whole)
        if (
            any(drafting.nearly_all(one.share, rows=len(sampled)) for one in fields)
            and score >= drafting.LEAST_SCORE
        ):
            yield _Draft(row="xpath:/" + "/".join(map(_step, path)), fields=fields, score=score)


def _weight(found: Sequence[Element]) -> int:
    """Return how many elements they hold together."""
    return sum(map(len, found))


def _placed(root: Element) -> Mapping[tuple[str, ...], list[Element]]:
    """Return the elements that hold others, by the names from the root to them."""
    placed: dict[tuple[str, ...], list[Element]] = defaultdict(list)
    paths: dict[Element, tuple[str, ...]] = {}
    for element in islice(root.iter("*"), MOST_ELEMENTS):
        parent = element.getparent()
        around = paths.get(parent, ()) if parent is not None else ()
        paths[element] = path = (*around[: _MOST_LEVELS + 1], _named(element))
        if len(element):
            placed[path].append(element)
    return placed


def _fields(page: Page, rows: Sequence[Element]) -> tuple[DraftField, ...]:
    columns: dict[str, dict[int, list[str]]] = {}
    for number, row in enumerate(rows):
        for path, value in _values(row):
            if path in columns or len(columns) < MOST_COLUMNS:
                columns.setdefault(path, {}).setdefault(number, []).append(value)
    taken: set[str] = set()
    fields = [
        _field(page, path, found, share=len(found) / len(rows), taken=taken)
        for path, found in columns.items()
        if len(found) >= _LEAST_SHARE * len(rows) and _name(path)
    ]
    return tuple(fields[:MOST_FIELDS])


def _field(
    page: Page, path: str, found: Mapping[int, Sequence[str]], *, share: float, taken: set[str]
) -> DraftField:
    values = [value for row in found.values() for value in row]
    meaning = meanings.of_json(values, words=frozenset(classes.words(_name(path))), page=page)
    declared = meanings.declared({"xpath": path}, aspect="text", meaning=meaning)
    many = 2 * sum(len(row) > 1 for row in found.values()) > len(found)
    return DraftField(
        name=naming.unique(_name(path), taken),
        meaning=meaning,
        declared=declared | ({"many": True} if many else {}),
        share=share,
    )


def _values(row: Element) -> Iterator[tuple[str, str]]:
    """Yield the path and the text of what a row holds: attributes, children, and what these hold."""
    yield from _attributes(row, "")
    for child in islice(row.iterchildren("*"), _MOST_INSIDE):
        path = _step(_named(child))
        yield from _of_text(child, path)
        for inner in islice(child.iterchildren("*"), _MOST_INSIDE):
            yield from _of_text(inner, f"{path}/{_step(_named(inner))}")


def _of_text(element: Element, path: str) -> Iterator[tuple[str, str]]:
    yield from _attributes(element, f"{path}/")
    if (element.text or "").strip():
        text = "".join(map(str, islice(element.itertext(), _MOST_INSIDE)))[:_MOST_TEXT]
        yield path, " ".join(text.split())


def _attributes(element: Element, path: str) -> Iterator[tuple[str, str]]:
    for name, value in islice(element.attrib.items(), 8):
        said, plain = str(value)[:_MOST_TEXT].strip(), str(name)
        if said and plain.isascii() and plain.replace("-", "").isalnum():
            yield f"{path}@{plain}", said


def _named(element: Element) -> str:
    """Return the name of an element as the document writes it."""
    local = tag(element).rpartition("}")[2]
    if element.prefix:
        return f"{element.prefix}:{local}"
    return f"*:{local}" if tag(element).startswith("{") else local


def _step(name: str) -> str:
    """Return what finds the elements of a name among the children: XPath knows no prefixes of a page."""
    return f"*[name()='{name.removeprefix('*:')}']" if ":" in name else name


def _name(path: str) -> str:
    """Return a path as a name that a field may have."""
    parts = [part.removeprefix("*[name()='").removesuffix("']") for part in path.split("/")]
    words = [part.removeprefix("@").rpartition(":")[2].replace(".", "_") for part in parts]
    return "_".join(words).lstrip("_")[: naming.MOST_CHARACTERS]
