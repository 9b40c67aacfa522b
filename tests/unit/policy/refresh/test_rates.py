"""How often pages are thought to change, by what visits saw."""

from __future__ import annotations

import math
import random

import pytest

from crawler.policy.refresh import rates
from crawler.policy.refresh.rates import Seen, plain_rate, rate, usual_rate

HOUR = 3600.0
DAY = 24 * HOUR


def visits(*intervals: tuple[float, bool]) -> Seen:
    seen = Seen()
    for seconds, changed in intervals:
        seen = seen.after(seconds=seconds, changed=changed)
    return seen


@pytest.fixture
def nothing_fades(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "KEEP", 1.0)


@pytest.mark.usefixtures("nothing_fades")
@pytest.mark.parametrize(("many", "changes"), [(10, 1), (10, 5), (10, 10), (40, 3), (1, 1)])
def test_equal_intervals_give_the_estimator_without_bias(many: int, changes: int) -> None:
    seen = visits(*((DAY, number < changes) for number in range(many)))
    expected = -math.log((many - changes + 0.5) / (many + 0.5)) / DAY
    assert plain_rate(seen) == pytest.approx(expected, rel=1e-4)


def exact(seen: list[tuple[float, bool]]) -> float:
    """Return the root of the likelihood equation with every interval kept, by bisection."""
    changed = [seconds for seconds, has in seen if has]
    still = sum(seconds for seconds, has in seen if not has)
    still += sum(seconds for seconds, _has in seen) / len(seen) / 2
    low, high = 1e-12, 1.0
    for _ in range(200):
        middle = math.sqrt(low * high)
        left = sum(c / math.expm1(middle * c) if middle * c < 700 else 0.0 for c in changed)
        low, high = (middle, high) if left > still else (low, middle)
    return low


@pytest.mark.usefixtures("nothing_fades")
def test_irregular_intervals_give_nearly_what_keeping_each_would() -> None:
    chance = random.Random(4)
    off = []
    for _ in range(400):
        true = 10 ** chance.uniform(-2, 0.7) / DAY
        gaps = [chance.choice((chance.expovariate(1), 1.0, 0.2)) * DAY for _ in range(25)]
        seen = [(gap, chance.random() < -math.expm1(-true * gap)) for gap in gaps]
        if any(changed for _gap, changed in seen):
            off.append(abs(math.log(plain_rate(visits(*seen)) / exact(seen))))
    off.sort()
    assert off[len(off) // 2] < 0.01
    assert off[len(off) * 95 // 100] < 0.12


def test_the_estimate_finds_the_true_rate() -> None:
    chance = random.Random(5)
    for per_day in (0.05, 0.5, 3.0):
        found = []
        for _ in range(60):
            seen = Seen()
            for _visit in range(80):
                gap = chance.uniform(0.2, 1.5) * DAY
                seen = seen.after(seconds=gap, changed=chance.random() < -math.expm1(-per_day / DAY * gap))
            found.append(rate(seen, usual=1 / DAY) * DAY)
        assert sum(found) / len(found) == pytest.approx(per_day, rel=0.25)


def test_a_page_that_never_changed_is_less_and_less_likely_to() -> None:
    estimates = [rate(visits(*[(DAY, False)] * many), usual=1 / DAY) for many in range(5)]
    assert estimates[0] == pytest.approx(1 / DAY)
    assert estimates == sorted(estimates, reverse=True)
    assert estimates[-1] > 0


def test_a_page_that_always_changed_has_a_finite_rate_that_grows_with_the_visits() -> None:
    estimates = [rate(visits(*[(DAY, True)] * many), usual=1 / DAY) for many in (1, 5, 50)]
    assert estimates == sorted(estimates)
    assert estimates[-1] < 10 / DAY


def test_what_is_kept_of_old_visits_fades() -> None:
    busy = visits(*[(HOUR, True)] * 200)
    rested = busy
    for _ in range(300):
        rested = rested.after(seconds=DAY, changed=False)
    assert busy.visits <= 1 / (1 - rates.KEEP)
    assert rate(rested, usual=1 / DAY) < rate(busy, usual=1 / DAY) / 100


@pytest.mark.parametrize("seconds", [0.0, 1e-6, 1e12])
@pytest.mark.parametrize("changed", [True, False])
def test_odd_intervals_give_a_rate_within_bounds(seconds: float, changed: bool) -> None:
    found = rate(visits(*[(seconds, changed)] * 3), usual=1 / DAY)
    assert rates.SLOWEST <= found <= rates.FASTEST


def test_the_usual_rate_is_that_of_the_pages_seen_twice() -> None:
    assert usual_rate([]) == rates.FIRST_BELIEF
    assert usual_rate([Seen()]) == rates.FIRST_BELIEF
    known = visits(*[(DAY, True), (DAY, False)])
    assert usual_rate([known, Seen()]) == pytest.approx(plain_rate(known))


@pytest.mark.parametrize("later", [(), (False,), (True, False, True), (True,) * 60])
@pytest.mark.parametrize("earlier", [(), (True,), (False, True) * 40, (True,) * 1_500])
def test_change_that_was_none_can_be_taken_back_later(
    earlier: tuple[bool, ...], later: tuple[bool, ...]
) -> None:
    before = visits(*((HOUR, changed) for changed in earlier))
    found, wanted = before.after(seconds=DAY, changed=True), before.after(seconds=DAY, changed=False)
    for changed in later:
        found, wanted = (one.after(seconds=HOUR, changed=changed) for one in (found, wanted))
    weight = rates.weight_left(before=before.visits, now=found.visits, is_newest=not later)
    corrected = found.without_change(seconds=DAY, weight=weight)
    for name in Seen.__dataclass_fields__:
        assert getattr(corrected, name) == pytest.approx(getattr(wanted, name), rel=1e-6, abs=1e-3), name
    assert rate(corrected, usual=1 / DAY) == pytest.approx(rate(wanted, usual=1 / DAY), rel=1e-6)


def test_after_very_many_visits_one_that_is_not_the_newest_has_one_after_it() -> None:
    before = visits(*((HOUR, True),) * 4_000)
    assert rates.weight_left(before=before.visits, now=before.visits, is_newest=True) == 1.0
    assert rates.weight_left(before=before.visits, now=before.visits, is_newest=False) == rates.KEEP
