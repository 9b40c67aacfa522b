"""Everything in a value of JSON, with the ways that JMESPath has to it: a walk of as much as is looked at."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from scrapers.suggesting import json_paths

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scrapers.page import JSON

MOST_NODES: Final = 20_000
MOST_LEVELS: Final = 14
MOST_MEMBERS: Final = 2_000
MOST_WAYS: Final = 6
MOST_OF_WAY: Final = 600
_MOST_BY_PLACE: Final = 20
_MOST_LABELS: Final = 3
_LABELS: Final = (
    *("@type", "__typename", "name", "key", "code", "type", "kind", "label", "id", "property", "title"),
    *("lang", "language", "locale", "currency", "slug"),
)
"""What a member of a list may be told from the others by, the surest first."""
_IDENTITY: Final = re.compile(r".*\d.*|.*[^A-Za-z0-9_@$].*", re.DOTALL)
"""A key that is no word: an id, a URL, a slug. Other pages have others."""


@dataclass(frozen=True, slots=True)
class Way:
    """A JMESPath expression from the whole to a value, empty for the whole, and how well it says which."""

    path: str
    strength: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A value in JSON; `key` is the last one on the way to it, empty where none is."""

    value: JSON
    ways: tuple[Way, ...]
    key: str = ""
    level: int = 0


def nodes(value: JSON, *, many: bool) -> Iterator[Node]:
    """Yield what is in a value, itself first, the outer ones before the inner ones.

    With `many` the ways give all members of lists on them, otherwise one.
    """
    waiting = deque([Node(value=value, ways=(Way(""),))])
    left = MOST_NODES
    while waiting and left > 0:
        here = waiting.popleft()
        left -= 1
        yield here
        if here.level < MOST_LEVELS and len(waiting) < MOST_NODES:
            waiting += _inside(here, many=many)


def _inside(here: Node, *, many: bool) -> Iterator[Node]:
    if isinstance(here.value, dict):
        for key, value in islice(here.value.items(), MOST_MEMBERS):
            ways = _by_key(here.ways, key, value, many=many)
            if ways:
                yield Node(value=value, ways=ways, key=key, level=here.level + 1)
    elif isinstance(here.value, list):
        for place, member in enumerate(here.value[:MOST_MEMBERS]):
            ways = _all(here.ways, member) if many else _one(here.ways, place, member)
            if ways:
                yield Node(value=member, ways=ways, key=here.key, level=here.level + 1)


def _by_key(ways: Sequence[Way], key: str, value: JSON, *, many: bool) -> tuple[Way, ...]:
    if not json_paths.can_select(key):
        return ()
    found = [Way(json_paths.joined(way.path, key), way.strength) for way in ways]
    if isinstance(value, dict) and _IDENTITY.fullmatch(key):
        found += [Way(_values(way.path, many=many), 0.9 * way.strength) for way in ways]
    return _bounded(found)


def _values(path: str, *, many: bool) -> str:
    if many:
        return json_paths.values(path)
    return f"{path}.* | [0]" if path else "* | [0]"


def _all(ways: Sequence[Way], member: JSON) -> tuple[Way, ...]:
    """Return the ways to the members of a list; to plain ones that of the list, which is read as they are."""
    if not isinstance(member, dict | list):
        return tuple(ways)
    return _bounded([Way(f"{way.path}[]", way.strength) for way in ways])


def _one(ways: Sequence[Way], place: int, member: JSON) -> tuple[Way, ...]:
    """Return the ways to one member of a list: by what it is called, and by its place."""
    found: list[Way] = []
    if isinstance(member, dict):
        labels = [(key, said) for key in _LABELS if isinstance(said := member.get(key), str)]
        for key, said in labels[:_MOST_LABELS]:
            strength = 0.97 if key.startswith(("@", "_")) else 0.9
            if json_paths.can_compare(said):
                found += [
                    Way(f"{json_paths.where(way.path, key, said)} | [0]", strength * way.strength)
                    for way in ways
                ]
    if place < _MOST_BY_PLACE:
        found += [Way(f"{way.path}[{place}]", (0.85 if place == 0 else 0.75) * way.strength) for way in ways]
    return _bounded(found)


def _bounded(ways: Sequence[Way]) -> tuple[Way, ...]:
    short = [way for way in ways if len(way.path) <= MOST_OF_WAY]
    return tuple(sorted(short, key=lambda way: (-way.strength, len(way.path)))[:MOST_WAYS])
