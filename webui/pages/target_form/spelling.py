"""How fields are spelled: those of a form that say what is saved already stay as they are saved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scrapers.suggesting import nesting
from webui.pages.target_form import rows


def kept(said: object, saved: Mapping[str, Any]) -> object:
    """Return the fields that a form says, each in the spelling of the `saved` one where both say the same.

    The table shows all in one spelling: without this an untouched form would change its target.
    """
    if not isinstance(said, Mapping):
        return said
    return {
        name: saved[name] if name in saved and _says_the_same(one, saved[name]) else one
        for name, one in said.items()
    }


def _says_the_same(one: object, other: object) -> bool:
    first, second = nesting.spelled(one), nesting.spelled(other)
    if first is None or second is None:
        return False
    first, second = rows.without_empty(first), rows.without_empty(second)
    return first.keys() == second.keys() and all(
        (_say_the_same if key == "fields" else _equal)(first[key], second[key]) for key in first
    )


def _say_the_same(some: object, others: object) -> bool:
    if not isinstance(some, Mapping) or not isinstance(others, Mapping):
        return False
    return some.keys() == others.keys() and all(_says_the_same(some[name], others[name]) for name in some)


def _equal(one: object, other: object) -> bool:
    """Compare as JSON does: 1 is neither true nor 1.0."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    return type(one) is type(other) and one == other
