"""What stands inside the objects of a record, and those of its lists, by dotted paths: `offers.price`."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from crawler.policy.quality.types import type_of
from crawler.policy.replays import says_something

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

MOST_OBJECTS: Final = 10
"""So many objects of a record are looked into at one path: the first ones."""
DEEPEST: Final = 5
_NAME: Final = re.compile(r"[^\W\d][^.]{0,59}|@[^.]{1,59}")


def is_name(key: object) -> bool:
    """Say whether a key names a field; days, numbers and addresses are data that stands in keys."""
    return isinstance(key, str) and _NAME.fullmatch(key) is not None


def outer(path: str) -> str:
    """Return the path of the objects that a field stands in."""
    return path.rpartition(".")[0]


def by_place(paths: Iterable[str]) -> dict[str, frozenset[str]]:
    """Return the names of fields inside of objects by the paths of these, and none for those around them."""
    found: dict[str, frozenset[str]] = {}
    for path in paths:
        around, _dot, name = path.rpartition(".")
        new = frozenset({name})
        while around:
            found[around] = found.get(around, frozenset()) | new
            around, new = outer(around), frozenset()
    return found


def objects(record: Mapping[str, Any], *, also: Container[str] = ()) -> dict[str, list[Mapping[str, Any]]]:
    """Return the objects that stand in a record and are not all blank, by the paths where they do.

    Those at the paths `also`, of which each comes with all around it, whatever their names and depth.
    """
    found: dict[str, list[Mapping[str, Any]]] = {}
    waiting: list[tuple[str, int, Sequence[Mapping[str, Any]]]] = [("", 0, [record])]
    for prefix, depth, many in waiting:
        at: dict[str, list[Mapping[str, Any]]] = {}
        for one in many:
            for name, value in one.items():
                if not isinstance(value, (dict, list)):
                    continue
                path = f"{prefix}{name}"
                if ((depth < DEEPEST and is_name(name)) or path in also) and (inner := _objects(value)):
                    at.setdefault(path, []).extend(inner)
        for path, inner in at.items():
            found[path] = inner[:MOST_OBJECTS]
            if depth + 1 < DEEPEST or path in also:
                waiting.append((f"{path}.", depth + 1, found[path]))
    return found


def values(record: Mapping[str, Any], path: str) -> list[Any]:
    """Return what stands at `path`, for each object that may have it; None where that has not."""
    *outer_names, last = path.split(".")
    many: list[Mapping[str, Any]] = [record]
    for name in outer_names:
        many = [inner for one in many for inner in _objects(one.get(name))][:MOST_OBJECTS]
    return [one.get(last) for one in many]


def typical(many: Sequence[Any]) -> Any:
    """Return what most of some values are like: None where most say nothing, else one of the usual type."""
    said = [value for value in many if says_something(value)]
    if 2 * len(said) < len(many) or not said:
        return None
    kind = Counter(map(type_of, said)).most_common(1)[0][0]
    return next(value for value in said if type_of(value) == kind)


def _objects(value: Any) -> list[Mapping[str, Any]]:
    many: Iterable[Any] = value if isinstance(value, list) else (value,)
    return [one for one in many if isinstance(one, dict) and says_something(one)]
