"""What happens every five seconds: the runs that are due start, the others are sampled, lanes are rung."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.services import bells, samples, schedules

if TYPE_CHECKING:
    from datetime import datetime


def tick(*, now: datetime) -> None:
    """Start what is due, ring where work waits, and keep a sample of how far the running runs are."""
    schedules.tick(now=now)
    bells.ring_where_due(now=now)
    samples.take(now)
