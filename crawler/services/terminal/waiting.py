"""Waiting in a terminal for what others do."""

from __future__ import annotations

import threading
from typing import Final

AGAIN_SECONDS: Final = 1.0
_never = threading.Event()  # never set


def pause(seconds: float = AGAIN_SECONDS) -> None:
    """Wait until it is worth to look again."""
    _never.wait(seconds)
