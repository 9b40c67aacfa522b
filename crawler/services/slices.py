"""Slices: a worker's pieces of crawling, asked for by a lane's message."""

from __future__ import annotations

import logging
import mmap
from typing import TYPE_CHECKING

from django.db import close_old_connections
from django.utils import timezone

from crawler import runner
from crawler.queue import Lane
from crawler.runner import SliceJob
from crawler.services import bells, runs, vanished
from crawler.stores import lanes, outages, sharing

if TYPE_CHECKING:
    from crawler.engine.engine import Tally
    from crawler.models import Run

log = logging.getLogger(__name__)

_serves_only_urgent = False

# One byte shared with the pool's children, which are forked after this module is imported.
_stop = mmap.mmap(-1, 1)


def stop_all() -> None:
    """Have every slice of this worker stop claiming; they commit and give back what they hold."""
    _stop[0] = 1


def is_stopping() -> bool:
    return _stop[0] == 1


def keep_to_urgent() -> None:
    """Have every slice of this worker leave alone what is not urgent: it serves nothing else.

    Called before the pool's children are forked.
    """
    global _serves_only_urgent  # noqa: PLW0603 - what this process is for
    _serves_only_urgent = True


def advance(*, lane: Lane) -> Tally | None:
    """Crawl for one slice that was asked for in `lane`, and ask for others where there is work for them.

    A worker that serves all lanes takes the most urgent hosts there are, whichever lane asked: if it
    kept to the urgent ones, constant urgent work would leave nobody to do the rest.
    """
    own = lane if lane.floor == 0 or _serves_only_urgent else Lane.DEFAULT
    close_old_connections()
    try:
        outages.require_writable()
        now = timezone.now()
        vanished.free_on_this_node(now=now)
        lanes.answer(lane, takes=own, now=now)
        if sharing.due_hosts(own.floor, now=now) > sharing.sharing_slices(own.floor) + 1:
            bells.ring_where_due(now=now)
        tally = runner.crawl(SliceJob(lane=own), cannot_read=_cannot_read, stopping=is_stopping)
        bells.ring_where_due(now=timezone.now())  # only the reconciler rings after a slice that failed
        return tally
    finally:
        close_old_connections()


def _cannot_read(run: Run, reason: str) -> None:
    log.error("a run has failed", extra={"run": run.pk, "reason": reason})
    runs.fail(run=run, reason=reason, now=timezone.now())
