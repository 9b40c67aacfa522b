"""A thread with a connection of its own, so that an event loop never waits for the database."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Self, TypeVar

from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

T = TypeVar("T")


class WriterThread:
    """Does one thing after the other; its connection is closed when it is left."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="writer")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.run(disconnect)
        self._thread.shutdown(wait=True)

    async def run(self, work: Callable[[], T]) -> T:
        """Return what `work` returns in the thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def disconnect() -> None:
    """Close the connection of the thread that this runs in."""
    connection.close()
