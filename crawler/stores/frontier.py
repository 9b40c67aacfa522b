"""The engine's frontier over the database: every call runs in the slice's one writer thread."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Self, TypeVar

from django.db import InterfaceError, OperationalError, connection

from crawler.stores import snapshots

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from crawler.engine.ports import Ask, Lease, Look
    from crawler.engine.work import Batch
    from crawler.stores.looks import Looker
    from crawler.stores.results import Committer

T = TypeVar("T")
log = logging.getLogger(__name__)
FIRST_WAIT_SECONDS = 0.05
LONGEST_WAIT_SECONDS = 2.0


class DatabaseFrontier:
    """Looks and commits one after the other, in a thread with a connection of its own.

    The event loop never waits for the database; a look sees everything committed before it. While
    the database is away, a call is repeated as long as the lease is safe: a commit that had reached
    it finds its claims gone the second time and changes nothing. After that the error is raised.
    """

    def __init__(self, *, looker: Looker, committer: Committer, lease: Lease) -> None:
        self._looker = looker
        self._committer = committer
        self._lease = lease
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="writer")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._run(_disconnect)
        self._writer.shutdown(wait=True)

    async def look(self, ask: Ask) -> Look:
        return await self._insist(lambda: self._looker.look(ask))

    async def commit(self, batch: Batch) -> None:
        await self._insist(lambda: self._committer.commit(batch))

    async def load_body(self, body_hash: bytes) -> bytes | None:
        return await self._insist(lambda: snapshots.load(body_hash))

    async def _insist(self, work: Callable[[], T]) -> T:
        wait = FIRST_WAIT_SECONDS
        while True:
            try:
                return await self._run(work)
            except (OperationalError, InterfaceError) as error:
                if not self._lease.is_safe:
                    raise
                log.warning("the database cannot be reached; the slice waits", extra={"error": str(error)})
                await self._run(_disconnect)
            await asyncio.sleep(wait)
            wait = min(2 * wait, LONGEST_WAIT_SECONDS)

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._writer, work)


def _disconnect() -> None:
    """Close the connection of the thread that this runs in."""
    connection.close()
