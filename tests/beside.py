"""Another connection of PostgreSQL beside the test's own, which waits for what that one holds."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Generic, TypeVar

from django.db import connection

from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
LONG = 150.0


class Beside(Generic[T]):
    """Does `work` in a thread with a connection of its own."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._pid: int | None = None
        self._given: list[T] = []
        self._errors: list[BaseException] = []
        self._thread = threading.Thread(target=self._guarded)
        self._thread.start()

    def _guarded(self) -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                (self._pid,) = cursor.fetchone()
            self._given.append(self._work())
        except BaseException as error:  # noqa: BLE001 - the test shows it
            self._errors.append(error)
        finally:
            connection.close()

    def await_wait(self) -> None:
        """Return when it waits for a lock, which the caller's transaction holds."""
        until(self._waits, what="the other connection to wait for a lock")

    def _waits(self) -> bool:
        assert self._thread.is_alive(), "it waited for nothing"
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE pid = %s AND NOT granted", [self._pid])
            return bool(cursor.fetchone()[0])

    def end(self) -> T:
        """Return what the work returned; the caller's transaction has ended."""
        self._thread.join(LONG)
        assert self._errors == []
        return self._given[0]
