"""How a process that parses thousands of pages keeps its memory: what is freed stays, cycles can wait."""

from __future__ import annotations

import ctypes
import gc
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

# A page's tree is freed at once. Given back to the system, the next page would fault it in anew, which
# costs 5 % of a crawl. Larger things are bodies of pages, few and up to 20 MiB each: kept, what is left
# between them adds up (99 MiB for the largest page that is taken, pressed twice; given back, 50 MiB).
TRIM_BYTES: Final = 256 * 2**20
MMAP_BYTES: Final = 2**20

ENVIRONMENT: Final = {"MALLOC_TRIM_THRESHOLD_": str(TRIM_BYTES), "MALLOC_MMAP_THRESHOLD_": str(MMAP_BYTES)}
"""What makes glibc do so in a process that is yet to be started."""

COLLECT_AT: Final = (20_000, 20, 20)
"""Pages leave next to no cycles: looked for at Python's own 700 new objects, they cost a fifth of a crawl."""

# From malloc.h of glibc; other C libraries have no mallopt.
M_TRIM_THRESHOLD: Final = -1
M_MMAP_THRESHOLD: Final = -3


def keep_memory() -> None:
    """Have freed memory stay with this process."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(M_TRIM_THRESHOLD, TRIM_BYTES)
        mallopt(M_MMAP_THRESHOLD, MMAP_BYTES)


@contextmanager
def collecting_seldom() -> Iterator[None]:
    """Look for cycles among what is made within the block alone, and less often than Python does."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*COLLECT_AT)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
