"""What one fetch may take: the bounds of every client, and the one timer that holds them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Self

from crawler.fetch.inflate import InflateLimits

if TYPE_CHECKING:
    from crawler.errors import TimeLimit


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchLimits:
    """What one fetch may take. Past any of these it fails, and its connection is closed.

    A body must keep up `min_bytes_per_second` over each `slow_after`.
    """

    total: timedelta = timedelta(seconds=30)
    headers: timedelta = timedelta(seconds=15)
    connect: timedelta = timedelta(seconds=10)
    slow_after: timedelta = timedelta(seconds=20)
    min_bytes_per_second: int = 512
    max_wire_bytes: int = 20 * 1_048_576
    max_body_bytes: int = 20 * 1_048_576
    max_ratio: int = 100
    ratio_free_bytes: int = 1_048_576
    max_codings: int = 2
    max_headers: int = 200
    max_header_bytes: int = 65_536

    @property
    def slow_bytes(self) -> int:
        """How much of a body must come within each `slow_after`."""
        return int(self.min_bytes_per_second * self.slow_after.total_seconds())

    @property
    def inflating(self) -> InflateLimits:
        return InflateLimits(
            max_bytes=self.max_body_bytes,
            free_bytes=self.ratio_free_bytes,
            ratio=self.max_ratio,
            max_codings=self.max_codings,
        )


class Deadline:
    """The one timer of a fetch, moved as it makes progress; `which` limit it stands for now."""

    __slots__ = ("_ends", "_scope", "_slow_seconds", "which")

    def __init__(self, ends: float, slow_seconds: float) -> None:
        self._ends = ends
        self._slow_seconds = slow_seconds
        self._scope: asyncio.Timeout | None = None
        self.which: TimeLimit = "total"

    def for_headers(self, at: float) -> float:
        if at < self._ends:
            self.which = "headers"
            return at
        return self._ends

    def of(self, scope: asyncio.Timeout) -> Self:
        self._scope = scope
        return self

    def expect_progress(self) -> None:
        """Allow the body as long as a slow one may take for its next part, but never past the end."""
        at = asyncio.get_running_loop().time() + self._slow_seconds
        self.which = "too_slow" if at < self._ends else "total"
        if self._scope is not None:
            self._scope.reschedule(min(at, self._ends))
