"""What the person at the terminal sees on standard error: a live bar, plain lines, or nothing but notes."""

from __future__ import annotations

import logging
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final, Protocol, Self

from crawler.services.terminal import figures

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from rich.console import Console
    from rich.live import Live

    from crawler.services.terminal.figures import Figures

LINE_EVERY_SECONDS: Final = 5.0
BAR_WIDTH: Final = 24


class Display(Protocol):
    """Shows how far the crawl is. Never fails: a terminal that went away must not stop a crawl half way."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_exc: object) -> None: ...

    def show(self, now: Figures) -> None:
        """Draw the newest figures."""

    def say(self, line: str) -> None:
        """Write a line that stays."""

    def aside(self) -> AbstractContextManager[None]:
        """Return a context in which others may write to the same terminal."""


class Silent:
    """Says only what must be said."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        pass

    def show(self, now: Figures) -> None:
        pass

    def say(self, line: str) -> None:
        with suppress(OSError, ValueError):
            print(f"crawl: {line}", file=sys.stderr, flush=True)  # noqa: T201

    @contextmanager
    def aside(self) -> Iterator[None]:
        yield


class Lines(Silent):
    """A line of figures every few seconds, for logs and pipes."""

    def __init__(self) -> None:
        self._shown_at = 0.0

    def show(self, now: Figures) -> None:
        if now.seconds - self._shown_at >= LINE_EVERY_SECONDS:
            self._shown_at = now.seconds
            self.say(figures.progress(now))


class Bar(Silent):
    """A bar of what is settled among what was discovered, redrawn in place below everything else."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console: Console = Console(stderr=True)
        self._live: Live = self._fresh()

    def _fresh(self) -> Live:
        from rich.live import Live

        return Live(console=self._console, auto_refresh=False, transient=True)

    def __enter__(self) -> Self:
        with suppress(OSError):
            self._live.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        with suppress(OSError):
            self._live.stop()

    def show(self, now: Figures) -> None:
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        bar = ProgressBar(total=max(now.discovered, 1), completed=now.settled, width=BAR_WIDTH)
        row = Table.grid(padding=(0, 1))
        row.add_row(bar, Text(figures.progress(now), no_wrap=True, overflow="ellipsis"))
        with suppress(OSError):
            self._live.update(row, refresh=True)

    def say(self, line: str) -> None:
        with suppress(OSError):
            self._console.print(f"crawl: {line}", markup=False, highlight=False, soft_wrap=True)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Take the bar away while items go to the same terminal."""
        shown = self._live.renderable
        with suppress(OSError):
            self._live.stop()
        try:
            yield
        finally:
            self._live = self._fresh()
            with suppress(OSError):
                self._live.start()
                self._live.update(shown, refresh=True)


def chosen(*, quiet: bool) -> Display:
    """Return what suits standard error."""
    if quiet:
        return Silent()
    return Bar() if sys.stderr.isatty() else Lines()


class Notes(logging.Handler):
    """Warnings as short lines: the service's log is JSON, a person at a terminal reads text."""

    def __init__(self, display: Display) -> None:
        super().__init__(level=logging.WARNING)
        self._display = display
        self._last = ""

    def emit(self, record: logging.LogRecord) -> None:
        line = record.getMessage().partition("\n")[0]
        if line != self._last:
            self._last = line
            self._display.say(line)


@contextmanager
def logging_to(display: Display) -> Iterator[None]:
    """Send the process's log to `display` instead of where it went."""
    root = logging.getLogger()
    before = root.handlers[:]
    root.handlers[:] = [Notes(display)]
    try:
        yield
    finally:
        root.handlers[:] = before
