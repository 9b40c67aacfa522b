"""What people are told of lengths of time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crawler.frontier.lengths import DAY, HOUR, MINUTE, SECOND, in_words, rounded_up


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (HOUR, "hour"),
        (3 * HOUR, "3 hours"),
        (90 * MINUTE, "90 minutes"),
        (DAY, "day"),
        (7 * DAY, "7 days"),
        (45 * SECOND, "45 seconds"),
        (HOUR + SECOND, "3601 seconds"),
    ],
)
def test_an_interval_is_said_in_its_largest_whole_unit(span: timedelta, words: str) -> None:
    assert in_words(span) == words


def test_a_duration_is_rounded_up() -> None:
    assert [rounded_up(timedelta(seconds=seconds)) for seconds in (0, 0.2, 59, 3_601, 90_000)] == [
        "0 s", "1 s", "59 s", "1 h 1 min", "1 d 1 h",
    ]  # fmt: skip
