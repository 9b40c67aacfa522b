"""Waiting in tests for what other processes and threads do."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def until(done: Callable[[], object], *, within_seconds: float = 150, what: str = "it") -> float:
    """Wait until `done`, and return the seconds that took."""
    began = time.monotonic()
    while not done():
        assert time.monotonic() - began < within_seconds, f"waited {within_seconds} s for {what}"
        time.sleep(0.02)
    return time.monotonic() - began
