"""What keeps the database from being written: known by its errors, told once, remembered until it is over."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.db import Error as AnyDatabaseError
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from crawler.models import Outage, OutageKind
from crawler.stores import probes

if TYPE_CHECKING:
    from datetime import datetime

log = logging.getLogger(__name__)

SQLITE: Final = {
    sqlite3.SQLITE_FULL: OutageKind.DISK_FULL,
    sqlite3.SQLITE_READONLY: OutageKind.READ_ONLY,
    sqlite3.SQLITE_IOERR: OutageKind.DISK_FAILS,
    sqlite3.SQLITE_CANTOPEN: OutageKind.AWAY,
}
POSTGRES: Final = {
    "53100": OutageKind.DISK_FULL,
    "25006": OutageKind.READ_ONLY,
    "25P03": OutageKind.AWAY,  # it ended our transaction because this process stood still in it
    "57014": None,
}
POSTGRES_CLASSES: Final = {
    "08": OutageKind.AWAY,
    "53": OutageKind.AWAY,
    "57": OutageKind.AWAY,
    "58": OutageKind.DISK_FAILS,
}
FORGET_AFTER: Final = timedelta(seconds=60)


def recognise(error: BaseException) -> OutageKind | None:
    """Return which outage a database error tells of; None for those of one statement or transaction."""
    cause = error.__cause__
    if isinstance(cause, sqlite3.Error):
        return SQLITE.get(getattr(cause, "sqlite_errorcode", 0) & 0xFF)
    state = getattr(cause, "sqlstate", None)
    if state is not None:
        return POSTGRES.get(state, POSTGRES_CLASSES.get(state[:2]))
    return OutageKind.AWAY if isinstance(error, OperationalError | InterfaceError) else None


@dataclass(slots=True)
class _Seen:
    kind: OutageKind
    began_at: datetime
    last_at: datetime
    row: int | None = None


class Watch:
    """What one process knows of an outage that it met: told once when it begins, once when it is over.

    Only who tries again and again may note one here: the end of an outage is the first success after it,
    or its last failure when nobody tried for a minute.
    """

    def __init__(self) -> None:
        self._reset()
        os.register_at_fork(after_in_child=self._reset)  # a child has seen nothing yet, and holds no lock

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._seen: _Seen | None = None

    @property
    def is_on(self) -> bool:
        return self._seen is not None

    @property
    def began_at(self) -> datetime | None:
        """When this process met the outage that it knows of."""
        seen = self._seen
        return seen.began_at if seen else None

    def note(self, error: BaseException) -> OutageKind | None:
        """Keep that writing failed; return with which outage, or None when `error` tells of none."""
        kind = recognise(error)
        if kind is None:
            return None
        now = timezone.now()
        with self._lock:
            if self._seen is None:
                self._seen = _Seen(kind=kind, began_at=now, last_at=now)
                log.error("%s; nothing is fetched until it can be written", kind.label)
            elif self._seen.kind is OutageKind.AWAY and kind is not OutageKind.AWAY:
                self._seen.kind = kind
                log.error("%s", kind.label)
            self._seen.last_at = now
            if kind is not OutageKind.AWAY and self._seen.row is None:
                self._seen.row = _begin(self._seen)
        return kind

    def over(self) -> None:
        """Keep that the database can be written again, if this process knew that it could not."""
        with self._lock:
            seen = self._seen
            if seen is None:
                return
            now = timezone.now()
            ended_at = now if now - seen.last_at < FORGET_AFTER else seen.last_at
            try:
                _end(seen, ended_at)
            except AnyDatabaseError:
                return  # not over after all: whoever noted it tries again
            self._seen = None
        seconds = round((ended_at - seen.began_at).total_seconds(), 1)
        log.warning(
            "the database can be written again", extra={"reason": seen.kind.value, "seconds": seconds}
        )


watch: Final = Watch()


def _begin(seen: _Seen) -> int | None:
    """Write that an outage has begun, where that can still be written: others then do not begin anything."""
    try:
        return Outage.objects.create(kind=seen.kind, began_at=seen.began_at).pk
    except AnyDatabaseError:
        return None


def _end(seen: _Seen, ended_at: datetime) -> None:
    known = Outage.objects.filter(pk=seen.row) if seen.row is not None else Outage.objects.none()
    if not known.update(kind=seen.kind, ended_at=ended_at):
        Outage.objects.create(kind=seen.kind, began_at=seen.began_at, ended_at=ended_at)


def under_way() -> tuple[OutageKind, datetime] | None:
    """Return the outage that is not known to be over, as far as rows tell, and since when."""
    row = Outage.objects.filter(ended_at=None).order_by("began_at").values_list("kind", "began_at").first()
    return (OutageKind(row[0]), row[1]) if row else None


def require_writable() -> None:
    """Return when nothing is known to be wrong, or no longer is; else raise the database's error.

    An outage is over when as much can be written as a batch of pages needs: small changes often still
    find room when nothing else does.
    """
    if not watch.is_on and under_way() is None:
        return
    try:
        probes.write_much()
    except AnyDatabaseError as error:
        watch.note(error)
        raise
    watch.over()
    Outage.objects.filter(ended_at=None).update(ended_at=timezone.now())


def forget(*, before: datetime) -> int:
    """Remove what was over before a moment; return how many rows."""
    return Outage.objects.filter(ended_at__lt=before).delete()[0]
