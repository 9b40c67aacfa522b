"""Does the same thing twice at once, on two connections."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Callable

WITHIN_SECONDS = 150.0


def twice_at_once(work: Callable[[], object]) -> None:
    """Return when `work` was done in two threads that began together; raises what either raised."""
    barrier = Barrier(2, timeout=60)

    def once() -> None:
        try:
            barrier.wait()
            work()
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=2) as threads:
        for done in [threads.submit(once) for _ in range(2)]:
            done.result(WITHIN_SECONDS)
