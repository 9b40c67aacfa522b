"""Lets go of earlier versions of pages that their targets keep no longer, and of bodies that nothing has."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.db import transaction

from crawler.models import Target
from crawler.policy import sweeping
from crawler.policy import versions as policy
from crawler.policy.sweeping import Bounds, Place
from crawler.stores import snapshots, sql, sweeps, versions

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from crawler.policy.versions import Keeping

BOUNDS: Final = Bounds(looked_at=2_000, removed=500)
"""What a transaction does: 0.1 s on a busy machine with SQLite."""
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

    A look at a target's versions goes on where the last one stopped. Targets that were seen to longest
    ago come first, so that each is reached however much the others have.
    """
    removed = 0
    waiting = sweeps.longest_ago(versions.targets())
    while waiting and not budget.is_used_up:
        unfinished = []
        for target in waiting:
            turn = budget.turn(TURN_SECONDS)
            gone, is_done = _sweep_target(target, now=now, budget=turn)
            removed += gone
            if not is_done:
                unfinished.append(target)
        waiting = unfinished
    return removed


def sweep_bodies(*, now: datetime, budget: Budget) -> int:
    """Remove stored bodies that no page has any more and had, from where this stopped; return how many."""
    removed = 0
    with transaction.atomic():
        place = bytes.fromhex(sweeps.lock(sweeps.BODIES, now=now).get("after", ""))
    while not budget.is_used_up:
        free, last = snapshots.unused(after=place, most=LOOKED_AT)
        for start in range(0, len(free), BODIES_AT_ONCE):
            removed += snapshots.remove(free[start : start + BODIES_AT_ONCE], before=now - KEEP_BODIES)
        sweeps.keep(sweeps.BODIES, {"after": last.hex()} if last is not None else {}, now=now)
        if last is None:
            break
        place = last
    return removed


def _sweep_target(target: int, *, now: datetime, budget: Budget) -> tuple[int, bool]:
    """Go on until the budget is used up or all was looked at; return how many left, and whether it was."""
    keep = Target.objects.filter(pk=target).values_list("keep", flat=True).first()
    keeping = policy.of(keep)
    removed = 0
    while not budget.is_used_up:
        count, is_last = sql.atomically(lambda: _step(target, keeping, now))
        removed += count
        if is_last:
            return removed, True
    return removed, False


def _step(target: int, keeping: Keeping, now: datetime) -> tuple[int, bool]:
    """Look at the next versions and remove those that leave, in the caller's transaction."""
    name = sweeps.of_versions(target)
    place = Place.read(sweeps.lock(name, now=now))
    found = versions.after(target, place, most=BOUNDS.looked_at)
    step = sweeping.step(place, found, keeping, bounds=BOUNDS, now=now)
    removed = versions.remove(target, step.gone)
    sweeps.keep(name, step.place.stored(), now=now)
    return removed, step.is_last
