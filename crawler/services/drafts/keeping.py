"""Reads how long a target keeps earlier versions of its pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crawler.services.drafts.values import Wrong, integer, kind_of, optional, wrong

if TYPE_CHECKING:
    from collections.abc import Mapping

BOUNDS: Final[Mapping[str, tuple[int, int]]] = {
    "versions": (1, 10_000),
    "days": (1, 36_500),
    "megabytes": (1, 10_000_000),
}
"""The least and the most of each; what is left out or null is no bound of this kind."""


def read(value: object) -> dict[str, int]:
    """Read `{"versions": 20, "days": 90, "megabytes": 500}`."""
    if not isinstance(value, dict):
        raise wrong(f"must be an object with any of {', '.join(BOUNDS)}, not {kind_of(value)}")
    found: dict[str, int] = {}
    problems: list[tuple[str, str]] = []
    for key, bound in value.items():
        if key not in BOUNDS:
            problems.append((str(key), f"is no bound of what is kept; choose from {', '.join(BOUNDS)}"))
            continue
        least, most = BOUNDS[key]
        try:
            read_bound = optional(integer(least=least, most=most))(bound)
        except Wrong as error:
            problems += [(key, message) for _path, message in error.problems]
        else:
            found |= {} if read_bound is None else {key: read_bound}
    if problems:
        raise Wrong(*problems)
    return found
