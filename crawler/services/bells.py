"""Asking for slices: a bell is rung once, and silence of the broker is no trouble."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from kombu.exceptions import OperationalError

from crawler import conf, queue
from crawler.stores import lanes

if TYPE_CHECKING:
    from datetime import datetime

    from crawler.queue import Lane

log = logging.getLogger(__name__)


def ring(lane: Lane, *, now: datetime) -> bool:
    """Ask for a slice of the lane unless one is on its way; the reconciler asks again when this is lost."""
    if not lanes.ring(lane, now=now, lasts=conf.crawl().ring_time):
        return False
    try:
        queue.send_slice(lane)
    except (OperationalError, OSError) as error:
        lanes.unring(lane)
        log.warning(
            "the broker cannot be reached; the reconciler asks again",
            extra={"lane": lane.value, "error": str(error)},
        )
        return False
    return True


def ring_where_due(*, now: datetime) -> int:
    """Ring every lane that has a free host with something due; return how many were rung."""
    return sum(ring(lane, now=now) for lane in lanes.with_work(now=now))
