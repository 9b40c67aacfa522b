"""How much memory the reading of one page may add to its process: the system refuses what goes beyond."""

from __future__ import annotations

import os
import resource
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

LEAST_BYTES: Final = 256 * 1024 * 1024
"""What the smallest page may take where the limit is not below: a scraper fills its caches with its first."""
BYTES_EACH: Final = 256
"""More than twice of what trees have for each byte. Of a small page more are elements that multiply."""

STATM: Final = "/proc/self/statm"
_DATA_PAGES: Final = 5
"""Where `statm` has the pages of data and stack, which are what RLIMIT_DATA bounds (proc(5))."""


class MemoryBound:
    """Runs work that may add `limit_bytes` to what this process has; None, or another system, is no bound.

    It bounds nothing before it is entered and after it is left. Parsers in C report what they were
    refused as any other failure to allocate. The bound is the whole process's while the work runs, so
    only one runs at a time.
    """

    def __init__(self, limit_bytes: int | None) -> None:
        self._limit = limit_bytes if sys.platform == "linux" else None
        self._before = resource.getrlimit(resource.RLIMIT_DATA)
        self._page_bytes = resource.getpagesize()
        self._statm: int | None = None

    def __enter__(self) -> Self:
        if self._limit is not None:
            with suppress(OSError):  # a system without /proc has no bound
                self._statm = os.open(STATM, os.O_RDONLY | os.O_CLOEXEC)
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._statm is not None:
            os.close(self._statm)
            self._statm = None

    def run(self, work: Callable[[], T], *, page_bytes: int) -> T:
        """Return `work()` on a page of this size; raises MemoryError when it needs more than it may."""
        if self._limit is None or self._statm is None:
            return work()
        soft, hard = self._before
        limit = min(self._limit, LEAST_BYTES + BYTES_EACH * page_bytes)
        most = int(os.pread(self._statm, 128, 0).split()[_DATA_PAGES]) * self._page_bytes + limit
        tighter = soft != resource.RLIM_INFINITY and soft < most
        resource.setrlimit(resource.RLIMIT_DATA, (soft if tighter else most, hard))
        try:
            return work()
        finally:
            resource.setrlimit(resource.RLIMIT_DATA, self._before)
