"""What happens every five seconds: the runs that are due start, the others are sampled, lanes are rung."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.queue import Work
from crawler.services import bells, deadlines, samples, schedules
from crawler.stores import sweeps

if TYPE_CHECKING:
    from datetime import datetime


def tick(*, now: datetime) -> None:
    """Start what is due, press what has a deadline, ring where work waits, and sample how far runs are."""
    schedules.tick(now=now)
    deadlines.watch(now=now)
    bells.ring_where_due(now=now)
    samples.take(now)
    sweeps.note_ran(Work.TICK, now=now)
