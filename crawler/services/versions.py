"""Lets go of earlier versions of pages that their targets keep no longer, and of bodies that nothing has."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Final

from crawler.models import Target
from crawler.policy import versions as policy
from crawler.stores import snapshots, versions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from crawler.policy.versions import Version

BATCH: Final = 500
"""How many rows a transaction removes: 0.1 s on a busy machine with SQLite."""
BODIES_AT_ONCE: Final = 200
"""How many bodies a transaction removes: SQLite frees all their pages."""
LOOKED_AT: Final = 5_000
TURN_SECONDS: Final = 20.0
"""How long one target is seen to before the others have their turn."""
KEEP_BODIES: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Budget:
    """When work that is done by turns has to stop for now."""

    ends_at: float
    clock: Callable[[], float] = time.monotonic

    @property
    def is_used_up(self) -> bool:
        return self.clock() >= self.ends_at

    def turn(self, seconds: float) -> Budget:
        """Return a part of it."""
        return Budget(min(self.ends_at, self.clock() + seconds), self.clock)


def sweep(*, now: datetime, budget: Budget) -> int:
    """Remove versions that are past their time, target by target in turns; return how many.

    Each transaction removes some hundreds. What the budget does not allow is left for the next call:
    what was removed is not looked at again.
    """
    removed = 0
    waiting = versions.targets()
    while waiting and not budget.is_used_up:
        unfinished = []
        for target in waiting:
            turn = budget.turn(TURN_SECONDS)
            removed += _sweep_target(target, now=now, budget=turn)
            if turn.is_used_up:
                unfinished.append(target)
        waiting = unfinished
    return removed


def sweep_bodies(*, now: datetime, budget: Budget) -> int:
    """Remove stored bodies that no page has any more and had; return how many."""
    removed, place = 0, b""
    while not budget.is_used_up:
        free, last = snapshots.unused(after=place, most=LOOKED_AT)
        for start in range(0, len(free), BODIES_AT_ONCE):
            removed += snapshots.remove(free[start : start + BODIES_AT_ONCE], before=now - KEEP_BODIES)
        if last is None:
            break
        place = last
    return removed


def _sweep_target(target: int, *, now: datetime, budget: Budget) -> int:
    keep = Target.objects.filter(pk=target).values_list("keep", flat=True).first()
    keeping = policy.of(keep)
    removed = _remove(target, policy.worn(versions.by_page(target), keeping, now=now), budget)
    if not budget.is_used_up and keeping.megabytes is not None:
        removed += _remove(target, policy.beyond(versions.by_end(target), keeping), budget)
    return removed


def _remove(target: int, found: Iterator[Version], budget: Budget) -> int:
    removed = 0
    while not budget.is_used_up:
        batch = [version.id for version in islice(found, BATCH)]
        if not batch:
            break
        removed += versions.remove(target, batch)
    return removed
