"""Whether anything can be stored and the broker answers: looked at by one at a time, and not too often."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from django.db import Error as DatabaseFailure

from crawler import queue
from crawler.models import OutageKind
from crawler.stores import outages, probes
from crawler.stores.outages import watch

if TYPE_CHECKING:
    from collections.abc import Callable

LOOK_EVERY: Final = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """How things are. `outage` is why nothing can be stored, `since` when that is known; None when it can.

    `broker_trouble` says what the broker does that takes no messages, and nothing of one that does.
    """

    outage: OutageKind | None
    since: datetime | None
    broker_trouble: str

    @property
    def is_well(self) -> bool:
        return self.outage is None and not self.broker_trouble


class Lookout:
    """Looks at most every few seconds, whoever asks: a look writes a row and calls on the broker.

    One of those who ask looks; the others get what was seen last, so that a broker which says nothing
    keeps only one of them waiting.
    """

    def __init__(self, look: Callable[[], Condition], *, every: timedelta = LOOK_EVERY) -> None:
        self._look = look
        self._every_seconds = every.total_seconds()
        self._looking = threading.Lock()
        self._seen: Condition | None = None
        self._seen_at = 0.0

    def condition(self) -> Condition:
        """Return how things are, or were a few seconds ago."""
        seen = self._seen
        if seen is not None and (self._is_fresh() or not self._looking.acquire(blocking=False)):
            return seen
        if seen is None:
            self._looking.acquire()
        try:
            if self._seen is None or not self._is_fresh():
                self._seen = self._look()
                self._seen_at = time.monotonic()
            return self._seen
        finally:
            self._looking.release()

    def forget(self) -> None:
        """Look again when asked next."""
        self._seen = None

    def _is_fresh(self) -> bool:
        return time.monotonic() - self._seen_at < self._every_seconds


def look() -> Condition:
    """Try to write, and call on the broker."""
    kind, since = _outage()
    return Condition(outage=kind, since=since, broker_trouble=queue.trouble())


def _outage() -> tuple[OutageKind | None, datetime | None]:
    try:
        probes.write_little()
        watch.over()
        return outages.under_way() or (None, None)
    except DatabaseFailure as error:
        kind, seen = watch.note(error), watch.seen
        return kind or OutageKind.AWAY, seen.began_at if seen else None


lookout: Final = Lookout(look)
