"""How fresh pages stay that are revisited on a budget, beside what else could be done with it.

    ./run bench freshness [--pages N] [--days N] [--budget X] [--rates NAME] [--seed N] [--json FILE]

Simulates pages that change as Poisson processes, whose rates nobody knows, and lets the policy of
adaptive refresh (`crawler/policy/refresh/`) spend its budget on them: what a visit sees is only
whether the page has changed since the one before. The mean freshness, after the first days, stands
beside that of uniform visits, of visits in proportion to the true rates, and of the optimum by the
true rates, all with the same number of visits.
"""

from __future__ import annotations

import argparse
import heapq
import json
import math
import random
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.policy.refresh import allocation, rates
from crawler.policy.refresh.rates import Seen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

DAY = 86_400.0
TICK = DAY / 48
WARM_UP_DAYS = 20
WANTED = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What is simulated: the pages' true changes a second, for how long, and the visits a day."""

    rates: tuple[float, ...]
    days: int
    per_day: float
    seed: int

    @property
    def per_second(self) -> float:
        return self.per_day / DAY


@dataclass(slots=True)
class Pages:
    """Pages in the course of time: when each was visited last, and when it changed first after that.

    A page has no memory, so its next change is drawn anew at each visit. `fresh_seconds` adds up
    how long pages were as they had been seen, after the warm-up.
    """

    world: World
    chance: random.Random
    visited: list[float] = field(init=False)
    changes: list[float] = field(init=False)
    fresh_seconds: float = 0.0
    visits: int = 0

    def __post_init__(self) -> None:
        self.visited = [0.0] * len(self.world.rates)
        self.changes = [self.chance.expovariate(rate) for rate in self.world.rates]

    def visit(self, page: int, at: float) -> tuple[float, bool]:
        """Visit a page; return how long after the visit before, and whether it had changed since."""
        before, change = self.visited[page], self.changes[page]
        self._add(before, min(change, at))
        self.visited[page] = at
        self.visits += 1
        if change < at:
            self.changes[page] = at + self.chance.expovariate(self.world.rates[page])
        return at - before, change < at

    def freshness(self) -> float:
        """Return the mean freshness from the end of the warm-up to the end of the days."""
        end = self.world.days * DAY
        for before, change in zip(self.visited, self.changes, strict=True):
            self._add(before, min(change, end))
        return self.fresh_seconds / (len(self.visited) * (end - WARM_UP_DAYS * DAY))

    def _add(self, since: float, until: float) -> None:
        self.fresh_seconds += max(0.0, until - max(since, WARM_UP_DAYS * DAY))


class Adaptive:
    """The policy under test: estimates rates from visits, plans once a day, and asks what is due first."""

    def __init__(self, pages: int, per_second: float) -> None:
        self._seen = [Seen()] * pages
        self._per_second = per_second
        self._usual = rates.usual_rate(())
        self._policy = allocation.plan((), per_second=0)

    def learn(self, page: int, seconds: float, *, changed: bool) -> float:
        """Take in what a visit saw; return after how long the page is to be asked again."""
        self._seen[page] = self._seen[page].after(seconds=seconds, changed=changed)
        return self._policy.interval(rates.rate(self._seen[page], usual=self._usual))

    def plan(self) -> list[float]:
        """Plan anew by all that was seen; return each page's interval."""
        self._usual = rates.usual_rate(self._seen)
        found = [rates.rate(seen, usual=self._usual) for seen in self._seen]
        self._policy = allocation.plan(found, per_second=self._per_second)
        return [self._policy.interval(rate) for rate in found]


class Fixed:
    """Visits at intervals that are known from the start and never change."""

    def __init__(self, intervals: Sequence[float]) -> None:
        self._intervals = list(intervals)

    def learn(self, page: int, _seconds: float, *, changed: bool) -> float:
        del changed
        return self._intervals[page]

    def plan(self) -> list[float]:
        return self._intervals


def simulate(world: World, policy: Adaptive | Fixed) -> tuple[float, int]:
    """Return the mean freshness under `policy`, and how many visits it took.

    Every half hour what was earned meanwhile is spent on the pages that are due first.
    """
    pages = Pages(world=world, chance=random.Random(world.seed))
    due: list[tuple[float, int]] = []
    credit, ticks_a_day = 0.0, round(DAY / TICK)
    for tick in range(world.days * ticks_a_day):
        if tick % ticks_a_day == 0:
            gaps = zip(pages.visited, policy.plan(), strict=True)
            due = [(last + gap, page) for page, (last, gap) in enumerate(gaps)]
            heapq.heapify(due)
        credit += world.per_second * TICK
        batch = [heapq.heappop(due)[1] for _ in range(min(int(credit), len(due)))]
        credit -= len(batch)
        for place, page in enumerate(batch):
            at = TICK * (tick + place / len(batch))
            seconds, changed = pages.visit(page, at)
            heapq.heappush(due, (at + policy.learn(page, seconds, changed=changed), page))
    return pages.freshness(), pages.visits


