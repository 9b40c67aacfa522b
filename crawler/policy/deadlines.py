"""How urgent a run becomes as its deadline nears, and when it has met it."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

MOST_URGENT: Final = 9
RELAXED, TIGHT = 4.0, 1.25
"""With so many times the time that the work needs a run is as urgent as it is by itself, or most urgent."""

MARGIN: Final = timedelta(minutes=5)
"""What every run needs beside its fetching: to start, to wait for others, to settle its last pages."""


def needed(*, requests: int, hosts: int, pace: timedelta) -> timedelta:
    """Return how long `requests` take that lie evenly on `hosts`, each of which takes `pace` for one."""
    return pace * math.ceil(requests / max(hosts, 1)) + MARGIN


def wanted(*, own: int, left: timedelta, needs: timedelta) -> int:
    """Return how urgent a run is to be that has `left` for work which `needs` so long.

    Its own priority while there is time enough, then one step after the other up to 9. Once the
    deadline has passed there is nothing left to be in time for: its own again.
    """
    if left <= timedelta(0):
        return own
    part = (RELAXED - left / needs) / (RELAXED - TIGHT)
    steps = MOST_URGENT - own
    return own + min(max(math.ceil(part * steps), 0), steps)


def step(current: int, *, to: int, own: int) -> int:
    """Return the priority that comes next on the way from `current`: one step nearer, never below `own`.

    One step less alone is not taken, so that a run at the edge of two does not go to and fro.
    """
    current = max(current, own)
    if current < to:
        return current + 1
    return current - 1 if current > to + 1 or current > to == own else current


def moved(current: int, *, before: int, own: int, to: int) -> int:
    """Return how urgent a run is at once whose own priority a person moves from `before` to `own`.

    What its deadline makes of it, `to`, and no less than now unless the person wants less.
    """
    return max(current, to) if own >= before else to


def met(deadline: datetime, *, ended_at: datetime, complete: bool, cancelled: bool) -> bool | None:
    """Return whether a run that has ended met its deadline: complete, and in time.

    None for one that was cancelled in time: nobody waits for it any more.
    """
    in_time = ended_at <= deadline
    return None if cancelled and in_time else complete and in_time
