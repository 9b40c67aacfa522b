"""Whether a schedule can be kept, and what could be instead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crawler.frontier.feasibility import Load, judge, pace
from crawler.frontier.lengths import DAY, HOUR, MINUTE
from crawler.frontier.politeness import Pace, gap_seconds

NOW = datetime(2026, 3, 2, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def every(step: timedelta) -> list[datetime]:
    return [NOW + number * step for number in range(5)]


@pytest.mark.parametrize(
    ("load", "step", "problem"),
    [
        (
            Load(pages=10_000, paces=(SECOND,)),
            HOUR,
            (
                "10,000 pages at 1 s each is 2 h 47 min: every hour cannot work; "
                "every 3 hours can, or at most 3,600 pages"
            ),
        ),
        (
            Load(pages=10_000, paces=(SECOND, 2 * SECOND)),
            15 * MINUTE,
            (
                "10,000 pages at 2 s each is 2 h 47 min: every 15 minutes cannot work; "
                "every 3 hours can, or at most 900 pages"
            ),
        ),
        (
            Load(pages=10_000_000, paces=(SECOND,)),
            DAY,
            "10,000,000 pages at 1 s each is 115 d 18 h: every day cannot work; at most 86,400 pages can",
        ),
        (
            Load(pages=60, paces=(SECOND,), took=70 * SECOND, measured=True),
            MINUTE,
            (
                "the last run's 60 pages took 1 min 10 s: every minute cannot work; "
                "every 2 minutes can, or at most 51 pages"
            ),
        ),
        (Load(pages=60, paces=(SECOND,), took=70 * SECOND, time_limit=MINUTE), MINUTE, None),
        (Load(pages=3_600, paces=(SECOND,)), HOUR, None),
        (Load(pages=10_000, paces=(SECOND,), time_limit=HOUR), HOUR, None),
        (Load(pages=10_000, paces=(timedelta(0),)), MINUTE, None),
    ],
)
def test_problem_says_what_would_work(load: Load, step: timedelta, problem: str | None) -> None:
    found = judge(every(step), load)
    assert found
    assert found.problem == problem
    assert found.fits is (problem is None)


def test_the_least_time_between_two_runs_counts() -> None:
    times = [NOW, NOW + HOUR, NOW + HOUR + 5 * MINUTE, NOW + 3 * HOUR]
    found = judge(times, Load(pages=600, paces=(SECOND,)))
    assert found
    assert (found.gap, found.possible) == (5 * MINUTE, 10 * MINUTE)


def test_pace_is_what_the_gaps_between_requests_are_on_average() -> None:
    draws = [number / 1_000 for number in range(1_000)]
    mean = sum(gap_seconds(Pace(delay_seconds=2.0), draw=draw) for draw in draws) / len(draws)

    found = pace(delay=2 * SECOND, crawl_delay=None, latency=None, connections=1)
    assert found.total_seconds() == pytest.approx(mean, rel=0.001)


def test_one_time_is_too_few_to_tell() -> None:
    assert judge([NOW], Load(pages=10, paces=(SECOND,))) is None


@pytest.mark.parametrize(
    ("delay", "crawl_delay", "latency", "connections", "seconds"),
    [
        (1.0, None, None, 1, 1.15),
        (1.0, 10.0, 0.2, 1, 11.5),
        (1.0, 0.5, None, 1, 1.15),
        (1.0, None, 3.0, 1, 3.0),
        (1.0, None, 3.0, 4, 1.15),
        (0.0, None, 0.5, 5, 0.1),
        (0.0, None, None, 1, 0.0),
    ],
)
def test_a_host_takes_the_longest_of_delay_crawl_delay_and_shared_latency(
    delay: float, crawl_delay: float | None, latency: float | None, connections: int, seconds: float
) -> None:
    found = pace(
        delay=timedelta(seconds=delay), crawl_delay=crawl_delay, latency=latency, connections=connections
    )
    assert found.total_seconds() == seconds


def test_slow_host_takes_longer_where_the_pace_adapts() -> None:
    asked: dict[str, Any] = {"delay": SECOND, "crawl_delay": None, "latency": 4.0, "connections": 1}

    assert pace(**asked) == timedelta(seconds=4)
    assert pace(**asked, adapts=True) == timedelta(seconds=8 * 1.15)
