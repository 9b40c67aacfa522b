"""Slices: a worker's pieces of crawling, asked for by a lane's message."""

from __future__ import annotations

import logging
import mmap
from typing import TYPE_CHECKING

from django.db import close_old_connections
from django.utils import timezone

from crawler import runner
from crawler.runner import SliceJob
from crawler.services import bells, runs, vanished
from crawler.stores import lanes, outages, sharing

if TYPE_CHECKING:
    from crawler.engine.engine import Tally
    from crawler.models import Run
    from crawler.queue import Lane

log = logging.getLogger(__name__)

# One byte shared with the pool's children, which are forked after this module is imported.
_stop = mmap.mmap(-1, 1)


def stop_all() -> None:
    """Have every slice of this worker stop claiming; they commit and give back what they hold."""
    _stop[0] = 1


def is_stopping() -> bool:
    return _stop[0] == 1


def advance(*, lane: Lane) -> Tally | None:
    """Crawl for one slice of `lane`, and ask for others where there is work for them."""
    close_old_connections()
    try:
        outages.require_writable()
        now = timezone.now()
        vanished.free_on_this_node(now=now)
        lanes.answer(lane, now=now)
        if sharing.due_hosts(lane.floor, now=now) > sharing.live_slices() + 1:
            bells.ring_where_due(now=now)
        tally = runner.crawl(SliceJob(lane=lane), cannot_read=_cannot_read, stopping=is_stopping)
        bells.ring_where_due(now=timezone.now())  # only the reconciler rings after a slice that failed
        return tally
    finally:
        close_old_connections()


def _cannot_read(run: Run, reason: str) -> None:
    log.error("a run has failed", extra={"run": run.pk, "reason": reason})
    runs.fail(run=run, reason=reason, now=timezone.now())
