"""Hosts leased by name, for a test fetch: its thread, and the rows it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from crawler.stores import leases
from crawler.stores.writer import WriterThread

if TYPE_CHECKING:
    from types import TracebackType

    from crawler.engine.work import HostLease, HostNews
    from crawler.stores.clock import DatabaseClock


class NamedDatabaseHosts:
    """Leases hosts and gives them back for one owner, in a thread with a connection of its own."""

    def __init__(self, *, owner: str, clock: DatabaseClock) -> None:
        self._owner = owner
        self._clock = clock
        self._writer = WriterThread()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._writer.__aexit__(kind, error, trace)

    async def lease(self, origin: str) -> HostLease | None:
        return await self._writer.run(
            lambda: leases.lease_one(origin, owner=self._owner, now=self._clock.now())
        )

    async def give_back(self, news: HostNews) -> None:
        await self._writer.run(lambda: leases.give_back(news, owner=self._owner, now=self._clock.now()))
