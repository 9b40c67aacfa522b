"""A small form of the benchmark: what the policy reaches on pages whose rates it has to find out."""

from __future__ import annotations

import random

import pytest

from benchmarks.freshness import RATES, Adaptive, Fixed, Outcome, World, compare, simulate, verdict


def world(name: str, *, pages: int = 400, budget: float = 0.5, days: int = 60) -> World:
    chance = random.Random(11)
    drawn = tuple(RATES[name](chance) for _ in range(pages))
    return World(rates=drawn, days=days, per_day=budget * pages, seed=11)


@pytest.mark.parametrize("name", RATES)
def test_the_policy_comes_near_the_optimum_and_beats_the_others(name: str) -> None:
    outcomes, best = compare(world(name))
    assert verdict(outcomes, best) == []
    assert len({outcome.visits for outcome in outcomes}) == 1
    assert outcomes[1].freshness == pytest.approx(best, rel=0.02)


def test_it_is_the_rates_that_it_learns_that_help(monkeypatch: pytest.MonkeyPatch) -> None:
    known = world("mixed")
    adaptive = simulate(known, Adaptive(len(known.rates), known.per_second))[0]
    monkeypatch.setattr("crawler.policy.refresh.rates.rate", lambda _seen, *, usual: usual)
    ignorant = simulate(known, Adaptive(len(known.rates), known.per_second))[0]
    assert adaptive > ignorant + 0.01


def test_a_policy_that_falls_short_is_told_of() -> None:
    outcomes = [
        Outcome(policy=name, freshness=fresh, visits=1)
        for name, fresh in (("adaptive", 0.5), ("known", 0.8), ("uniform", 0.6), ("proportional", 0.4))
    ]
    assert verdict(outcomes, 0.8) == ["not better than uniform", "below 95% of the optimum"]


def test_pages_that_never_change_stay_fresh_and_the_others_do_not() -> None:
    still = World(rates=(1e-15,), days=21, per_day=1, seed=1)
    busy = World(rates=(10.0,), days=21, per_day=1, seed=1)
    assert simulate(still, Fixed([86_400.0]))[0] == pytest.approx(1.0)
    assert simulate(busy, Fixed([86_400.0]))[0] < 1e-4
