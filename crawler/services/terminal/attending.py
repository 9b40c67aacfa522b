"""Attends a terminal's run from a thread of its own while the slice crawls in the main one."""

from __future__ import annotations

import threading
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING, Final, Self

from django.db import DatabaseError, connection
from django.utils import timezone

from crawler.models import Run, RunState
from crawler.queries.arrivals import Arrivals
from crawler.services import bells, runs
from crawler.services.terminal import memory
from crawler.services.terminal.figures import Figures, Speed
from crawler.stores import sharing

if TYPE_CHECKING:
    from crawler.services.terminal.display import Display
    from crawler.services.terminal.outputs import Flow

LOOK_EVERY_SECONDS: Final = 0.25
REMEMBER_EVERY_SECONDS: Final = 1.0
RING_EVERY_SECONDS: Final = 3.0
SHOWN: Final = (
    *("state", "awaits_login", "pages", "items", "bytes"),
    *("discovered", "done", "failed", "skipped", "dead"),
)
"""What a look reads of the run. All of it, its settings included, took 1.8 ms, four times a second."""


class Stream:
    """Hands the items of a run on as they are committed; `place` is how far the reader has them.

    Where there is no `flow` the items are written at the end, and nothing is done here. On a
    terminal (`apart`) the display makes way for them.
    """

    def __init__(self, run: Run, *, flow: Flow | None, place: int, apart: bool) -> None:
        self._run = run
        self._arrivals = Arrivals(run)
        self._flow = flow
        self._apart = apart
        self._remembered = (place, time.monotonic())
        self.place = place

    def pump(self, display: Display) -> None:
        """Write what came since the last call; raises OSError when nobody reads or the disk is full."""
        if self._flow is None:
            return
        for rows, place in self._arrivals.after(self.place):
            with display.aside() if self._apart else nullcontext():
                self._flow.write(rows)
            self.place = place

    def remember(self, *, at_once: bool = False) -> None:
        """Store the place with the run, at most once a second, for a terminal that goes on later."""
        place, at = self._remembered
        if self.place != place and (at_once or time.monotonic() - at >= REMEMBER_EVERY_SECONDS):
            memory.keep_place(self._run, self.place)
            self._remembered = (self.place, time.monotonic())


class Attendant:
    """Draws a run's figures, hands its items on, and says when there is nothing left to wait for.

    A paused run is opened again only once the slice has announced itself, so that nobody takes
    it for abandoned. `awaits_login` is set when the run has to log in before it goes on.
    """

    def __init__(self, run: Run, *, display: Display, stream: Stream) -> None:
        self._run = run
        self._display = display
        self._stream = stream
        self._pages_before = run.pages
        self._began_at = self._rang_at = time.monotonic()
        self._speed = Speed()
        self._began, self._ended, self._over = threading.Event(), threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._attend, name="attendant", daemon=True)
        self.awaits_login = threading.Event()
        self.error: OSError | DatabaseError | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._ended.set()
        self._began.set()
        self._thread.join()

    def begin(self, _engine: object) -> None:
        """Take the news that the slice has announced itself."""
        self._began.set()

    @property
    def is_over(self) -> bool:
        """Whether the run has ended or was paused, or cannot be attended any more."""
        return self._over.is_set()

    def _attend(self) -> None:
        try:
            self._began.wait()
            if not self._ended.is_set() and self._run.state == RunState.PAUSED:
                runs.resume(run=self._run, now=timezone.now())
            while not self._ended.wait(LOOK_EVERY_SECONDS):
                self._look()
        except (OSError, DatabaseError, runs.WrongState) as error:
            self.error = error if isinstance(error, OSError | DatabaseError) else None
        finally:
            self._over.set()
            connection.close()

    def _look(self) -> None:
        self._display.show(self.figures())
        self._stream.pump(self._display)
        self._stream.remember()
        if time.monotonic() - self._rang_at >= RING_EVERY_SECONDS:
            self._rang_at = time.monotonic()
            call_workers()
        if self._run.awaits_login:
            self.awaits_login.set()
        if self._run.is_final or self._run.state == RunState.PAUSED:
            self._over.set()

    def finish(self) -> None:
        """Hand on the last items; called when the thread has ended."""
        if self.error is None:
            try:
                self._stream.pump(self._display)
            except OSError as error:
                self.error = error
        self._stream.remember(at_once=True)

    def figures(self) -> Figures:
        """Return the run's figures as they are in the database now."""
        run = self._run
        run.refresh_from_db(fields=SHOWN)
        seconds = time.monotonic() - self._began_at
        return Figures(
            pages=run.pages,
            pages_now=run.pages - self._pages_before,
            items=run.items,
            errors=run.failed + run.dead,
            queued=run.waiting,
            discovered=run.discovered,
            bytes=run.bytes,
            rate=self._speed.note(seconds, run.pages),
            seconds=seconds,
        )


def call_workers() -> None:
    """Ask for slices where hosts are free and due: the terminal gave way on them, or has left."""
    now = timezone.now()
    if sharing.has_workers(now=now):
        bells.ring_where_due(now=now)
