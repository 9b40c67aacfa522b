"""Reads one page within a time limit that the page cannot escape."""

from __future__ import annotations

import logging
import signal
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Self, TypeVar

from crawler.engine.memory import MemoryBound
from crawler.errors import explain
from scrapers.reader import Facts, Problem, Reading, load, said_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from crawler.engine.work import RunRules
    from crawler.http import Fetched

log = logging.getLogger(__name__)
T = TypeVar("T")
READ_LIMIT_SECONDS = 5.0
BEGINNING_BYTES = 512 * 1024
"""As much of a page is read that takes too much memory as a whole: trees have up to 110 bytes for each."""


class ReadTimedOut(BaseException):
    """Reading took too long. Not an `Exception`, so that no scraper swallows it."""


class TimedReader:
    """Runs one read at a time under an alarm, and shows a watchdog since when it runs.

    The alarm interrupts Python code; a parser stuck in C is only seen by the watchdog, through
    `running_since`. Outside the main thread there is no alarm. A read that has used less than half
    of its time when the alarm goes off gets half of it once more: most likely the whole process
    stood still, or waited for a processor. `memory` is what reading a page may take.
    """

    def __init__(self, *, limit_seconds: float = READ_LIMIT_SECONDS, memory_bytes: int | None = None) -> None:
        self.memory = MemoryBound(memory_bytes)
        self._limit = limit_seconds
        self._alarmed = threading.current_thread() is threading.main_thread()
        self.running_since: float | None = None
        self.running_request: int | None = None
        self._used_before = 0.0
        self._had_more = False

    def __enter__(self) -> Self:
        self.memory.__enter__()
        if self._alarmed:
            self._before = signal.signal(signal.SIGALRM, self._interrupt)
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._alarmed:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, self._before)
        self.memory.__exit__(*_exc)

    def read(self, request: int, work: Callable[[], T]) -> T:
        """Return `work()`; raises ReadTimedOut when it takes longer than the limit."""
        self.running_request = request
        self.running_since = time.monotonic()
        if self._alarmed:
            self._used_before, self._had_more = time.thread_time(), False
            signal.setitimer(signal.ITIMER_REAL, self._limit)
        try:
            return work()
        finally:
            self.running_since = None  # from here on an alarm that comes late is nobody's
            if self._alarmed:
                signal.setitimer(signal.ITIMER_REAL, 0)

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        if self.running_since is None:
            return
        if not self._had_more and time.thread_time() - self._used_before < self._limit / 2:
            self._had_more = True
            signal.setitimer(signal.ITIMER_REAL, self._limit / 2)
            return
        self.running_since = None
        raise ReadTimedOut


class Attention:
    """How long a watchdog has seen one page being read, in time during which this process ran.

    Its looks come at regular times. One that comes much later shows that the process stood still,
    and counts `at_most_seconds`.
    """

    def __init__(self, *, at_most_seconds: float) -> None:
        self._at_most = at_most_seconds
        self._since: float | None = None
        self._looked_at = 0.0
        self._seconds = 0.0

    def look(self, since: float | None, *, now: float) -> float:
        """Return for how many seconds what has been read since `since` was seen; 0 when it is nothing."""
        if since is None:
            self._since = None
            return 0.0
        if since != self._since:
            self._since, self._looked_at, self._seconds = since, since, 0.0
        self._seconds += min(now - self._looked_at, self._at_most)
        self._looked_at = now
        return self._seconds


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

    A scraper that raised costs its page the items; its traceback is logged for who wrote it. Of a page
    that takes more memory than one may, the beginning is read, which has its title and what it forbids.
    """
    if rules.libraries:
        load(rules.libraries)
    reading = _within_memory(reader, rules, page, request=request)
    if reading is None:
        reading = _beginning(reader, rules, page, request=request)
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


def _within_memory(
    reader: TimedReader, rules: RunRules, page: Fetched, *, request: int
) -> Reading | Problem | None:
    """Return what `rules` read from `page`, or what kept them from it; None when memory did."""

    def read() -> Reading | None:
        try:
            return reader.memory.run(lambda: rules.read(page), page_bytes=len(page.body))
        except MemoryError:
            return None

    return done_or_problem(reader, read, url=page.url, request=request)


def _beginning(reader: TimedReader, rules: RunRules, page: Fetched, *, request: int) -> Reading | Problem:
    """Return what `rules` read from the beginning of `page`, with the problem that it is no more."""
    size = min(BEGINNING_BYTES, len(page.body) // 16)
    reading = _within_memory(reader, rules, replace(page, body=page.body[:size]), request=request)
    if isinstance(reading, Problem):
        return reading
    if reading is None:
        size, reading = 0, Reading(items=(), links=(), problems=(), facts=Facts())
    message = (
        "reading this page takes more memory than PAGE_MEMORY_MIB allows one of its size;"
        f" {size:,} of its {len(page.body):,} bytes were read"
    )
    log.warning("a page takes too much memory", extra={"run": rules.run, "url": page.url})
    problem = Problem(code="too_much_memory", message=message)
    return replace(
        reading,
        problems=(problem, *reading.problems),
        facts=replace(reading.facts, parse_truncated=True),
    )
