"""Where JSON holds objects that are known: those that say most of what each of them said."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from scrapers.suggesting import finding, json_walking

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from scrapers.page import JSON
    from scrapers.suggesting.json_walking import Node

MOST_OBJECTS: Final = 60
MOST_LOOKED: Final = 1_000
MOST_NEEDLES: Final = 30
MOST_COMPARED: Final = 300_000
"""So many texts are compared with what is known where none is the same."""
_MOST_TEXTS: Final = 100
_LEVELS: Final = 3


class Group(NamedTuple):
    """A way to objects: of how many that are known it holds the most, and how many there are too many."""

    path: str
    strength: float
    held: int
    odd: int


@dataclass(slots=True)
class _Votes:
    strength: float
    objects: set[int] = field(default_factory=set)
    said: int = 0
    nodes: int = 0


def of_value(value: JSON, known: Sequence[Mapping[str, JSON]], *, many: bool) -> list[Group]:
    """Return ways to the objects in a value that say what is known of some, the best first."""
    needles = [finding.needles(one.values())[:MOST_NEEDLES] for one in known[:MOST_OBJECTS]]
    held = [(node, _texts(node.value)) for node in _objects(value, many=many)]
    where = _where(held, {needle for some in needles for needle in some})
    votes: dict[str, _Votes] = {}
    for place, some in enumerate(needles):
        for number, said in _most(some, where, held):
            for way in held[number][0].ways:
                one = votes.setdefault(way.path, _Votes(way.strength))
                one.objects.add(place)
                one.said = max(one.said, said)
    for node, _said in held:
        for way in node.ways:
            if way.path in votes:
                votes[way.path].nodes += 1
    groups = [(path, one, abs(one.nodes - len(needles))) for path, one in votes.items()]
    groups.sort(key=lambda one: (-len(one[1].objects), -one[1].said, one[2], -one[1].strength, len(one[0])))
    return [Group(path or "@", one.strength, len(one.objects), odd) for path, one, odd in groups]


def _objects(value: JSON, *, many: bool) -> Iterator[Node]:
    left = MOST_LOOKED
    for node in json_walking.nodes(value, many=many):
        if isinstance(node.value, dict):
            yield node
            left -= 1
            if left == 0:
                return


def _texts(value: JSON) -> frozenset[str]:
    """Return what an object says, a few levels of others in it with it."""
    found: list[str] = []
    waiting: list[tuple[JSON, int]] = [(value, 0)]
    while waiting and len(found) < _MOST_TEXTS:
        one, level = waiting.pop()
        if isinstance(one, dict | list):
            members: Iterable[JSON] = one.values() if isinstance(one, dict) else one[:_MOST_TEXTS]
            waiting += [(member, level + 1) for member in members] if level < _LEVELS else []
        elif one is not None and not isinstance(one, bool):
            found.append(finding.plain(str(one)[:2_000]))
    return frozenset(found)


def _where(held: Sequence[tuple[Node, frozenset[str]]], needles: set[str]) -> Mapping[str, set[int]]:
    """Return the places of the objects that say each of the needles."""
    of_text: defaultdict[str, set[int]] = defaultdict(set)
    for number, (_node, texts) in enumerate(held):
        for text in texts:
            of_text[text].add(number)
    found: dict[str, set[int]] = {}
    left = MOST_COMPARED
    for needle in sorted(needles):
        numbers = of_text.get(needle.removeprefix("#"))
        if numbers is None and left > 0:
            left -= len(of_text)
            numbers = set().union(*(some for text, some in of_text.items() if finding.says(text, needle)))
        if numbers:
            found[needle] = numbers
    return found


def _most(
    needles: Sequence[str], where: Mapping[str, set[int]], held: Sequence[tuple[Node, frozenset[str]]]
) -> Iterator[tuple[int, int]]:
    """Yield the objects that say most of the needles, and how many: those of them that say least else."""
    counts: defaultdict[int, int] = defaultdict(int)
    for needle in needles:
        for number in where.get(needle, ()):
            counts[number] += 1
    most = max(counts.values(), default=0)
    if most == 0 or (most == 1 and len(needles) > 1):
        return
    best = [number for number, many in counts.items() if many == most]
    fewest = min(len(held[number][1]) for number in best)
    closest = [number for number in best if len(held[number][1]) == fewest]
    innermost = max(held[number][0].level for number in closest)
    yield from ((number, most) for number in closest if held[number][0].level == innermost)
