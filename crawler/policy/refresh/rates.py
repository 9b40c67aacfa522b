"""How often a page changes, from visits that only saw whether it had.

The estimator is the maximum-likelihood one of Cho and Garcia-Molina ("Estimating frequency of
change", ACM TOIT 2003, section 5) for visits at irregular intervals. A page that changes as a
Poisson process of rate r, found changed after the intervals c and unchanged after the intervals u,
has the r that solves

    sum of c / (exp(r c) - 1)  =  sum of u

Of the intervals after which a page had changed, the left side needs each one. What is kept of them
is their number, their sum and the sum of their squares: the left side is expanded around their mean
to the second order, which is exact when they are equal.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

KEEP: Final = 0.99
"""What is left of a visit's weight after the next one: about the last hundred visits count."""

BELIEF: Final = 0.5
"""How many changes the belief in what is usual for the target counts as."""

FIRST_BELIEF: Final = 1 / (7 * 86_400.0)
"""The usual rate of a target none of whose pages was visited twice: once a week."""

SLOWEST: Final = 1 / (10 * 365 * 86_400.0)
FASTEST: Final = 1.0
"""The bounds of a rate, in changes a second: once in ten years, and once a second."""

MOST_VISITS: Final = 1 / (1 - KEEP)
"""What the weights of all visits add up to in the end."""

_STEPS: Final = 30
_CLOSE: Final = 1e-6
_NONE: Final = 1e-6
_NEAR: Final = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the visits of one page saw, older ones with less weight; enough to estimate its rate.

    A visit here is one that had an earlier one to compare with.
    """

    visits: float = 0.0
    changes: float = 0.0
    unchanged_seconds: float = 0.0
    changed_seconds: float = 0.0
    changed_squares: float = 0.0

    def after(self, *, seconds: float, changed: bool) -> Seen:
        """Return what is known after one more visit, `seconds` after the one before."""
        here, there = (seconds, 0.0) if changed else (0.0, seconds)
        return Seen(
            visits=self.visits * KEEP + 1,
            changes=self.changes * KEEP + changed,
            unchanged_seconds=self.unchanged_seconds * KEEP + there,
            changed_seconds=self.changed_seconds * KEEP + here,
            changed_squares=self.changed_squares * KEEP + here * here,
        )

    def without_change(self, *, seconds: float, weight: float) -> Seen:
        """Return what is known where a visit `seconds` after the one before had seen no change after all.

        `weight` is what is left of that visit's (`weight_left`).
        """
        changes = self.changes - weight
        still = self.unchanged_seconds + weight * seconds
        if changes < _NONE:
            return Seen(visits=self.visits, unchanged_seconds=still)
        return Seen(
            visits=self.visits,
            changes=changes,
            unchanged_seconds=still,
            changed_seconds=max(0.0, self.changed_seconds - weight * seconds),
            changed_squares=max(0.0, self.changed_squares - weight * seconds * seconds),
        )


def weight_left(*, before: float, now: float, is_newest: bool) -> float:
    """Return what is left of the weight of a visit; `before` and `now` are `visits` before it and now.

    Each visit brings their sum nearer to `MOST_VISITS` by the part that it takes from the weight of those
    before. After two thousand it is too near to tell how many came since: none where the visit `is_newest`,
    else it is taken for one.
    """
    then = MOST_VISITS - (before * KEEP + 1)
    if then < _NEAR:
        return 1.0 if is_newest else KEEP
    return min(1.0, max(0.0, (MOST_VISITS - now) / then))


def rate(seen: Seen, *, usual: float) -> float:
    """Return the estimated changes a second of a page on a target whose pages change at the `usual` rate.

    Half an unchanged visit is added to what was seen: with equal intervals this is Cho and
    Garcia-Molina's estimator without bias, which stays finite when every visit saw a change. The
    belief that the page is like the others keeps it above zero when none did.
    """
    if seen.changes <= 0 or seen.changed_seconds <= 0:
        return _bounded(BELIEF / (seen.unchanged_seconds + BELIEF / usual))
    return _solved(seen, doubt=BELIEF, pause=BELIEF / usual)


def plain_rate(seen: Seen) -> float:
    """Return the rate by what was seen alone: zero for a page that no visit saw changed."""
    if seen.changes <= 0 or seen.changed_seconds <= 0:
        return 0.0
    return _solved(seen, doubt=0.0, pause=0.0)


def _solved(seen: Seen, *, doubt: float, pause: float) -> float:
    """Solve the likelihood equation by Newton's method in the logarithm of the rate."""
    mean = seen.changed_seconds / seen.changes
    spread = max(0.0, seen.changed_squares / seen.changes / (mean * mean) - 1)
    half_a_visit = (seen.unchanged_seconds + seen.changed_seconds) / seen.visits / 2
    still = seen.unchanged_seconds + half_a_visit + pause
    found = math.log(1 + seen.changed_seconds / still) / mean
    low, high = SLOWEST, FASTEST
    for _ in range(_STEPS):
        excess = doubt / found + seen.changes / found * _expected(found * mean, spread) - still
        low, high = (found, high) if excess > 0 else (low, found)
        # the left side falls about as 1 / rate, and faster beyond one change an interval
        better = found * math.exp(excess / (still + excess) if excess > 0 else excess / still)
        if not low < better < high:
            better = math.sqrt(low * high)
        if abs(better - found) < _CLOSE * found:
            break
        found = better
    return _bounded(found)


def _expected(x: float, spread: float) -> float:
    """Return the mean of x / (exp(x) - 1) over intervals of mean `x` and variance `spread` x squared."""
    if x > 50:
        return 0.0
    if x < 1e-4:
        return 1 - x / 2
    e = math.expm1(x)
    second = (e + 1) * (x * (e + 2) - 2 * e) / (e * e * e)
    return x / e + x * x * spread * second / 2


def _bounded(found: float) -> float:
    return min(max(found, SLOWEST), FASTEST)


def usual_rate(pages: Iterable[Seen]) -> float:
    """Return how often pages of a target change on average, by what their visits saw."""
    found = [plain_rate(seen) for seen in pages if seen.visits]
    return _bounded(sum(found) / len(found)) if found else FIRST_BELIEF
