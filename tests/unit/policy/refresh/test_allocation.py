"""Which pages a budget is spent on."""

from __future__ import annotations

import math
import random

import pytest

from crawler.policy.refresh import allocation
from crawler.policy.refresh.allocation import LOOK_AGAIN, freshness, plan, value, worth_after

DAY = 86_400.0


def some_rates(many: int = 2_000) -> list[float]:
    chance = random.Random(3)
    return [math.exp(chance.gauss(math.log(1 / (14 * DAY)), 2)) for _ in range(many)]


def test_value_is_what_one_more_visit_adds() -> None:
    rate, interval, step = 0.3 / DAY, 4 * DAY, 1e-4
    often = freshness(rate, interval / (1 + step))
    gained = (often - freshness(rate, interval)) / (step / interval)
    assert value(rate, interval) == pytest.approx(gained, rel=1e-3)


@pytest.mark.parametrize("rate", [1e-9, 1e-6, 1e-4])
@pytest.mark.parametrize("share", [1e-9, 1e-4, 0.1, 0.9, 0.999])
def test_a_page_is_asked_when_it_is_worth_it(rate: float, share: float) -> None:
    assert value(rate, worth_after(rate, share / rate)) == pytest.approx(share / rate, rel=5e-3)


def test_a_page_that_changes_faster_than_can_be_followed_is_never_worth_it() -> None:
    assert worth_after(2 / DAY, DAY) == math.inf


@pytest.mark.parametrize("per_page_a_day", [0.05, 0.5, 5.0])
def test_the_policy_spends_the_budget(per_page_a_day: float) -> None:
    rates = some_rates()
    per_second = per_page_a_day * len(rates) / DAY
    policy = plan(rates, per_second=per_second)
    assert sum(1 / policy.interval(rate) for rate in rates) == pytest.approx(per_second, rel=0.01)


def test_no_shift_between_two_pages_buys_more() -> None:
    rates = some_rates(200)
    policy = plan(rates, per_second=20 / DAY)
    asked = [rate for rate in rates if policy.interval(rate) < policy.longest_seconds]
    values = [value(rate, policy.interval(rate)) for rate in asked]
    assert max(values) == pytest.approx(min(values), rel=0.01)
    forgone = [1 / rate for rate in rates if worth_after(rate, policy.threshold_seconds) == math.inf]
    assert forgone
    assert max(forgone) <= min(values) * 1.01


def test_it_beats_uniform_and_proportional_visits() -> None:
    rates = some_rates()
    per_second = 0.3 * len(rates) / DAY
    policy = plan(rates, per_second=per_second)
    ours = sum(freshness(rate, policy.interval(rate)) for rate in rates)
    uniform = sum(freshness(rate, len(rates) / per_second) for rate in rates)
    proportional = len(rates) * freshness(1.0, sum(rates) / per_second)
    assert ours > uniform > proportional


def test_what_is_not_worth_it_is_still_looked_at_now_and_then() -> None:
    rates = [1.0] * 10 + [1e-6] * 90
    policy = plan(rates, per_second=100 / DAY)
    assert policy.interval(1.0) == LOOK_AGAIN * DAY


@pytest.mark.parametrize("per_page_a_day", [5.0, 50.0])
def test_no_page_is_asked_sooner_than_allowed_and_the_rest_goes_to_others(per_page_a_day: float) -> None:
    rates, shortest = some_rates(), DAY / 10
    per_second = per_page_a_day * len(rates) / DAY
    policy = plan(rates, per_second=per_second, shortest_seconds=shortest)
    assert min(policy.interval(rate) for rate in rates) == shortest
    spent = sum(1 / policy.interval(rate) for rate in rates)
    assert spent == pytest.approx(min(per_second, len(rates) / shortest), rel=0.01)


def test_nothing_to_plan_is_asked_once_in_a_long_while() -> None:
    for policy in (plan([], per_second=1.0), plan([1e-6], per_second=0.0)):
        assert policy.interval(1e-6) == allocation.LONGEST_SECONDS
