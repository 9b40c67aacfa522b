"""How a day's budget is spent through the day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crawler.policy.refresh.spending import (
    LEAST_AGE,
    MOST_A_RUN,
    RUNS_A_DAY,
    Credit,
    affordable,
    shortest,
    spendable,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MANY = 1_000_000
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def a_day(per_day: int, *, step: timedelta = MINUTE, days: int = 3) -> list[tuple[datetime, int]]:
    """Return the runs of the days, each with how many requests it had."""
    credit, now = Credit(requests=0.0, at=NOON), NOON
    runs: list[tuple[datetime, int]] = []
    while now < NOON + days * DAY:
        now += step
        credit = credit.earned(per_day=per_day, now=now)
        spent = sum(count for at, count in runs if at > now - DAY)
        count = affordable(credit, per_day=per_day, spent_in_a_day=spent, pages=MANY)
        if count:
            credit = credit.spent(count)
            runs.append((now, count))
    return runs


@pytest.mark.parametrize("per_day", [1, 5, 47, 100, 2_500, 100_000])
def test_the_budget_is_spent_and_never_exceeded(per_day: int) -> None:
    runs = a_day(per_day)
    assert sum(count for _at, count in runs) == pytest.approx(3 * per_day, rel=0.05, abs=1)
    for end, _count in runs:
        assert sum(count for at, count in runs if end - DAY < at <= end) <= per_day
    assert all(count <= MOST_A_RUN for _at, count in runs)


@pytest.mark.parametrize(("per_day", "most"), [(5, 5), (1_000, RUNS_A_DAY + 3), (20_000, RUNS_A_DAY + 3)])
def test_there_are_few_runs_a_day(per_day: int, most: int) -> None:
    assert len(a_day(per_day, days=1)) <= most


def test_it_is_spread_over_the_day() -> None:
    hours = [at.hour for at, _count in a_day(480, days=1)]
    assert len(set(hours)) == 24


def test_a_downtime_is_not_made_up_for() -> None:
    credit = Credit(requests=0.0, at=NOON).earned(per_day=2_400, now=NOON + 9 * DAY)
    assert affordable(credit, per_day=2_400, spent_in_a_day=0, pages=MANY) == 100


def test_a_clock_that_went_back_earns_nothing() -> None:
    credit = Credit(requests=3.0, at=NOON)
    assert credit.earned(per_day=2_400, now=NOON - DAY) == credit


def test_what_was_spent_beyond_the_plan_is_not_spent_again() -> None:
    credit = Credit(requests=50.0, at=NOON)
    assert affordable(credit, per_day=480, spent_in_a_day=475, pages=MANY) == 5
    assert affordable(credit, per_day=480, spent_in_a_day=500, pages=MANY) == 0


def test_no_run_waits_for_more_than_there_are_pages() -> None:
    credit = Credit(requests=0.0, at=NOON).earned(per_day=40_000, now=NOON + MINUTE)
    assert affordable(credit, per_day=40_000, spent_in_a_day=0, pages=MANY) == 0
    assert affordable(credit, per_day=40_000, spent_in_a_day=0, pages=21) == 27


@pytest.mark.parametrize(
    ("per_day", "pages", "gap"),
    [
        (40_000, 21, LEAST_AGE),
        (40_000, 5_000, DAY * 833 / 40_000),
        (20_000, 212, DAY * 212 / 20_000),
        (24, 5_000, timedelta(hours=1)),
        (1_000_000, 50_000, LEAST_AGE),
    ],
)
def test_a_page_is_visited_no_more_often_than_there_are_runs(
    per_day: int, pages: int, gap: timedelta
) -> None:
    assert shortest(per_day=per_day, pages=pages) == gap


def test_few_pages_take_few_requests() -> None:
    assert spendable(pages=21) == 21 * 144
