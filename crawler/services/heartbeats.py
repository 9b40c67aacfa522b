"""Who is alive: every worker and beat says so in a row of its own."""

from __future__ import annotations

import logging
import os
import threading
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import Error as DatabaseFailure
from django.db import connection
from django.utils import timezone

from crawler.models import Heartbeat
from crawler.stores import processes
from crawler.stores.outages import watch

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

log = logging.getLogger(__name__)

EVERY = timedelta(seconds=10)
KEEP = timedelta(days=1)
LEAVE_WITHIN = timedelta(seconds=5)


def beat(*, name: str, kind: str, now: datetime) -> None:
    """Say that the process `name` of `kind` is alive."""
    values = {"kind": kind, "node": processes.node()[:100], "pid": os.getpid(), "seen_at": now}
    Heartbeat.objects.update_or_create(
        name=name, defaults=values, create_defaults=values | {"started_at": now}
    )


def leave(*, name: str) -> None:
    """Say that a process has ended as it should."""
    Heartbeat.objects.filter(name=name).delete()


def forget(*, now: datetime) -> int:
    """Remove the rows of processes that have been silent for a day."""
    return Heartbeat.objects.filter(seen_at__lt=now - KEEP).delete()[0]


def kind_of(name: str) -> str:
    """Return what a process is, by its Celery name: `worker.2f1c@node` is a `worker`."""
    return name.partition("@")[0].partition(".")[0]


class Pulse:
    """Says every 10 s, from a thread of its own, that this process is alive; takes leave when it stops.

    A database that is away only makes it silent. It holds a connection no longer than a beat lasts,
    and the process forks only between two: a child must not inherit an open SQLite database.
    """

    def __init__(self, *, name: str) -> None:
        """Speak for the process that Celery calls `name`."""
        self._name = name
        self._stop = threading.Event()
        self._beating = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
        os.register_at_fork(
            before=self._beating.acquire,
            after_in_parent=self._beating.release,
            after_in_child=self._beating.release,
        )

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Take leave, unless that takes too long. It cannot be started again."""
        self._stop.set()
        self._thread.join(LEAVE_WITHIN.total_seconds())

    def _run(self) -> None:
        while not self._stop.is_set():
            self._do(lambda: beat(name=self._name, kind=kind_of(self._name), now=timezone.now()))
            self._stop.wait(EVERY.total_seconds())
        self._do(lambda: leave(name=self._name))

    def _do(self, work: Callable[[], object]) -> None:
        with self._beating:
            try:
                work()
                watch.over()
            except DatabaseFailure as error:
                if watch.note(error) is None:
                    log.warning("the heartbeat could not be written", exc_info=error)
            finally:
                connection.close()
