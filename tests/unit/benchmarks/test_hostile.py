"""What the benchmark of hostile sites says of a log and of bombs."""

from __future__ import annotations

import pytest

from benchmarks import hostile
from benchmarks.bombed import Ended
from benchmarks.manyhosts import DRIPPED, Hit


def hit(at: float, path: str) -> Hit:
    return Hit(at=at, host=1, path=path, at_once=1)


def test_pace_and_drips_are_those_of_the_window() -> None:
    pages = [hit(second, f"/good/{second}") for second in range(40)]
    drips = [hit(0, "/drip/1"), hit(0, "/drip/2"), hit(20, DRIPPED), hit(39, DRIPPED)]

    found = hostile.window([*pages, *drips], 10, 30)

    assert found.rate == pytest.approx(1.0)
    assert found.dripping == pytest.approx(1.5, abs=0.05)


def test_bombs_that_end_otherwise_or_late_or_take_too_much_are_told() -> None:
    ended = [
        Ended(path="/well", said="too_large", seconds=30, grown_bytes=0),
        Ended(path="/other", said="9 bytes", seconds=0, grown_bytes=0),
        Ended(path="/late", said="timed_out", seconds=40, grown_bytes=0),
        Ended(path="/large", said="too_large", seconds=0, grown_bytes=65 << 20),
    ]
    expected = {"/well": "timed_out or too_large", "/other": "bad_response"}
    expected |= {"/late": "timed_out", "/large": "too_large"}

    told = list(hostile.wrong("HTTP/2", ended, expected))

    assert [line.split(" ", 1)[0] for line in told] == ["/other", "/late", "/large"]
