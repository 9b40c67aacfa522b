"""What happens every five seconds: the runs that are due start, and the others are sampled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.services import samples, schedules

if TYPE_CHECKING:
    from datetime import datetime


def tick(*, now: datetime) -> None:
    """Start what is due, and keep a sample of how far the running runs are."""
    schedules.tick(now=now)
    samples.take(now)
