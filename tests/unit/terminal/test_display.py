"""What is written to standard error, and what is not."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Self

import pytest

from crawler.services.terminal import display
from crawler.services.terminal.display import Bar, Lines, Silent
from tests.unit.terminal.test_figures import NOW


class Noted(Silent):
    def __init__(self) -> None:
        self.said: list[str] = []

    def __enter__(self) -> Self:
        return self

    def say(self, line: str) -> None:
        self.said.append(line)


def test_lines_come_every_five_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    shown = Lines()
    for seconds in (1, 4, 5, 6, 9, 10):
        shown.show(replace(NOW, seconds=seconds))

    assert [line.split()[-1] for line in capsys.readouterr().err.splitlines()] == ["0:00:05", "0:00:10"]


def test_bar_draws_the_figures_and_leaves_only_what_was_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"FORCE_COLOR": "1", "TERM": "xterm", "COLUMNS": "120"}.items():
        monkeypatch.setenv(name, value)
    with Bar() as shown:
        shown.show(NOW)
        with shown.aside():
            pass
        shown.say("a [b]note[/b]")
    drawn = capsys.readouterr().err

    assert "1,234 pages  12.3/s  56 queued" in drawn
    assert "crawl: a [b]note[/b]" in drawn


def test_terminal_that_went_away_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone:
        def write(self, _text: str) -> int:
            raise OSError

        def flush(self) -> None: ...

    monkeypatch.setattr("sys.stderr", Gone())
    Silent().say("hello")


def test_warnings_are_short_lines_and_repeated_ones_come_once() -> None:
    shown = Noted()
    log = logging.getLogger("crawler.example")
    with display.logging_to(shown):
        log.info("not for people")
        log.warning("a page raised %s", "ValueError", extra={"run": 3})
        log.warning("a page raised %s", "ValueError", extra={"run": 4})
        log.error("two\nlines")

    assert shown.said == ["a page raised ValueError", "two"]
