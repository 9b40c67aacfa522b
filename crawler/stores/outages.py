"""What keeps the database from being written: known by its errors, told once, remembered until it is over."""

from __future__ import annotations

import logging
import mmap
import os
import sqlite3
import struct
import threading
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from django.db import Error as AnyDatabaseError
from django.db import InterfaceError, OperationalError
from django.db.models import Q
from django.utils import timezone

from crawler.models import Outage, OutageKind
from crawler.stores import probes

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
KINDS: Final = tuple(OutageKind)
LAYOUT: Final = struct.Struct("<BdQ")


def recognise(error: BaseException) -> OutageKind | None:
    """Return which outage a database error tells of; None for those of one statement or transaction."""
    cause = error.__cause__
    if isinstance(cause, sqlite3.Error):
        return SQLITE.get(getattr(cause, "sqlite_errorcode", 0) & 0xFF)
    state = getattr(cause, "sqlstate", None)
    if state is not None:
        return POSTGRES.get(state, POSTGRES_CLASSES.get(state[:2]))
    return OutageKind.AWAY if isinstance(error, OperationalError | InterfaceError) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    kind: OutageKind
    began_at: datetime
    row: int = 0

    def packed(self) -> bytes:
        return LAYOUT.pack(KINDS.index(self.kind) + 1, self.began_at.timestamp(), self.row)

    @classmethod
    def unpacked(cls, packed: bytes) -> _Seen | None:
        kind, began, row = LAYOUT.unpack(packed)
        if not kind:
            return None
        return cls(kind=KINDS[kind - 1], began_at=datetime.fromtimestamp(began, UTC), row=row)


class Watch:
    """What a process and its children know together of an outage: told when it begins, and when it is over.

    Any of them may note one; the heartbeat of their parent, or whoever writes something before, finds
    that it is over. The memory is shared by those that are forked after it was made.
    """

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, LAYOUT.size)
        self._unlock()
        os.register_at_fork(after_in_child=self._unlock)

    def _unlock(self) -> None:
        self._lock = threading.Lock()

    @property
    def seen(self) -> _Seen | None:
        """The outage that is going on, as far as is known here."""
        return _Seen.unpacked(self._memory[:])

    def note(self, error: BaseException) -> OutageKind | None:
        """Keep that the database refused; return with which outage, or None when `error` tells of none."""
        kind = recognise(error)
        if kind is None:
            return None
        with self._lock:
            seen = self.seen
            if seen is None or (seen.kind is OutageKind.AWAY and kind is not OutageKind.AWAY):
                log.error("%s; nothing is fetched until it can be written", kind.label)
                seen = _Seen(kind=kind, began_at=seen.began_at if seen else timezone.now())
                self._memory[:] = seen.packed()  # the others need not say so too
            if kind is not OutageKind.AWAY and not seen.row:
                self._memory[:] = replace(seen, row=_begin(seen)).packed()
        return kind

    def over(self) -> None:
        """Keep that the database can be written again, if it was known here that it could not."""
        with self._lock:
            seen = self.seen
            if seen is None:
                return
            now = timezone.now()
            try:
                _end(seen, now)
            except AnyDatabaseError:
                return  # not over after all
            self.forget()
        seconds = round((now - seen.began_at).total_seconds(), 1)
        log.warning(
            "the database can be written again", extra={"reason": seen.kind.value, "seconds": seconds}
        )

    def forget(self) -> None:
        """Know of no outage."""
        self._memory[:] = bytes(LAYOUT.size)


watch: Final = Watch()


def _begin(seen: _Seen) -> int:
    """Write that an outage has begun, where that can still be written; return the row, 0 for none.

    Where small changes still find room, others learn of it so and begin nothing.
    """
    try:
        return Outage.objects.create(kind=seen.kind, began_at=seen.began_at).pk
    except AnyDatabaseError:
        return 0


def _end(seen: _Seen, ended_at: datetime) -> None:
    known = Outage.objects.filter(pk=seen.row, ended_at=None)
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
    if watch.seen is None and under_way() is None:
        return
    try:
        probes.write_much()
    except AnyDatabaseError as error:
        watch.note(error)
        raise
    watch.over()
    Outage.objects.filter(ended_at=None).update(ended_at=timezone.now())


def covers(began_at: datetime, ended_at: datetime) -> bool:
    """Say whether an outage is known at some time between two moments."""
    rows = Outage.objects.filter(began_at__lte=ended_at)
    return rows.filter(Q(ended_at=None) | Q(ended_at__gte=began_at)).exists()


def forget(*, before: datetime) -> int:
    """Remove what was over before a moment; return how many rows."""
    return Outage.objects.filter(ended_at__lt=before).delete()[0]
