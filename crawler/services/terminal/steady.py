"""Keeps the process's memory steady while thousands of pages are parsed, where the C library can."""

from __future__ import annotations

import ctypes
import sys
from typing import Final

# From malloc.h of glibc; other C libraries have no mallopt.
M_TRIM_THRESHOLD: Final = -1
M_MMAP_THRESHOLD: Final = -3
TRIM_BYTES: Final = 256 * 2**20
MMAP_BYTES: Final = 32 * 2**20


def keep_memory() -> None:
    """Have freed memory stay with the process.

    A page's tree is freed at once; given back to the system, the next page would fault it in
    anew, which costs 5 % of a crawl. The service's workers have the same by their environment.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(M_TRIM_THRESHOLD, TRIM_BYTES)
        mallopt(M_MMAP_THRESHOLD, MMAP_BYTES)
