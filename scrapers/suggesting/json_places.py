"""Places in JSON that hold several objects: lists, lists of what is wrapped, and values of one object."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Final

from scrapers.suggesting import json_paths
from scrapers.suggesting.rows import LEAST_ROWS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scrapers.page import JSON

MOST_PLACES: Final = 500
MOST_KEYS: Final = 60
MOST_LEVELS: Final = 12
MOST_SAMPLED: Final = 1_000
"""Of the values in one place."""
LABELS: Final = frozenset({"@type", "@context", "__typename"})
"""What an object is, and nothing of the one that it is."""
_TYPE: Final = "@type"
_LEAST_OBJECTS: Final = 0.6
_LEAST_VALUES: Final = 3
_LEAST_OF_VALUES: Final = 2
_ALIKE: Final = 0.6
_MOST_TYPES: Final = 20
_MOST_OF_PATH: Final = 800
_WRAPPERS: Final = frozenset({"item", "node", "_source", "document", "record"})
_MOST_AROUND: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The objects in one place, wherever the lists are that hold them; `path` is JMESPath from the whole.

    `least` is how many fields nearly all must have: several where no list holds them together.
    """

    path: str
    found: list[dict[str, JSON]]
    least: int = 1

    @property
    def weight(self) -> int:
        """Return how many values they have, one level of others with them."""
        return sum(
            1 + len(value) if isinstance(value, dict) else 1 for one in self.found for value in one.values()
        )


@dataclass(slots=True)
class _Waiting:
    """What is in a place that is to be looked at, so many levels down."""

    path: str
    found: list[JSON]
    level: int = 0


def of_value(value: JSON) -> Iterator[Place]:
    """Yield every place with several objects, the outer ones first, of so many as are looked at."""
    waiting = [_Waiting("", [value])]
    for seen in range(MOST_PLACES):
        if seen == len(waiting):
            return
        here = waiting[seen]
        listed = [member for one in here.found if isinstance(one, list) for member in one][:MOST_SAMPLED]
        held = [one for one in here.found if isinstance(one, dict)]
        lists, values = _lists(here.path, listed), _values_alike(held)
        yield from _of_lists(lists, members=len(listed))
        if values:
            yield Place(path=json_paths.values(here.path), found=values, least=_LEAST_OF_VALUES)
        if here.level == MOST_LEVELS or len(waiting) >= MOST_PLACES:
            continue
        keys = [(json_paths.values(here.path), values)] if values else _keys(here.path, held)
        waiting += [_Waiting(path, [*found], here.level + 1) for path, found in (*lists, *keys)]


def _lists(path: str, listed: list[JSON]) -> list[tuple[str, list[JSON]]]:
    """Return the members of lists with their path, those of each type apart where they say their types."""
    types = Counter(
        said for one in listed if isinstance(one, dict) and isinstance(said := one.get(_TYPE), str)
    )
    if not listed or not types or (path and len(types) == 1):
        return [(f"{path}[]", listed)] if listed else []
    return [
        (
            json_paths.where(path, _TYPE, name),
            [one for one in listed if isinstance(one, dict) and one.get(_TYPE) == name],
        )
        for name, _count in types.most_common(_MOST_TYPES)
        if json_paths.can_compare(name)
    ]


def _of_lists(lists: Sequence[tuple[str, list[JSON]]], *, members: int) -> Iterator[Place]:
    """Yield the objects of each of the lists, which have so many `members` in all."""
    for path, listed in lists:
        objects = [member for member in listed if isinstance(member, dict)]
        of = members if len(lists) == 1 else len(listed)
        if len(objects) >= max(LEAST_ROWS, _LEAST_OBJECTS * of):
            yield _unwrapped(Place(path=path, found=objects))


def _keys(path: str, held: Sequence[Mapping[str, JSON]]) -> Iterator[tuple[str, list[JSON]]]:
    """Yield each place one level below `path` that a selector can name, with what is there."""
    for key, found in columns(held).items():
        place = json_paths.joined(path, key)
        if json_paths.can_select(key) and len(place) <= _MOST_OF_PATH:
            yield place, found


def _unwrapped(place: Place) -> Place:
    """Return the objects that these only hold, each one, beside its place in a list."""
    found = {key: values for key, values in columns(place.found).items() if key not in LABELS}
    for key in sorted(_WRAPPERS & found.keys()):
        inner = [value for value in found[key] if isinstance(value, dict)]
        if len(found) <= 1 + _MOST_AROUND and len(inner) >= max(LEAST_ROWS, 0.9 * len(place.found)):
            return Place(path=json_paths.joined(place.path, key), found=inner)
    return place


def _values_alike(held: Sequence[Mapping[str, JSON]]) -> list[dict[str, JSON]]:
    """Return the values of one object that is a list by other means: all are objects with nearly all keys."""
    if len(held) != 1 or len(held[0]) < _LEAST_VALUES:
        return []
    members = list(islice(held[0].values(), MOST_SAMPLED))
    values = [value for value in members if isinstance(value, dict)]
    return values if len(values) == len(members) and all(map(partial(_is_like, values[0]), values)) else []


def _is_like(one: Mapping[str, JSON], other: Mapping[str, JSON]) -> bool:
    return len(one.keys() & other.keys()) >= max(_LEAST_OF_VALUES, _ALIKE * len(one.keys() | other.keys()))


def columns(objects: Sequence[Mapping[str, JSON]]) -> dict[str, list[JSON]]:
    """Return the values of each key, in the order in which the keys are first seen; null is none."""
    found: dict[str, list[JSON]] = {}
    for one in objects:
        for key, value in one.items():
            if value is not None and (key in found or len(found) < MOST_KEYS):
                found.setdefault(key, []).append(value)
    return found
