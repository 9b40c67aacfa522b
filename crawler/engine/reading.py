"""Reads one page within a time limit that the page cannot escape."""

from __future__ import annotations

import logging
import signal
import threading
import time
from typing import TYPE_CHECKING, Self, TypeVar

from crawler.errors import explain
from scrapers.reader import Problem, said_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from crawler.engine.work import RunRules
    from crawler.http import Fetched
    from scrapers.reader import Reading

log = logging.getLogger(__name__)
T = TypeVar("T")
READ_LIMIT_SECONDS = 5.0


class ReadTimedOut(BaseException):
    """Reading took too long. Not an `Exception`, so that no scraper swallows it."""


class TimedReader:
    """Runs one read at a time under an alarm, and shows a watchdog since when it runs.

    The alarm interrupts Python code; a parser stuck in C is only seen by the watchdog, through
    `running_since`. Outside the main thread there is no alarm.
    """

    def __init__(self, *, limit_seconds: float = READ_LIMIT_SECONDS) -> None:
        self._limit = limit_seconds
        self._alarmed = threading.current_thread() is threading.main_thread()
        self.running_since: float | None = None
        self.running_request: int | None = None

    def __enter__(self) -> Self:
        if self._alarmed:
            self._before = signal.signal(signal.SIGALRM, self._interrupt)
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._alarmed:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, self._before)

    def read(self, request: int, work: Callable[[], T]) -> T:
        """Return `work()`; raises ReadTimedOut when it takes longer than the limit."""
        self.running_request = request
        self.running_since = time.monotonic()
        if self._alarmed:
            signal.setitimer(signal.ITIMER_REAL, self._limit)
        try:
            return work()
        finally:
            self.running_since = None  # from here on an alarm that comes late is nobody's
            if self._alarmed:
                signal.setitimer(signal.ITIMER_REAL, 0)

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        if self.running_since is not None:
            self.running_since = None
            raise ReadTimedOut


def within_limit(reader: TimedReader, work: Callable[[], T], *, request: int) -> T | Problem:
    """Return `work()`, or the problem that it took longer than a page may."""
    try:
        return reader.read(request, work)
    except ReadTimedOut:
        return Problem(code="reader_timed_out", message=explain("reader_timed_out"))


def done_or_problem(reader: TimedReader, work: Callable[[], T], *, url: str, request: int) -> T | Problem:
    """Return `work()`, a piece of reading what came from `url`, or what kept it from that."""
    try:
        return within_limit(reader, work, request=request)
    except Exception as error:  # one page that trips the parsers must not end what reads the others
        log.exception("a page could not be read", extra={"url": url})
        return Problem(code="reader_failed", message=said_of(error))


def read_or_problem(
    reader: TimedReader, rules: RunRules, page: Fetched, *, request: int
) -> Reading | Problem:
    """Return what `rules` read from `page`, or what kept them from it.

    A scraper that raised costs its page the items; its traceback is logged for who wrote it.
    """
    reading = done_or_problem(reader, lambda: rules.read(page), url=page.url, request=request)
    if isinstance(reading, Problem):
        return reading
    for problem in reading.problems:
        if problem.detail:
            said = {
                "run": rules.run,
                "url": page.url,
                "problem": problem.message,
                "traceback": problem.detail,
            }
            log.error("a scraper raised", extra=said)
    return reading
