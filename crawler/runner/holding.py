"""One slice while it lasts: its row, the leases that hang on it, and the reader that is watched with it."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from django.db import Error as DatabaseFailure

from crawler.engine.reading import TimedReader
from crawler.stores import keeper as keepers
from crawler.stores import leases, processes
from crawler.stores.clock import DatabaseClock
from crawler.stores.keeper import LeaseKeeper

if TYPE_CHECKING:
    from types import TracebackType

    from crawler.conf import CrawlSettings
    from crawler.queue import Lane


class HeldSlice:
    """A slice that was announced and is kept alive; at its end whatever it still holds goes back.

    What it held counts as lost when an error ended it that is not the database's: a page that ends
    slices is one that ends processes. Of errors that are all the database's, the first comes out.
    """

    def __init__(self, lane: Lane | str, settings: CrawlSettings, *, run: int | None = None) -> None:
        self._lane = lane
        self._run = run
        self.owner = processes.new_owner()
        self.clock = DatabaseClock()
        self.reader = TimedReader(memory_bytes=settings.page_memory_bytes)
        self.keeper = LeaseKeeper(
            owner=self.owner,
            clock=self.clock,
            every=settings.renew_every,
            send_time=settings.send_time,
            lease_time=settings.lease_time,
            reader=self.reader,
        )

    def __enter__(self) -> Self:
        now = self.clock.now()
        leases.begin(owner=self.owner, lane=self._lane, node=processes.node(), now=now, run=self._run)
        with ExitStack() as entered:
            entered.push(self._leave)
            entered.enter_context(self.reader)
            entered.enter_context(self.keeper)
            self._entered = entered.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._entered.__exit__(kind, error, trace)

    def _leave(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        of_database = _of_database(error)
        lost = isinstance(error, Exception) and of_database is None
        keepers.leave(self.owner, clock=self.clock, lost=lost)
        if of_database is not None and of_database is not error:
            raise of_database from of_database.__cause__


def _of_database(error: BaseException | None) -> DatabaseFailure | None:
    """Return the database's error that ended a slice, and nothing else did; None for every other error."""
    if isinstance(error, ExceptionGroup):
        ours, others = error.split(DatabaseFailure)
        return _of_database(ours.exceptions[0]) if ours is not None and others is None else None
    return error if isinstance(error, DatabaseFailure) else None
