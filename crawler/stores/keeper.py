"""Keeps one slice's leases alive from a thread of its own, and buries a page that hangs its reader."""

from __future__ import annotations

import logging
import os
import threading
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Self

from django.db import Error as DatabaseFailure
from django.db import connection

from crawler.engine.reading import Attention
from crawler.stores import leases, outages
from crawler.stores.outages import watch

if TYPE_CHECKING:
    from datetime import timedelta

    from crawler.engine.reading import TimedReader
    from crawler.stores.clock import DatabaseClock

log = logging.getLogger(__name__)
HUNG_SECONDS = 10.0
WATCH_SECONDS = 1.0
LEAVE_EVERY_SECONDS = 1.0


class LeaseKeeper:
    """Renews the slice's row while it lives; `is_safe` only for `send_time` after a good renewal began.

    The thread also watches the reader: one page that holds it for 10 s is marked dead, all else
    is given back, and the process ends, because nothing can interrupt a parser stuck in C. Time for
    which the whole process stood still does not count.
    """

    def __init__(
        self,
        *,
        owner: str,
        clock: DatabaseClock,
        every: timedelta,
        send_time: timedelta,
        lease_time: timedelta,
        reader: TimedReader,
    ) -> None:
        self._owner = owner
        self._clock = clock
        self._every = every.total_seconds()
        self._safe_for = send_time.total_seconds()
        self._lease_time = lease_time
        self._reader = reader
        self._watch_every = min(WATCH_SECONDS, self._every)
        self._attention = Attention(at_most_seconds=2 * self._watch_every)
        self._renewed_at = clock.monotonic()
        self._revoked = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lease-keeper", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def is_safe(self) -> bool:
        return not self._revoked and self._clock.monotonic() - self._renewed_at < self._safe_for

    def _run(self) -> None:
        try:
            while not self._stop.wait(self._watch_every):
                with suppress(MemoryError):  # a page that is read may take all there is for a while
                    self._watch_reader()
                    if self._clock.monotonic() - self._renewed_at >= self._every:
                        self._renew()
        finally:
            connection.close()

    def _renew(self) -> None:
        began = self._clock.monotonic()
        try:
            self._clock.synchronise()
            if leases.renew(owner=self._owner, now=self._clock.now(), lease_time=self._lease_time):
                self._renewed_at = began
            else:
                self._revoked = True
                log.warning("the slice was taken for lost; it stops", extra={"owner": self._owner})
        except DatabaseFailure as error:
            connection.close()
            if watch.note(error) is None:
                log.warning(
                    "the lease could not be renewed", extra={"owner": self._owner, "error": str(error)}
                )

    def _watch_reader(self) -> None:
        since, request = self._reader.running_since, self._reader.running_request
        seconds = self._attention.look(since, now=self._clock.monotonic())
        if request is None or seconds < HUNG_SECONDS:
            return
        log.error("a page hung its reader; its process ends", extra={"request": request})
        try:
            leases.bury_hung(request, owner=self._owner, now=self._clock.now())
            leases.free(self._owner, now=self._clock.now(), lost=False)
        finally:
            os._exit(70)


def leave(owner: str, *, clock: DatabaseClock, lost: bool = False) -> None:
    """Give back what a slice held; while the database cannot be written, go on trying in the background.

    So the requests of a slice that an outage ended are queued again as soon as it is over, and do not
    count as lost with their process.
    """
    try:
        leases.free(owner, now=clock.now(), lost=lost)
    except DatabaseFailure as error:
        if outages.recognise(error) is None:
            raise
        connection.close()
        later = partial(_leave_later, owner, clock, lost=lost)
        threading.Thread(target=later, name="leave", daemon=True).start()


def _leave_later(owner: str, clock: DatabaseClock, *, lost: bool) -> None:
    pause = threading.Event()  # never set
    while not pause.wait(LEAVE_EVERY_SECONDS):
        try:
            leases.free(owner, now=clock.now(), lost=lost)
        except DatabaseFailure:
            continue
        else:
            return
        finally:
            connection.close()
