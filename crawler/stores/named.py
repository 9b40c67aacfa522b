"""Hosts leased by name, for a test fetch: its thread, and the rows it changes."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Self, TypeVar

from django.db import connection

from crawler.stores import leases

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from crawler.engine.work import HostLease, HostNews
    from crawler.stores.clock import DatabaseClock

T = TypeVar("T")


class NamedDatabaseHosts:
    """Leases hosts and gives them back for one owner, in a thread with a connection of its own."""

    def __init__(self, *, owner: str, clock: DatabaseClock) -> None:
        self._owner = owner
        self._clock = clock
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="writer")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._run(lambda: connection.close())  # noqa: PLW0108 it is looked up in the thread
        self._writer.shutdown(wait=True)

    async def lease(self, origin: str) -> HostLease | None:
        return await self._run(lambda: leases.lease_one(origin, owner=self._owner, now=self._clock.now()))

    async def give_back(self, news: HostNews) -> None:
        await self._run(lambda: leases.give_back(news, owner=self._owner, now=self._clock.now()))

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._writer, work)
