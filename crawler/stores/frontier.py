"""The engine's frontier over the database: every call runs in the slice's one writer thread."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING, Self, TypeVar

from django.db import Error as DatabaseFailure
from django.db import InterfaceError, OperationalError

from crawler.stores import carried, outages, pages, snapshots
from crawler.stores.outages import watch
from crawler.stores.writer import WriterThread, disconnect

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet
    from datetime import timedelta
    from types import TracebackType

    from crawler.engine.ports import Ask, Lease, Look
    from crawler.engine.work import Batch, Claim, HostLease, HostNews
    from crawler.http import Fetched
    from crawler.stores.looks import Looker
    from crawler.stores.results import Committer
    from scrapers.links import Carried

T = TypeVar("T")
log = logging.getLogger(__name__)
FIRST_WAIT_SECONDS = 0.05
LONGEST_WAIT_SECONDS = 2.0


class DatabaseFrontier:
    """Looks and commits one after the other, in a thread with a connection of its own.

    The event loop never waits for the database; a look sees everything committed before it. While
    the database is away or cannot be written, a call is repeated as long as the lease is safe and
    `patience` lasts: a commit that had reached it finds its claims gone the second time and changes
    nothing, and what a look had leased whose answer was lost is taken back before the next. After that
    the error is raised. Once more is always tried: what comes too late is counted.
    """

    def __init__(self, *, looker: Looker, committer: Committer, lease: Lease, patience: timedelta) -> None:
        self._looker = looker
        self._committer = committer
        self._lease = lease
        self._patience_seconds = patience.total_seconds()
        self._stuck_calls = 0
        self._in_hand: set[int] = set()
        self._writer = WriterThread()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._writer.__aexit__(kind, error, trace)

    @property
    def is_stuck(self) -> bool:
        return self._stuck_calls > 0

    def known(self, run: int) -> AbstractSet[bytes]:
        return self._committer.known(run)

    async def look(self, ask: Ask) -> Look:
        look = await self._insist(
            lambda: self._looker.look(ask),
            again=lambda: self._looker.look_again(ask, in_hand=self._in_hand),
        )
        self._in_hand.update(claim.id for claim in look.claims)
        return look

    async def commit(self, batch: Batch) -> None:
        await self._insist(lambda: self._committer.commit(batch))
        self._in_hand.difference_update(result.claim.id for result in batch.results)

    async def lease(self, origin: str) -> HostLease | None:
        return await self._insist(lambda: self._looker.lease(origin))

    async def give_back(self, news: HostNews) -> None:
        await self._insist(lambda: self._looker.give_back(news))

    async def load_body(self, body_hash: bytes) -> bytes | None:
        return await self._insist(lambda: snapshots.load(body_hash))

    async def carried_to(self, claim: Claim) -> tuple[tuple[int, Carried], ...]:
        return await self._insist(lambda: carried.carried_to(claim.rules.run, claim.id))

    async def seen_by_run(self, claim: Claim) -> Fetched | None:
        return await self._insist(lambda: pages.seen_by_run(claim))

    async def _insist(self, work: Callable[[], T], *, again: Callable[[], T] | None = None) -> T:
        """Return `work()`, or `again()` where nobody knows whether the former was done."""
        try:
            return await self._writer.run(work)
        except DatabaseFailure as error:
            if not _may_pass(error):
                raise
            await self._writer.run(partial(_note, error))
        self._stuck_calls += 1
        try:
            return await self._try_again(again or work)
        finally:
            self._stuck_calls -= 1

    async def _try_again(self, work: Callable[[], T]) -> T:
        began = asyncio.get_running_loop().time()
        wait = FIRST_WAIT_SECONDS
        while True:
            await asyncio.sleep(wait)
            wait = min(2 * wait, LONGEST_WAIT_SECONDS)
            try:
                result = await self._writer.run(work)
            except DatabaseFailure as error:
                lasted = asyncio.get_running_loop().time() - began
                if not _may_pass(error) or not self._lease.is_safe or lasted >= self._patience_seconds:
                    raise
                await self._writer.run(partial(_note, error))
            else:
                await self._writer.run(watch.over)
                return result


def _may_pass(error: DatabaseFailure) -> bool:
    """Say whether trying again may help: not where the statement or its data are wrong."""
    return isinstance(error, OperationalError | InterfaceError) or outages.recognise(error) is not None


def _note(error: DatabaseFailure) -> None:
    """Close the thread's connection, and tell of what is wrong with the database: an outage only once."""
    disconnect()
    if watch.note(error) is None:
        log.warning("the database refuses; the slice tries again", extra={"error": str(error)})
