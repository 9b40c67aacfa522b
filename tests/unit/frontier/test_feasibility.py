"""Whether a schedule can be kept, and what could be instead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crawler.frontier.feasibility import Load, judge, pace
from crawler.frontier.lengths import DAY, HOUR, MINUTE

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


def test_one_time_is_too_few_to_tell() -> None:
    assert judge([NOW], Load(pages=10, paces=(SECOND,))) is None


@pytest.mark.parametrize(
    ("delay", "crawl_delay", "latency", "connections", "seconds"),
    [
        (1.0, None, None, 1, 1.0),
        (1.0, 10.0, 0.2, 1, 10.0),
        (1.0, 0.5, None, 1, 1.0),
        (1.0, None, 3.0, 1, 3.0),
        (1.0, None, 3.0, 4, 1.0),
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
