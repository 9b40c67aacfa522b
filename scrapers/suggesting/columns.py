"""What the rows of a set have in common: selectors inside a row, and what each finds in which rows."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from scrapers.suggesting import classes, outline, spots

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scrapers.suggesting.outline import Element
    from scrapers.suggesting.spots import Spot

MOST_SAMPLED: Final = 40
MOST_INSIDE: Final = 150
MOST_COLUMNS: Final = 60
LEAST_SHARE: Final = 0.1
_LEAST_SHARE_BY_PLACE: Final = 0.4
_MOST_CLAIMED: Final = 0.3
_AS_BEFORE: Final = 0.7
_STRONG: Final = 0.85
"""A selector of this strength says what it finds; a weaker one says where that stands."""
_ITSELF: Final = ":scope"
_TELLING = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "time", "img", "summary", "figcaption"})
_CELLS = frozenset({"td", "th"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """What one selector finds in the sampled rows: the first match of each that has one.

    `strength` is how well the selector says what it finds, 1 at most; `more` has the siblings that it also
    finds in a row.
    """

    selector: str
    strength: float
    aspect: str
    spots: Mapping[int, Spot]
    share: float
    more: Mapping[int, list[Element]] = field(default_factory=dict)
    language: str = "css"

    @property
    def many(self) -> bool:
        """Whether the selector finds a list in most rows: tags, and not a title."""
        return 2 * len(self.more) > len(self.spots)

    @property
    def places(self) -> set[tuple[int, str, int]]:
        """Return what the column reads: row, aspect and number of each element."""
        others = ((row, self.aspect, element.number) for row, found in self.more.items() for element in found)
        return {(row, spot.aspect, spot.element.number) for row, spot in self.spots.items()} | set(others)

    @property
    def first(self) -> Spot:
        return self.spots[min(self.spots)]

    @property
    def values(self) -> list[str]:
        """Return the text of each row that has one, in the order of the rows."""
        return [self.spots[row].value for row in sorted(self.spots)]


@dataclass(slots=True)
class _Found:
    strength: float = 0.0
    elements: dict[int, Element] = field(default_factory=dict)
    lists: dict[int, list[Element]] = field(default_factory=lambda: defaultdict(list))


def sampled(rows: Sequence[Element]) -> list[Element]:
    """Return rows spread evenly over all of them, the first and the last included."""
    if len(rows) <= MOST_SAMPLED:
        return list(rows)
    step = (len(rows) - 1) / (MOST_SAMPLED - 1)
    return [rows[round(index * step)] for index in range(MOST_SAMPLED)]


def of_rows(rows: Sequence[Element], *, inside: int = MOST_INSIDE) -> list[Column]:
    """Return the columns that `rows`, already sampled, have: none twice, in the order of the page.

    So many elements `inside` each are looked at.
    """
    weighed = sorted(
        _proposed(rows, inside=inside),
        key=lambda one: (-one.strength * one.share, len(one.selector), one.first.element.number),
    )
    claimed: set[tuple[int, str, int]] = set()
    chosen: list[Column] = []
    for column in weighed:
        places = column.places
        least = LEAST_SHARE if column.strength >= _STRONG else _LEAST_SHARE_BY_PLACE
        if column.share < least or len(places & claimed) > _MOST_CLAIMED * len(places):
            continue
        claimed |= places
        chosen.append(column)
    if not any(row.own_length for row in rows):
        chosen = _without_whole_rows(chosen)
    different = _different(chosen, rows=len(rows))
    return sorted(different, key=lambda column: (column.first.element.number, column.aspect))


def _proposed(rows: Sequence[Element], *, inside: int) -> Iterator[Column]:
    found: dict[str, _Found] = defaultdict(_Found)
    for index, row in enumerate(rows):
        for selector, strength, element in _selectors(row, inside=inside):
            one = found[selector]
            one.strength = max(one.strength, strength)
            first = one.elements.setdefault(index, element)
            if element is not first and element.parent is first.parent:
                one.lists[index].append(element)
    for selector, one in found.items():
        if _finds_columns(one, rows=rows):
            continue
        by_aspect: dict[str, dict[int, Spot]] = defaultdict(dict)
        for index, element in one.elements.items():
            for spot in spots.of_element(element, row=rows[index]):
                by_aspect[spot.aspect][index] = spot
        for aspect, there in by_aspect.items():
            share = len(there) / len(rows)
            yield Column(
                selector=selector,
                strength=one.strength,
                aspect=aspect,
                spots=there,
                share=share,
                more=one.lists if one.strength >= _STRONG and 2 * len(one.lists) > len(there) else {},
            )


def _finds_columns(one: _Found, *, rows: Sequence[Element]) -> bool:
    """Whether a selector finds cells of several columns in most rows of a table: `.num`."""
    cells = sum(
        found[0].tag in _CELLS and found[0].parent is rows[index] for index, found in one.lists.items()
    )
    return 2 * cells > len(one.elements)


def _without_whole_rows(columns: list[Column]) -> list[Column]:
    """Leave out the text of whole rows where others say it part by part."""
    kept = [column for column in columns if column.selector != _ITSELF or column.aspect != spots.TEXT]
    return kept if any(column.aspect == spots.TEXT for column in kept) else columns


def _different(columns: list[Column], *, rows: int) -> list[Column]:
    """Leave out what says the same as another column, or the same in every row."""
    kept: dict[tuple[str, tuple[tuple[int, str], ...]], Column] = {}
    for column in columns:
        values = tuple((row, spot.value) for row, spot in sorted(column.spots.items()))
        kept.setdefault((spots.family(column.aspect), values), column)
    telling = [
        column for column in kept.values() if not _is_label(column, rows=rows) and not _is_mark(column)
    ]
    return _without_links_again(telling)[:MOST_COLUMNS]


def _is_mark(column: Column) -> bool:
    """Whether the column has brackets, bullets or the sign of a currency, and no word or number."""
    return column.aspect == spots.TEXT and all(map(_says_nothing, column.values))


def _says_nothing(text: str) -> bool:
    if len(text) == 1:
        return not text.isalnum()
    return all(unicodedata.category(sign)[0] in "PZ" for sign in text)


def _without_links_again(columns: list[Column]) -> list[Column]:
    """Leave out links that mostly lead where a better one does, and those of buttons beside others."""
    links = [column for column in columns if column.aspect == spots.LINK]
    again = {
        id(link)
        for place, link in enumerate(links)
        if any(_leads_as(better, link) for better in links[:place])
        or (
            spots.is_button(link.first.element)
            and not all(spots.is_button(one.first.element) for one in links)
        )
    }
    return [column for column in columns if id(column) not in again]


def _leads_as(better: Column, link: Column) -> bool:
    shared = better.spots.keys() & link.spots.keys()
    same = sum(better.spots[row].value == link.spots[row].value for row in shared)
    return same >= _AS_BEFORE * len(link.spots)


def _is_label(column: Column, *, rows: int) -> bool:
    """Whether the column has one word in all rows: a button, a caption, an icon."""
    same = len({value.lower() for value in column.values}) == 1
    if spots.is_button(column.first.element):
        return column.aspect == spots.TEXT
    if column.aspect == spots.TEXT and column.values[0].rstrip().endswith(":") and same:
        return True
    if rows < 3 or column.many or not same:
        return False
    if spots.may_be_alike(column.values[0]) and not column.aspect.startswith("data-"):
        return False
    return len(column.spots) > 1 and (column.aspect != spots.TEXT or column.share > 0.5)


def _selectors(row: Element, *, inside: int = MOST_INSIDE) -> Iterator[tuple[str, float, Element]]:
    """Yield selectors for what is in a row, in its order, each with its strength (1 at most)."""
    yield _ITSELF, 0.65, row
    for element in outline.inside(row, most=inside):
        for selector, strength in selectors(element, row):
            yield selector, strength, element


def selectable(row: Element) -> frozenset[str]:
    """Return every selector that a field may have and that finds something in a row."""
    return frozenset(selector for selector, _strength, _element in _selectors(row))


def selectors(element: Element, row: Element) -> Iterator[tuple[str, float]]:
    """Yield selectors for one element inside a row, each with its strength (1 at most)."""
    yield from named(element)
    yield from _tagged(element)
    yield from _placed(element, row)


def _tagged(element: Element) -> Iterator[tuple[str, float]]:
    yield element.tag, 0.9 if element.tag in _TELLING else 0.8 if element.tag == "a" else 0.7


def _placed(element: Element, row: Element) -> Iterator[tuple[str, float]]:
    """Yield the selectors that say where in the row `element` stands."""
    tag, parent = element.tag, element.parent
    if parent is None:
        return
    if tag in _CELLS and parent is row:
        yield f"{tag}:nth-child({_place(element, of_tag=False)})", 0.84
        return
    # what stands in a list has no place of its own
    place = f"{tag}:nth-of-type({_place(element, of_tag=True)})" if tag != "li" else ""
    if parent is row:
        around: tuple[tuple[str, float, float], ...] = (("", 0.0, 0.6),)
    else:
        outer = ((f"{selector} > ", strength * 0.9, strength * 0.7) for selector, strength in named(parent))
        around = (*outer, (f"{parent.tag} > ", 0.72, 0.58))
    for before, by_tag, by_place in around:
        if before:
            yield f"{before}{tag}", by_tag
        if place:
            yield f"{before}{place}", by_place
    if parent.tag in _CELLS:
        yield f"{parent.tag}:nth-child({_place(parent, of_tag=False)}) {tag}", 0.74


def named(element: Element) -> Iterator[tuple[str, float]]:
    """Yield the selectors that name `element` by what people called it."""
    said = element.said("itemprop").split()[: classes.MOST_CLASSES]
    if said and classes.can_select(said[0]):
        yield f'[itemprop{"~" if len(said) > 1 else ""}="{said[0]}"]', 1.0
    for name in element.classes:
        if classes.is_utility(name):
            yield f"{element.tag}.{name}", 0.55
        else:
            yield f".{name}", 0.95 * classes.strength(name)


def _place(element: Element, *, of_tag: bool) -> int:
    siblings = element.parent.children if element.parent is not None else [element]
    before = siblings[: siblings.index(element)]
    return 1 + sum(sibling.tag == element.tag or not of_tag for sibling in before)