def optimum(known: Sequence[float], per_second: float) -> tuple[float, list[float]]:
    """Return the best mean freshness that visits at even intervals can reach, and those intervals.

    Found by bisection over the exact values, apart from the policy's own planning.
    """
    low, high = 0.0, max(1 / rate for rate in known)
    intervals: list[float] = []
    for _ in range(50):
        middle = (low + high) / 2
        intervals = [allocation.worth_after(rate, middle) for rate in known]
        low, high = (middle, high) if sum(1 / gap for gap in intervals) > per_second else (low, middle)
    reached = sum(
        allocation.freshness(rate, gap) if gap < math.inf else 0.0
        for rate, gap in zip(known, intervals, strict=True)
    )
    return reached / len(known), intervals


def log_normal(chance: random.Random) -> float:
    """Return a rate: half of the pages change less than once in two weeks, one in twenty twice a day."""
    return math.exp(chance.gauss(math.log(1 / (14 * DAY)), 2))


def mixed(chance: random.Random) -> float:
    """Return a rate of four kinds of pages: hourly to daily, daily to weekly, monthly, hardly ever."""
    kind = chance.random()
    if kind < 0.1:
        return chance.uniform(1, 24) / DAY
    days = (1, 10) if kind < 0.4 else (10, 120) if kind < 0.8 else (120, 1_500)
    return 1 / (chance.uniform(*days) * DAY)


RATES: dict[str, Callable[[random.Random], float]] = {"log-normal": log_normal, "mixed": mixed}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One policy's mean freshness, and the visits it took."""

    policy: str
    freshness: float
    visits: int


def compare(world: World) -> tuple[list[Outcome], float]:
    """Return what each policy reached, the one under test first, and the optimum that none can beat."""
    best, intervals = optimum(world.rates, world.per_second)
    pages, per_second = len(world.rates), world.per_second
    proportional = [sum(world.rates) / per_second / rate for rate in world.rates]
    tried: dict[str, Adaptive | Fixed] = {
        "adaptive": Adaptive(pages, per_second),
        "optimum by the true rates, simulated": Fixed(intervals),
        "uniform": Fixed([pages / per_second] * pages),
        "in proportion to the true rates": Fixed(proportional),
    }
    outcomes = []
    for name, policy in tried.items():
        reached, visits = simulate(world, policy)
        outcomes.append(Outcome(policy=name, freshness=reached, visits=visits))
    return outcomes, best


def verdict(outcomes: Sequence[Outcome], best: float) -> list[str]:
    """Return what the policy under test did not reach."""
    adaptive = outcomes[0]
    others = {outcome.policy: outcome.freshness for outcome in outcomes[2:]}
    problems = [
        f"not better than {name}" for name, reached in others.items() if adaptive.freshness <= reached
    ]
    if adaptive.freshness < WANTED * best:
        problems.append(f"below {WANTED:.0%} of the optimum")
    return problems


def table(outcomes: Sequence[Outcome], best: float) -> str:
    rows = [("optimum by the true rates, calculated", best, "")]
    rows += [(outcome.policy, outcome.freshness, f"{outcome.visits:,}") for outcome in outcomes]
    lines = [f"{'policy':<40} {'mean freshness':>14} {'of the optimum':>14} {'visits':>9}"]
    lines += [f"{name:<40} {fresh:>14.4f} {fresh / best:>14.1%} {visits:>9}" for name, fresh, visits in rows]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="./run bench freshness", description="Measure adaptive refresh.")
    parser.add_argument("--pages", type=int, default=10_000, help="default: %(default)s")
    parser.add_argument("--days", type=int, default=60, help="default: %(default)s")
    parser.add_argument(
        "--budget", type=float, default=0.25, help="visits a page and day (default: %(default)s)"
    )
    parser.add_argument("--rates", choices=RATES, default="log-normal", help="how rates are distributed")
    parser.add_argument("--seed", type=int, default=1, help="default: %(default)s")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    asked = parser.parse_args()
    if asked.days <= WARM_UP_DAYS:
        parser.error(f"--days must be more than the {WARM_UP_DAYS} that are not counted")
    began = time.monotonic()
    chance = random.Random(asked.seed)
    drawn = tuple(RATES[asked.rates](chance) for _ in range(asked.pages))
    world = World(rates=drawn, days=asked.days, per_day=asked.budget * asked.pages, seed=asked.seed)
    print(
        f"{asked.pages:,} pages, {asked.rates} rates, {world.per_day:,.0f} visits a day, "
        f"days {WARM_UP_DAYS} to {asked.days}",
        flush=True,
    )
    outcomes, best = compare(world)
    print(table(outcomes, best))
    print(f"{time.monotonic() - began:.0f} s")
    problems = verdict(outcomes, best)
    if asked.json:
        figures = {"optimum": best, "policies": [asdict(one) for one in outcomes], "problems": problems}
        asked.json.write_text(json.dumps(vars(asked) | figures, default=str, indent=2) + "\n")
    for problem in problems:
        print(f"PROBLEM: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
