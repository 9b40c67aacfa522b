"""When each page is worth asking again, so that a budget of requests keeps most pages fresh.

A page that changes at rate r and is asked at equal intervals of t seconds is fresh for the part
(1 - exp(-r t)) / (r t) of the time. What one more request a second to it would add is its *value*,

    (1 - exp(-r t) (1 + r t)) / r

and the best that a budget can do is to ask each page whenever its value reaches one threshold, the
same for all: a continuous threshold policy (Azar, Horvitz, Lubetzky, Peres and Shahaf, "Tractable
near-optimal policies for crawling", PNAS 2018). The value never exceeds 1 / r: pages that change
faster than the threshold allows are not worth their requests.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

LOOK_AGAIN: Final = 8.0
"""A page that is not worth its requests is still asked once in so many times the average interval.

Rates are estimates: what was seen to change too fast may have come to rest.
"""

LONGEST_SECONDS: Final = 90 * 86_400.0
BINS_AN_E: Final = 20
_STEPS: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """At which value a page is asked again, and after how long at the soonest and at the latest."""

    threshold_seconds: float
    longest_seconds: float
    shortest_seconds: float = 0.0

    def interval(self, rate: float) -> float:
        """Return after how many seconds a page that changes `rate` times a second is to be asked again."""
        wanted = min(worth_after(rate, self.threshold_seconds), self.longest_seconds)
        return max(wanted, self.shortest_seconds)


def value(rate: float, elapsed_seconds: float) -> float:
    """Return what asking a page is worth, `elapsed_seconds` after it was asked; it grows up to 1 / rate."""
    return _gain(rate * elapsed_seconds) / rate


def worth_after(rate: float, threshold_seconds: float) -> float:
    """Return after how many seconds a page is worth `threshold_seconds`; infinite when it never is."""
    wanted = threshold_seconds * rate
    return _inverse(wanted) / rate if wanted < 1 else math.inf


def freshness(rate: float, interval_seconds: float) -> float:
    """Return which part of the time a page is fresh that is asked every `interval_seconds`."""
    x = rate * interval_seconds
    return -math.expm1(-x) / x if x > 0 else 1.0


def plan(rates: Iterable[float], *, per_second: float, shortest_seconds: float = 0.0) -> Policy:
    """Return the policy that spends `per_second` requests on pages that change at `rates`.

    It spends less where asking every page as often as it may be does not take that many.
    It holds one number for each twentieth of an e-fold of rates, however many pages there are.
    """
    bins = _binned(rates)
    pages = sum(count for _rate, count in bins)
    if not pages or per_second <= 0:
        return Policy(threshold_seconds=math.inf, longest_seconds=LONGEST_SECONDS)
    longest = min(LOOK_AGAIN * pages / per_second, LONGEST_SECONDS)
    low, high = 1e-9, max(1 / rate for rate, _count in bins)
    for _ in range(_STEPS):
        middle = math.sqrt(low * high)
        tried = Policy(threshold_seconds=middle, longest_seconds=longest, shortest_seconds=shortest_seconds)
        asked = sum(count / tried.interval(rate) for rate, count in bins)
        low, high = (middle, high) if asked > per_second else (low, middle)
    return Policy(threshold_seconds=high, longest_seconds=longest, shortest_seconds=shortest_seconds)


def _binned(rates: Iterable[float]) -> list[tuple[float, int]]:
    """Return rates that stand for those near them, with how many each stands for."""
    sums: dict[int, float] = defaultdict(float)
    counts: dict[int, int] = defaultdict(int)
    for rate in rates:
        place = round(math.log(rate) * BINS_AN_E)
        sums[place] += rate
        counts[place] += 1
    return [(sums[place] / counts[place], counts[place]) for place in sums]


def _gain(x: float) -> float:
    """Return 1 - exp(-x) (1 + x), which grows from 0 to 1."""
    return x * x / 2 - x * x * x / 3 if x < 1e-4 else -math.expm1(-x) - x * math.exp(-x)


def _inverse(gain: float) -> float:
    """Return the x whose `_gain` is `gain`, from a table; relative error about a thousandth."""
    if gain < _GAINS[0]:
        return math.sqrt(2 * gain)
    place = min(bisect_left(_GAINS, gain), len(_GAINS) - 1)
    before, after = _GAINS[place - 1], _GAINS[place]
    share = (gain - before) / (after - before) if place and after > before else 0.0
    return _XS[max(place - 1, 0)] + share * (_XS[place] - _XS[max(place - 1, 0)])


_XS: Final = tuple(math.exp(step / 50) for step in range(-350, 180))
_GAINS: Final = tuple(_gain(x) for x in _XS)
