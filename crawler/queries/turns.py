"""Lets few requests of a process at a time do what takes a processor for seconds, or a process of its own."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

WAIT_SECONDS: Final = 2.0
AGAIN_SECONDS: Final = 5
ONE: Final = threading.BoundedSemaphore(1)
SMALL: Final = threading.BoundedSemaphore(2)
"""For what is short: pictures are made smaller two at a time."""


class Busy(Exception):
    """Others are served just now, and were for as long as a request waits for them."""

    def __init__(self, doing: str) -> None:
        super().__init__(f"others are being {doing} just now; try again in a while")


@contextmanager
def taken(*, doing: str = "compared", of: threading.Semaphore = ONE) -> Iterator[None]:
    """Take one of the turns there are in this process; raises Busy, which says what is done with others."""
    if not of.acquire(timeout=WAIT_SECONDS):
        raise Busy(doing)
    try:
        yield
    finally:
        of.release()
