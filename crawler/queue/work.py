"""Every kind of background work by name, the queues it travels in, and who serves them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Work(StrEnum):
    """The name of each Celery task; `crawler/tasks.py` has one task for each."""

    CRAWL_SLICE = "crawl.slice"
    PREVIEW = "crawl.preview"
    LOG_IN = "crawl.log_in"
    TICK = "schedules.tick"
    WATCH = "freshness.watch"
    REFRESH = "refresh.tick"
    RECONCILE = "crawl.reconcile"
    DELIVER = "outbox.deliver"
    WEBHOOKS = "webhooks.send"
    CLEAN_UP = "retention.clean_up"
    SETTLE_RUN = "runs.settle"
    REPORT_RUN = "runs.report"
    INDEX = "search.index"
    REPLAY = "replays.advance"
    REPAIR = "repairs.advance"
    COMPARE = "items.compare"
    JUDGE = "pages.judge"


class Queue(StrEnum):
    """A Celery queue. The first three are the lanes of crawling."""

    URGENT = "urgent"
    DEFAULT = "default"
    BULK = "bulk"
    PREVIEW = "preview"
    CONTROL = "control"
    JOBS = "jobs"


class Lane(StrEnum):
    """Which queue a run's slices travel in."""

    URGENT = "urgent"
    DEFAULT = "default"
    BULK = "bulk"

    @property
    def floor(self) -> int:
        """The least priority a slice of this lane leases hosts for.

        Only the urgent lane has one: every other slice takes the most urgent host there is,
        so a default slice that meets nothing but bulk work does the bulk work.
        """
        return URGENT_FLOOR if self is Lane.URGENT else 0


URGENT_FLOOR = 8
DEFAULT_FLOOR = 3
MOST_URGENT = 9


def lane_for(priority: int) -> Lane:
    """Return the lane of a run with `priority` (0 to 9, 9 is the most urgent)."""
    if priority >= URGENT_FLOOR:
        return Lane.URGENT
    return Lane.DEFAULT if priority >= DEFAULT_FLOOR else Lane.BULK


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerKind:
    """One kind of worker process: its name and the queues it serves, first served first."""

    name: str
    queues: tuple[Queue, ...]


WORKERS = (
    WorkerKind(name="worker", queues=(Queue.URGENT, Queue.DEFAULT, Queue.BULK)),
    WorkerKind(name="worker-urgent", queues=(Queue.URGENT,)),
    WorkerKind(name="worker-control", queues=(Queue.PREVIEW, Queue.CONTROL)),
    WorkerKind(name="worker-jobs", queues=(Queue.JOBS,)),
)

QUEUE_OF = {
    Work.PREVIEW: Queue.PREVIEW,
    Work.LOG_IN: Queue.PREVIEW,
    Work.TICK: Queue.CONTROL,
    Work.WATCH: Queue.CONTROL,
    Work.RECONCILE: Queue.CONTROL,
    Work.DELIVER: Queue.CONTROL,
    Work.REFRESH: Queue.JOBS,
    Work.WEBHOOKS: Queue.JOBS,
    Work.SETTLE_RUN: Queue.JOBS,
    Work.CLEAN_UP: Queue.JOBS,
    Work.REPORT_RUN: Queue.JOBS,
    Work.INDEX: Queue.JOBS,
    Work.REPLAY: Queue.JOBS,
    Work.REPAIR: Queue.JOBS,
    Work.COMPARE: Queue.JOBS,
    Work.JUDGE: Queue.JOBS,
}


PRIORITY_OF = {Work.PREVIEW: MOST_URGENT}
"""How urgent each kind of work is, where it is not 5: somebody waits for it."""
