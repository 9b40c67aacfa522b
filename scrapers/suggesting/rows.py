"""What repeats on a page: sets of elements alike, each with the shortest selector that finds them all."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from scrapers.suggesting import classes, places

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scrapers.suggesting.outline import Element, Outline

LEAST_ROWS: Final = 2
MOST_SETS: Final = 40
_MOST_ASKED: Final = 250
"""So many selectors are tried at most: each walks the page once."""
_MOST_LOOKED_AT: Final = 1_000_000
"""So many elements are looked at for that, one often, before the search ends."""
_MOST_CLIMBED: Final = 12
_OF_LANDMARK: Final = 0.75
_LANDMARKS = frozenset({"main", "body", "article"})
_SEMANTIC = frozenset({"article", "figure"})
_TABLE_PARTS = frozenset({"tbody", "thead", "tfoot"})
_NO_ROWS = frozenset(
    {
        "html", "body", "br", "hr", "wbr", "input", "option", "td", "th", "col", "meta", "link", "source",
        "dd", "b", "i", "em", "strong", "small", "sup", "sub", "code", "mark", "u", "img", "time", "label",
        "button", "thead", "tbody", "tfoot", "caption", "kbd",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Elements that repeat, in the order of the document, and how well `selector` says which (1 at most)."""

    selector: str
    strength: float
    elements: tuple[Element, ...]

    @property
    def numbers(self) -> frozenset[int]:
        return frozenset(element.number for element in self.elements)

    @property
    def weight(self) -> float:
        """Return how much of the page this is, before anything in it is looked at."""
        text = sum(element.length for element in self.elements)
        first, last = self.elements[0], self.elements[-1]
        place = min(places.weight(first), places.weight(last))
        return place * self.strength * math.sqrt(text + 1) * math.log2(len(self.elements) + 1)


def of_outline(outline: Outline) -> list[Rows]:
    """Return the sets that repeat, the most promising first, each once and with its best selector."""
    alike = _Alike(outline)
    best: dict[frozenset[int], Rows] = {}
    for rows in alike.sets():
        known = best.get(rows.numbers)
        if known is None or (rows.strength, -len(rows.selector)) > (known.strength, -len(known.selector)):
            best[rows.numbers] = rows
    return sorted(best.values(), key=lambda rows: (-rows.weight, rows.elements[0].number))[:MOST_SETS]


class _Alike:
    """Finds elements of one tag that share a class or the path to them."""

    def __init__(self, outline: Outline) -> None:
        self._with_class: dict[str, list[Element]] = defaultdict(list)
        self._with_tag: dict[str, list[Element]] = defaultdict(list)
        self._groups: dict[tuple[int, str], list[Element]] = defaultdict(list)
        self._left = _MOST_LOOKED_AT
        for element in outline.elements:
            if element.tag in _LANDMARKS | _SEMANTIC:
                self._with_tag[element.tag].append(element)
            for name in element.classes:
                self._with_class[name].append(element)
            if element.parent is not None and element.tag not in _NO_ROWS:
                self._groups[element.parent.number, element.tag].append(element)

    def sets(self) -> Iterator[Rows]:
        """Yield the sets of as many selectors as are tried, those of the largest groups first."""
        tried: set[str] = set()
        for selector, strength, found in self._proposed():
            if self._left < 0 or len(tried) > _MOST_ASKED:
                return
            if selector in tried:
                continue
            tried.add(selector)
            if len(found) >= LEAST_ROWS and not _nests(found):
                yield Rows(selector=selector, strength=strength, elements=tuple(found))

    def _proposed(self) -> Iterator[tuple[str, float, list[Element]]]:
        groups = [group for group in self._groups.values() if len(group) >= LEAST_ROWS]
        groups += self._cousins()
        for group in sorted(groups, key=lambda group: -sum(element.length for element in group)):
            yield from self._of_group(group)

    def _cousins(self) -> Iterator[list[Element]]:
        """Yield elements that share a class and not their parent: cards in columns."""
        for found in self._with_class.values():
            first = found[0]
            if len(found) >= LEAST_ROWS and first.tag not in _NO_ROWS:
                alike = [element for element in found if element.tag == first.tag]
                if len({element.parent for element in alike}) > 1:
                    yield alike

    def _of_group(self, group: list[Element]) -> Iterator[tuple[str, float, list[Element]]]:
        first = group[0]
        if first.tag in _SEMANTIC:
            yield first.tag, 0.85, self._with_tag[first.tag]
        for name in dict.fromkeys(name for element in group[:50] for name in element.classes):
            alike = [element for element in self._with_class[name] if element.tag == first.tag]
            self._left -= len(self._with_class[name])
            strength = classes.strength(name)
            if len(alike) == len(self._with_class[name]):
                yield f".{name}", strength, alike
            else:
                yield f"{first.tag}.{name}", strength * 0.98, alike
            if first.parent is not None:
                for anchor, held, around in self._anchors(first.parent):
                    narrowed = [element for element in alike if element.parent in around]
                    yield f"{anchor} > .{name}", min(strength, held) * 0.95, narrowed
        if first.parent is not None:
            for anchor, held, around in self._anchors(first.parent):
                found = sorted(self._children(around, first.tag), key=lambda one: one.number)
                yield f"{anchor} > {first.tag}", held * 0.92, found

    def _anchors(self, parent: Element) -> Iterator[tuple[str, float, dict[Element, None]]]:
        """Yield ways to say which element holds the rows: by its id or classes, else by what is around it."""
        yield from self._own_anchors(parent)
        steps = [parent.tag]
        above = parent.parent
        for _ in range(_MOST_CLIMBED):
            if above is None or above.tag == "html":
                break
            named = next(self._own_anchors(above), None)
            if (named is None or named[1] < _OF_LANDMARK) and above.tag in _LANDMARKS:
                named = (above.tag, _OF_LANDMARK, dict.fromkeys(self._with_tag[above.tag]))
            if named is not None:
                selector, strength, around = named
                for step in steps:
                    around = self._children(around, step)
                penalty = 0.98 ** sum(step not in _TABLE_PARTS for step in steps)
                yield " > ".join((selector, *steps)), strength * penalty, around
                return
            steps.insert(0, above.tag)
            above = above.parent

    def _children(self, around: Iterable[Element], tag: str) -> dict[Element, None]:
        found: dict[Element, None] = {}
        for parent in around:
            self._left -= len(parent.children) + 1
            found.update((child, None) for child in parent.children if child.tag == tag)
        return found

    def _own_anchors(self, element: Element) -> Iterator[tuple[str, float, dict[Element, None]]]:
        identity = element.said("id")
        if identity and classes.can_select(identity):
            yield f"#{identity}", 0.97, {element: None}
        for name in sorted(element.classes, key=classes.is_utility)[:3]:
            yield f".{name}", classes.strength(name) * 0.97, dict.fromkeys(self._with_class[name])


def _nests(found: list[Element]) -> bool:
    """Whether one of the elements, which are in order, is inside another."""
    return any(before.holds(after) for before, after in pairwise(found))
