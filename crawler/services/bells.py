"""Asking for slices: a bell is rung once, and silence of the broker is no trouble."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from kombu.exceptions import OperationalError

from crawler import conf, queue
from crawler.engine.engine import Limits
from crawler.stores import lanes, sharing

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from crawler.queue import Lane

log = logging.getLogger(__name__)
SOONER = 3
SOON = Limits().linger


def ring(lane: Lane, *, now: datetime, lasts: timedelta | None = None) -> bool:
    """Ask for a slice of the lane unless one is on its way; the tick asks again when this is lost.

    An earlier message is taken for lost after `lasts`, or as long as the settings say.
    """
    if not lanes.ring(lane, now=now, lasts=lasts or conf.crawl().ring_time):
        return False
    try:
        queue.send_slice(lane)
    except (OperationalError, OSError) as error:
        lanes.unring(lane)
        log.warning(
            "the broker takes no message; the tick asks again",
            extra={"lane": lane.value, "error": str(error)},
        )
        return False
    return True


def ring_where_due(*, now: datetime) -> int:
    """Ring every lane that has a free host with something due, or due soon; return how many were rung.

    A slice that finds nothing stays for a moment (`SOON`). So a host that was given back for its delay
    need not wait for the tick. While nobody crawls at all, a message that is not answered is taken for
    lost three times as soon.
    """
    waiting = lanes.with_work(now=now + SOON)
    if not waiting:
        return 0
    usual = conf.crawl().ring_time
    lasts = usual if sharing.live_slices() else usual / SOONER
    return sum(ring(lane, now=now, lasts=lasts) for lane in waiting)
