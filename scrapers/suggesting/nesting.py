"""Fields by dotted paths, such as `offers.price`: how they are declared, and what records say there."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import orjson

from scrapers import fields as declarations

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from scrapers.page import JSON

_OF_TRIAL: Final = frozenset({"required", "default", "follow"})


def spelled(said: object) -> dict[str, Any] | None:
    """Return a declaration in its long form; None for what is none."""
    if isinstance(said, str):
        kind, text = declarations.short_form(said)
        return {kind: text}
    return dict(said) if isinstance(said, dict) else None


def at(fields: Mapping[str, Any], path: str) -> dict[str, Any] | None:
    """Return what is declared at a path, in its long form; None where nothing is."""
    name, _, rest = path.partition(".")
    said = spelled(fields.get(name))
    if said is None or not rest:
        return said
    inner = said.get("fields")
    return at(inner, rest) if isinstance(inner, dict) else None


def nearest(fields: Mapping[str, Any], path: str) -> str:
    """Return the longest beginning of a path at which something is declared, empty where nothing is."""
    while path and at(fields, path) is None:
        path = outer(path)
    return path


def link_of(fields: Mapping[str, Any], path: str) -> str:
    """Return the field behind whose link the page of a field is, empty where that is where records begin."""
    said = at(fields, path.partition(".")[0]) or {}
    return str(said.get("follow") or "")


def links(fields: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the fields that are followed, as they come; none for records of one page."""
    return tuple(dict.fromkeys(link for name in fields if (link := link_of(fields, name))))


def along(path: str) -> Iterator[str]:
    """Yield the paths on the way to a path, the outermost first, and itself; of the empty one none."""
    names = path.split(".") if path else []
    yield from (".".join(names[: many + 1]) for many in range(len(names)))


def outer(path: str) -> str:
    """Return the path of the object that a field stands in, empty for the record."""
    return path.rpartition(".")[0]


def leaves(fields: Mapping[str, Any], path: str) -> Iterator[str]:
    """Yield the paths of the fields with values at a path and inside of it."""
    said = at(fields, path)
    inner = said.get("fields") if said else None
    if not isinstance(inner, dict):
        yield path
        return
    for name in inner:
        yield from leaves(fields, f"{path}.{name}")


def placed(fields: Mapping[str, Any], path: str, said: Any) -> dict[str, Any]:
    """Return the fields with another declaration at a path, which is one of theirs."""
    name, _, rest = path.partition(".")
    if rest:
        around = spelled(fields[name]) or {}
        said = {**around, "fields": placed(around["fields"], rest, said)}
    return {**fields, name: said}


def alone(fields: Mapping[str, Any], path: str, said: Mapping[str, Any]) -> dict[str, Any]:
    """Return the outermost declaration with nothing in it but `said` at a path: it gives what it finds."""
    name, _, rest = path.partition(".")
    if not rest:
        return of_trial(said)
    around = at(fields, name) or {}
    inner = alone(around["fields"], rest, said)
    return of_trial({**around, "fields": {rest.partition(".")[0]: inner}})


def of_trial(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return a declaration that gives only what it finds, also in the objects that it has."""
    found = {key: value for key, value in said.items() if key not in _OF_TRIAL}
    if isinstance(found.get("fields"), dict):
        inner = {name: spelled(one) for name, one in found["fields"].items()}
        found["fields"] = {name: of_trial(one) for name, one in inner.items() if one is not None}
    return found


def objects(record: Mapping[str, JSON], path: str) -> list[Mapping[str, JSON]]:
    """Return the objects that stand at a path, all members of lists; at the empty path the record."""
    many: list[Mapping[str, JSON]] = [record]
    for name in path.split(".") if path else ():
        many = [inner for one in many for inner in _members(one.get(name)) if isinstance(inner, dict)]
    return many


def values(record: Mapping[str, JSON], path: str) -> list[JSON]:
    """Return what stands at a path, without blanks that are null."""
    last = path.rpartition(".")[2]
    return [value for one in objects(record, outer(path)) if (value := one.get(last)) is not None]


def told(said: Iterable[JSON]) -> Counter[bytes]:
    """Return what values say, to be compared: those of objects each by its own, with its place there."""
    return Counter(
        orjson.dumps([place, value], option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
        for one in said
        for place, value in _told(one, "")
    )


def objects_in(said: Iterable[JSON]) -> int:
    """Return how many objects values are, members of lists each for itself."""
    return sum(isinstance(one, dict) for value in said for one in _members(value))


def _told(value: JSON, place: str) -> Iterator[tuple[str, JSON]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _told(inner, f"{place}.{name}")
    elif isinstance(value, list) and any(isinstance(inner, dict) for inner in value):
        for inner in value:
            yield from _told(inner, place)
    elif value is not None:
        yield place, int(value) if isinstance(value, float) and value.is_integer() else value


def _members(value: JSON) -> list[JSON]:
    return value if isinstance(value, list) else [value]
