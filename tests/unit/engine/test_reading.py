"""A page has five seconds to be read."""

from __future__ import annotations

import signal
import threading

import pytest

from crawler.engine.reading import ReadTimedOut, TimedReader


def forever() -> None:
    while True:
        try:
            sum(range(1000))
        except Exception:  # noqa: BLE001 - scrapers do that
            continue


def test_page_that_does_not_end_is_interrupted_whatever_it_catches() -> None:
    with TimedReader(limit_seconds=0.05) as reader, pytest.raises(ReadTimedOut):
        reader.read(7, forever)
    assert reader.running_since is None


def test_quick_page_leaves_no_alarm_behind() -> None:
    with TimedReader(limit_seconds=0.05) as reader:
        assert reader.read(7, lambda: "fine") == "fine"
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_watchdog_sees_what_is_being_read_and_since_when() -> None:
    seen: list[tuple[int | None, bool]] = []
    with TimedReader() as reader:
        reader.read(7, lambda: seen.append((reader.running_request, reader.running_since is not None)))
    assert seen == [(7, True)]


def test_error_of_the_page_passes_and_ends_the_reading() -> None:
    with TimedReader() as reader, pytest.raises(ZeroDivisionError):
        reader.read(7, lambda: 1 // 0)
    assert reader.running_since is None


def test_outside_of_the_main_thread_there_is_no_alarm() -> None:
    found: list[str] = []

    def read() -> None:
        with TimedReader(limit_seconds=0.001) as reader:
            found.append(reader.read(7, lambda: "fine"))

    thread = threading.Thread(target=read)
    thread.start()
    thread.join(5)
    assert found == ["fine"]
