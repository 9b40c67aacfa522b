"""Which links only a crawler trap has: too deep, too long, repeating themselves, or without end."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from crawler.urls import MAX_LENGTH

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crawler.urls import Url

DEEPEST: Final = 32_000
"""How deep a link may be that nothing else bounds: a chain without end ends there."""

TOO_LONG: Final = "trap_length"
TOO_MANY_VARIANTS: Final = "trap_variants"
ALIKE: Final = "trap_alike"


@dataclass(frozen=True, slots=True, kw_only=True)
class Traps:
    """What a link may be before it counts as a trap; None for no bound of this kind.

    `depth` is in links from a start URL, for targets that set no depth of their own. `segments` and
    `repeats` are of the path: its parts, and how often the same one comes in a row. `variants` is how
    many queries of one path are followed, and `alike` after how many pages in which nothing is new the
    URLs of their shape are left alone (`frontier/shapes.py`).
    """

    depth: int | None = 20
    segments: int | None = 20
    repeats: int | None = 2
    length: int = MAX_LENGTH
    variants: int | None = 100
    alike: int | None = 200

    def refusal(self, url: Url, *, depth: int, bounds_depth: bool = True) -> str | None:
        """Return which bound `url` is beyond; None when a person's crawl would follow it too."""
        most_deep = self.depth if bounds_depth and self.depth is not None else DEEPEST
        if depth > most_deep:
            return "trap_depth"
        if len(url.text) > self.length:
            return TOO_LONG
        return self._of_path(url.path)

    def _of_path(self, path: str) -> str | None:
        if path.count("/") <= min(self.repeats or 1, self.segments or 1):
            return None
        segments = path.split("/")[1:]
        if self.segments is not None and len(segments) > self.segments:
            return "trap_segments"
        if self.repeats is not None and _longest_repeat(segments) > self.repeats:
            return "trap_repeats"
        return None


def _longest_repeat(segments: list[str]) -> int:
    same = most = 1
    for before, segment in pairwise(segments):
        same = same + 1 if segment and segment == before else 1
        most = max(most, same)
    return most


AS_FOR_ALL: Final = Traps()


def traps_of(own: Mapping[str, Any] | None) -> Traps:
    """Return the bounds of a target that sets `own` and leaves the others as they are."""
    return Traps(**own) if own else AS_FOR_ALL
