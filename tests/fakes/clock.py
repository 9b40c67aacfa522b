"""Clocks that tests move, and an event loop that does not wait for time to pass."""

from __future__ import annotations

import asyncio
import selectors
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")
BEGINNING = datetime(2026, 3, 1, 12, tzinfo=UTC)


class FakeClock:
    """Stands still until `advance`; `chance` is what every draw gives."""

    def __init__(self, *, chance: float = 0.0, beginning: datetime = BEGINNING) -> None:
        self.chance = chance
        self._beginning = beginning
        self._seconds = 0.0

    def advance(self, seconds: float) -> None:
        self._seconds += seconds

    def now(self) -> datetime:
        return self._beginning + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return self._seconds

    def draw(self) -> float:
        return self.chance


class LoopClock(FakeClock):
    """Goes as the running event loop goes."""

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()


class JumpingLoop(asyncio.SelectorEventLoop):
    """Jumps to the next moment at which something happens; nothing outside of it may be waited for."""

    def __init__(self) -> None:
        super().__init__(_Jumps(self))
        self.seconds = 0.0

    def time(self) -> float:
        return self.seconds


class _Jumps(selectors.DefaultSelector):
    def __init__(self, loop: JumpingLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        if timeout is None and not ready:
            raise RuntimeError("nothing will ever happen: everybody waits for everybody")
        if timeout is not None and timeout > 0 and not ready:
            self._loop.seconds += timeout
        return ready


def run(work: Coroutine[Any, Any, T]) -> T:
    """Return what `work` returns, in no time at all."""
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        return runner.run(work)
