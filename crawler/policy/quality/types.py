"""The types of values of JSON, by the names that people read."""

from __future__ import annotations

from typing import Any


def type_of(value: Any) -> str:
    """Return the type of a value of JSON."""
    match value:
        case str():
            return "text"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case list():
            return "list"
        case _:
            return "object"
