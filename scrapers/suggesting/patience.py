"""How long something is looked for: to its part of the time, and on where nothing was found by then."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

LEAST_SECONDS: Final = 0.5
"""So long something is looked for also where others took all the time."""


@dataclass(frozen=True, slots=True)
class Patience:
    """When looking ends, by the processor's time of the process: where any was found, and where none was."""

    until: float
    last: float

    @classmethod
    def of(cls, until: float, *, end: float) -> Patience:
        """Look to `until`, for as long again where nothing was found, and to the `end` of all at most."""
        now = time.process_time()
        return cls(until, min(end, max(2 * until - now, now + LEAST_SECONDS)))

    def part(self, share: float) -> Patience:
        """Return this with a share of the time that is left of it, from 0 to 1."""
        now = time.process_time()
        return Patience(*(now + share * max(0.0, one - now) for one in (self.until, self.last)))

    def is_over(self, found: object) -> bool:
        return time.process_time() >= (self.until if found else self.last)

    def is_at_its_end(self) -> bool:
        """Whether not even what was begun is looked through."""
        return time.process_time() >= max(self.until, self.last)
