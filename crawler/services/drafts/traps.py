"""Reads what a target sets of its bounds against crawler traps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crawler.services.drafts.values import Wrong, integer, kind_of, optional, wrong
from crawler.urls import MAX_LENGTH

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crawler.services.drafts.values import Reader

BOUNDS: Final[Mapping[str, tuple[int, int]]] = {
    "depth": (1, 32_000),
    "segments": (1, 1_000),
    "repeats": (1, 1_000),
    "length": (50, MAX_LENGTH),
    "variants": (1, 1_000_000),
    "alike": (10, 1_000_000),
}
"""The least and the most of each; null means no bound of this kind, but for the length of a URL."""


def read(value: object) -> dict[str, int | None]:
    """Read `{"variants": 500, "alike": null}`: what is left out is as it is for every target."""
    if not isinstance(value, dict):
        raise wrong(f"must be an object with any of {', '.join(BOUNDS)}, not {kind_of(value)}")
    found: dict[str, int | None] = {}
    problems: list[tuple[str, str]] = []
    for key, bound in value.items():
        if key not in BOUNDS:
            problems.append((str(key), f"is not a bound against traps; choose from {', '.join(BOUNDS)}"))
            continue
        try:
            found[key] = _reader(key)(bound)
        except Wrong as error:
            problems += [(key, message) for _path, message in error.problems]
    if problems:
        raise Wrong(*problems)
    return found


def _reader(key: str) -> Reader[int | None]:
    least, most = BOUNDS[key]
    whole = integer(least=least, most=most)
    return whole if key == "length" else optional(whole)
