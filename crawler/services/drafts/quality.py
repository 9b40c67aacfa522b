"""Reads what a target demands of the data of its runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from crawler.services.drafts.values import Wrong, flag, integer, kind_of, number, wrong

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crawler.services.drafts.values import Reader

MOST_FIELDS: Final = 200
LARGEST: Final = 1e15
RULES: Final[Mapping[str, Reader[Any]]] = {
    "min_items": integer(least=1, most=1_000_000_000),
    "max_errors": number(least=0, most=1),
    "drift": flag,
    "hold": flag,
}
"""The rules of all records, besides `fields`."""
OF_A_FIELD: Final[Mapping[str, Reader[Any]]] = {
    "coverage": number(least=0, most=1),
    "min": number(least=-LARGEST, most=LARGEST),
    "max": number(least=-LARGEST, most=LARGEST),
    "unique": flag,
}


def read(value: object) -> dict[str, Any]:
    """Read `{"min_items": 50, "fields": {"price": {"coverage": 0.95, "min": 0}}}`."""
    if not isinstance(value, dict):
        raise wrong(f"must be an object with any of {_names(RULES)}, fields, not {kind_of(value)}")
    found, problems = _parts(value, RULES, besides=("fields",))
    fields, inner = _fields(value.get("fields", {}))
    if problems or inner:
        raise Wrong(*problems, *inner)
    return {**found, "fields": fields} if fields else found


def _fields(value: object) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    if not isinstance(value, dict):
        return {}, [("fields", f"must be an object of field: rules, not {kind_of(value)}")]
    if len(value) > MOST_FIELDS:
        return {}, [("fields", f"has {len(value):,} entries; at most {MOST_FIELDS} are allowed")]
    found: dict[str, Any] = {}
    problems: list[tuple[str, str]] = []
    for name, rules in value.items():
        place = f"fields.{name}"
        if not isinstance(rules, dict) or not rules:
            problems.append((place, f"must be an object with any of {_names(OF_A_FIELD)}"))
            continue
        found[name], inner = _parts(rules, OF_A_FIELD)
        problems += [(f"{place}.{path}", message) for path, message in inner]
        if not inner and rules.get("min", -LARGEST) > rules.get("max", LARGEST):
            problems.append((f"{place}.max", "must not be less than min"))
    return found, problems


def _parts(
    value: Mapping[str, object], readers: Mapping[str, Reader[Any]], *, besides: tuple[str, ...] = ()
) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    found: dict[str, Any] = {}
    problems: list[tuple[str, str]] = []
    for key, said in value.items():
        if key in besides:
            continue
        if key not in readers:
            problems.append((str(key), f"is no rule; choose from {', '.join((*readers, *besides))}"))
            continue
        try:
            found[key] = readers[key](said)
        except Wrong as error:
            problems += [(key, message) for _path, message in error.problems]
    return found, problems


def _names(readers: Mapping[str, object]) -> str:
    return ", ".join(readers)
