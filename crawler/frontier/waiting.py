"""Why what waits on a host is not being fetched this moment, and when it will be."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from crawler.errors import explain
from crawler.frontier.tenure import WANTED_FOR

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime


class Reason(StrEnum):
    """What is waited for; `words` say so to a person."""

    PAUSED = "paused"
    LOGGING_IN = "logging_in"
    ENDING = "ending"
    NO_WORKER = "no_worker"
    CIRCUIT_OPEN = "circuit_open"
    READER_HUNG = "reader_hung"
    ROBOTS_UNREACHABLE = "robots_unreachable"
    RETRY_AFTER = "retry_after"
    NOT_BEFORE = "not_before"
    HOST_DELAY = "host_delay"
    RESERVED = "reserved"
    HELD = "held"
    URGENT_FIRST = "urgent_first"
    CRAWLING = "crawling"
    WORKER = "waiting_for_worker"

    @property
    def words(self) -> str:
        return WORDS[self]


WORDS = {
    Reason.PAUSED: "the run is paused",
    Reason.LOGGING_IN: "the run has to log in first",
    Reason.ENDING: "the run has ended; what waited is being skipped",
    Reason.NO_WORKER: "no worker that would crawl it is alive",
    Reason.CIRCUIT_OPEN: "the host failed ten times in a row and is left alone",
    Reason.READER_HUNG: "a page of the host hung what reads pages; the host is left alone for a while",
    Reason.ROBOTS_UNREACHABLE: "robots.txt cannot be fetched, and is tried again then",
    Reason.RETRY_AFTER: "the host asked to be left alone, with 429 or 503",
    Reason.NOT_BEFORE: "what waits failed before and is tried again then",
    Reason.HOST_DELAY: "the host is not asked sooner, out of politeness",
    Reason.RESERVED: "the host is kept free for a test fetch or a terminal",
    Reason.HELD: "a test fetch or a terminal has the host",
    Reason.URGENT_FIRST: "more urgent work on this host goes first; one turn in nine is for the rest",
    Reason.CRAWLING: "a worker is at it, and takes one request after the other",
    Reason.WORKER: "it is due and goes to the next worker that has room",
}

NOT_NEXT = frozenset({Reason.HELD, Reason.URGENT_FIRST})
"""Whose turn it is when others have the host, or have it next."""

_HOLDS = {
    reason.value: reason for reason in (Reason.CIRCUIT_OPEN, Reason.READER_HUNG, Reason.ROBOTS_UNREACHABLE)
}


class Holder(StrEnum):
    """Who has a host: a slice of a worker, or somebody beside the workers."""

    NOBODY = "nobody"
    WORKER = "worker"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What one run has waiting on one host, as rows say it.

    `due_at` is when the first of it may be claimed; `next_at`, `hold_reason` and `wanted_at` are the
    host's. `top` is the priority of the most urgent due work there, `served` whether a worker is alive
    that would take this. `paused`, `logging_in` and `ending` are the run's.
    """

    priority: int
    due_at: datetime
    paused: bool = False
    logging_in: bool = False
    ending: bool = False
    served: bool = True
    holder: Holder = Holder.NOBODY
    top: int = 0
    next_at: datetime | None = None
    hold_reason: str = ""
    wanted_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """A reason, and until when it lasts: None where no clock decides that."""

    reason: Reason
    until: datetime | None = None


def why(place: Place, *, now: datetime) -> Wait:
    """Return what keeps the first request of a place from being fetched now.

    Of several times that must pass the last one counts. What is due waits for whoever has its turn,
    and the host's next slot is theirs too: it is no time at which others are asked.
    """
    if place.paused or place.ending:
        return Wait(reason=Reason.PAUSED if place.paused else Reason.ENDING)
    if place.logging_in:
        return Wait(reason=Reason.LOGGING_IN)
    if not place.served and place.holder is Holder.NOBODY:
        return Wait(reason=Reason.NO_WORKER)
    waits = [wait for wait in _times(place) if wait.until is not None and wait.until > now]
    last = max(waits, key=lambda wait: wait.until or now, default=None)
    turn = _turn(place)
    if last is None or (last.reason is Reason.HOST_DELAY and turn in NOT_NEXT):
        return Wait(reason=turn)
    return last


def _times(place: Place) -> Iterator[Wait]:
    """Yield what must pass first; of equal times the first is the reason."""
    yield Wait(reason=_hold(place.hold_reason), until=place.next_at)
    yield Wait(reason=Reason.NOT_BEFORE, until=place.due_at)
    if place.holder is Holder.NOBODY and place.wanted_at is not None:
        yield Wait(reason=Reason.RESERVED, until=place.wanted_at + WANTED_FOR)


def hold_words(code: str) -> str:
    """Return why a host is left alone, by the code of its hold; what is unknown is said as it is."""
    known = _hold(code)
    return explain(code) if known is Reason.HOST_DELAY else known.words


def _hold(code: str) -> Reason:
    """Return what a host's hold means; a hold that was lifted leaves only its delay."""
    if code.startswith("status-"):
        return Reason.RETRY_AFTER
    return _HOLDS.get(code, Reason.HOST_DELAY)


def _turn(place: Place) -> Reason:
    if place.holder is Holder.OTHER:
        return Reason.HELD
    if place.top > place.priority:
        return Reason.URGENT_FIRST
    return Reason.CRAWLING if place.holder is Holder.WORKER else Reason.WORKER
