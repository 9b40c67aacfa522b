"""Selectors for objects inside of records that are not found any more: where their values stand together."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from scrapers.suggesting import carried, finding, json_groups, nesting, outline

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from scrapers.page import JSON
    from scrapers.suggesting.holders import Holder, Holders
    from scrapers.suggesting.mending import Known
    from scrapers.suggesting.outline import Element
    from scrapers.suggesting.patience import Patience

MOST_GROUPS: Final = 4
MOST_OBJECTS: Final = 60
MOST_ELEMENTS: Final = 2_000
MOST_AROUND: Final = 3
MOST_STARTS: Final = 5
MOST_ASKED: Final = 30
BY_ROW: Final = 0.5


@dataclass(slots=True)
class _Votes:
    strength: float
    objects: int = 0


def selectors(
    looked: Sequence[tuple[Known, Holders]], fields: Mapping[str, Any], path: str, *, patience: Patience
) -> list[tuple[str, float]]:
    """Return what may find the objects at a path, with strengths: what holds most of them apart is the first.

    Once the time is over no further element around them is looked into.
    """
    votes: dict[str, _Votes] = {}
    for known, holders in looked:
        many = [one for record in known.records for one in nesting.objects(record, path)][:MOST_OBJECTS]
        for _node, row in holders.at(fields, nesting.outer(path)):
            if patience.is_over(votes):
                break
            for regions in _regions(row, many):
                for selector, strength in _named(regions, row).items():
                    votes.setdefault(selector, _Votes(strength)).objects += 1
    likely = sorted(votes, key=lambda one: (-votes[one].objects, -votes[one].strength, len(one), one))
    around = [row for _known, holders in looked for row in holders.at(fields, nesting.outer(path))]
    odd = {one: abs(_found(one, around) - votes[one].objects) for one in likely[:MOST_ASKED]}
    ranked = sorted(odd, key=lambda one: (-votes[one].objects, odd[one], -votes[one].strength, len(one)))
    return [(selector, votes[selector].strength) for selector in ranked[:MOST_GROUPS]]


def in_json(
    looked: Sequence[tuple[Known, Holders]],
    fields: Mapping[str, Any],
    path: str,
    *,
    many: bool,
    patience: Patience,
) -> list[tuple[dict[str, str], float]]:
    """Return declarations of what may find the objects at a path in JSON, with strengths.

    Once the time is over no further JSON is looked into.
    """
    held: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for known, holders in looked:
        objects = [one for record in known.records for one in nesting.objects(record, path)][:MOST_OBJECTS]
        for one in carried.around(holders, fields, nesting.outer(path)):
            if patience.is_over(held):
                break
            for group in json_groups.of_value(one.value, objects, many=many)[:MOST_GROUPS]:
                ((kind, text),) = one.declared(group.path).items()
                held[kind, text] += [one.strength * group.strength] * group.held
    ranked = sorted(held, key=lambda one: (-len(held[one]), -max(held[one]), len(one[1]), one))
    return [({kind: text}, max(held[kind, text])) for kind, text in ranked[:MOST_GROUPS]]


def _found(selector: str, around: Sequence[Holder]) -> int:
    """Return how many elements a selector finds."""
    return len(around) if selector == ":scope" else sum(len(one.node.css(selector)) for one in around)


def _named(regions: Sequence[Element], row: Element) -> dict[str, float]:
    """Return selectors for any of the elements, each with its strength."""
    found: dict[str, float] = {}
    for element in regions:
        many = [(":scope", BY_ROW)] if element is row else finding.selectors(element, row)
        for selector, strength in many:
            found[selector] = max(strength, found.get(selector, 0.0))
    return found


def _regions(row: Element, many: Sequence[Mapping[str, JSON]]) -> Iterator[list[Element]]:
    """Yield for each object in a row the elements that hold most of it, and none of the others."""
    needles = [finding.needles(one.values()) for one in many]
    where = _where(row, {needle for some in needles for needle in some})
    anchors = [_anchor(place, needles, where) for place in range(len(many))]
    for own, anchor in zip(needles, anchors, strict=True):
        if anchor is None:
            continue
        others = [element for other in anchors if other and other != anchor for element in where[other]]
        held = [where[needle] for needle in own if needle in where]
        found = [_region(start, row, held, others) for start in where[anchor][:MOST_STARTS]]
        _covered, elements = max(found, key=lambda one: one[0])
        if elements:
            yield elements


def _where(row: Element, needles: Collection[str]) -> dict[str, list[Element]]:
    """Return the innermost elements of a row that say each of the needles, as far as any does."""
    found: defaultdict[str, list[Element]] = defaultdict(list)
    for element in outline.inside(row, most=MOST_ELEMENTS):
        texts = [text for _attr, text in finding.texts(element)]
        for needle in needles if texts else ():
            if any(finding.says(text, needle) for text in texts):
                known = found[needle]
                while known and known[-1].holds(element):
                    known.pop()
                known.append(element)
    return dict(found)


def _anchor(
    place: int, needles: Sequence[Sequence[str]], where: Mapping[str, Sequence[Element]]
) -> str | None:
    """Return what tells an object from the others and stands in the fewest places; None without it.

    An object that says nothing of its own is told by what it has in common with others.
    """
    others = {needle for other, some in enumerate(needles) if other != place for needle in some}
    own = [needle for needle in needles[place] if needle not in others] or needles[place]
    return min((one for one in own if one in where), key=lambda one: len(where[one]), default=None)


def _region(
    start: Element, row: Element, held: Sequence[Sequence[Element]], others: Sequence[Element]
) -> tuple[int, list[Element]]:
    """Return how many values stand together around `start`, and the elements that hold as many."""
    found: list[Element] = []
    most = 0
    for around in (start, *start.ancestors()):
        if any(_has(around, other) for other in others):
            break
        covered = sum(any(_has(around, element) for element in some) for some in held)
        if covered > most:
            most, found = covered, [around]
        elif len(found) < MOST_AROUND and around is not row:
            found.append(around)
        if around is row:
            break
    return most, found


def _has(element: Element, other: Element) -> bool:
    return element is other or element.holds(other)
