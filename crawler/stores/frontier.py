"""The engine's frontier over the database: every call runs in the slice's one writer thread."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from django.db import connection

from crawler.stores import snapshots

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from crawler.engine.ports import Ask, Look
    from crawler.engine.work import Batch
    from crawler.stores.looks import Looker
    from crawler.stores.results import Committer

T = TypeVar("T")


class DatabaseFrontier:
    """Looks and commits one after the other, in a thread with a connection of its own.

    The event loop never waits for the database; a look sees everything committed before it.
    """

    def __init__(self, *, looker: Looker, committer: Committer) -> None:
        self._looker = looker
        self._committer = committer
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="writer")

    async def __aenter__(self) -> DatabaseFrontier:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._run(lambda: connection.close())
        self._writer.shutdown(wait=True)

    async def look(self, ask: Ask) -> Look:
        return await self._run(lambda: self._looker.look(ask))

    async def commit(self, batch: Batch) -> None:
        await self._run(lambda: self._committer.commit(batch))

    async def load_body(self, body_hash: bytes) -> bytes | None:
        return await self._run(lambda: snapshots.load(body_hash))

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._writer, work)
