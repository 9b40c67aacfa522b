"""Every kind of background work by name, the queues it travels in, and who serves them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import kombu
from celery import current_app
from kombu.exceptions import KombuError

if TYPE_CHECKING:
    from collections.abc import Iterable


class Work(StrEnum):
    """The name of each Celery task; `crawler/tasks.py` has one task for each."""

    CRAWL_SLICE = "crawl.slice"
    PREVIEW = "crawl.preview"
    TICK = "schedules.tick"
    WATCH = "freshness.watch"
    REFRESH = "refresh.tick"
    RECONCILE = "crawl.reconcile"
    DELIVER = "outbox.deliver"
    CLEAN_UP = "retention.clean_up"
    SETTLE_RUN = "runs.settle"
    REPORT_RUN = "runs.report"


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
ANSWERS_WITHIN_SECONDS = 2


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
    Work.TICK: Queue.CONTROL,
    Work.WATCH: Queue.CONTROL,
    Work.RECONCILE: Queue.CONTROL,
    Work.DELIVER: Queue.CONTROL,
    Work.REFRESH: Queue.JOBS,
    Work.SETTLE_RUN: Queue.JOBS,
    Work.CLEAN_UP: Queue.JOBS,
    Work.REPORT_RUN: Queue.JOBS,
}


PRIORITY_OF = {Work.PREVIEW: MOST_URGENT}
"""How urgent each kind of work is, where it is not 5: somebody waits for it."""


AMQP: Final = frozenset({"amqp", "amqps", "pyamqp"})
CONFIRMED_WITHIN_SECONDS: Final = 4
AT_ONCE_AGAIN: Final = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}
"""How often asking is tried again: a connection that idled may be gone, and nobody waits for a broker."""


def broker_priority(priority: int, *, transport: str) -> int:
    """Translate our priority (9 is the most urgent) into the broker's.

    Kombu's Redis transport serves 0 first; RabbitMQ serves 9 first.
    """
    return priority if transport in AMQP else MOST_URGENT - priority


TAKEN_WITHIN: Final = timedelta(seconds=150)
"""How long a message may ask for a slice: others are sent while no worker takes it, and would pile up."""

LANES: Final = "lanes"
_ON_RABBITMQ: Final = {
    Queue.URGENT: (LANES, Queue.URGENT.value),
    Queue.DEFAULT: (LANES,),
    Queue.BULK: (LANES,),
}
DECLARED_ON_RABBITMQ: Final = (
    kombu.Queue(LANES, exchange=kombu.Exchange(LANES), routing_key=LANES, max_priority=10),
)
"""What RabbitMQ must know of before: a queue cannot be made one with priorities afterwards."""


def sent_to(queue: Queue, *, transport: str) -> tuple[str, ...]:
    """Return the names of the broker's queues that a message for `queue` is put on.

    On Redis a worker serves its queues in their order. RabbitMQ gives a worker that serves several
    a message of any: what is to come in order of urgency lies in one queue there, which sorts it by
    priority. Urgent slices lie in a second one as well, for `worker-urgent`: who comes later finds
    less to do, and nothing else.
    """
    return _ON_RABBITMQ.get(queue, (queue.value,)) if transport in AMQP else (queue.value,)


def taken_from(queues: Iterable[Queue], *, transport: str) -> tuple[str, ...]:
    """Return the names of the broker's queues that a worker takes from which serves `queues`."""
    places = dict.fromkeys(sent_to(queue, transport=transport)[-1] for queue in queues)
    if LANES in places:
        places.pop(Queue.URGENT.value, None)  # urgent slices are among them
    return tuple(places)


def send(
    work: Work,
    *,
    queue: Queue | None = None,
    priority: int | None = None,
    task_id: str | None = None,
    expires: timedelta | None = None,
    **kwargs: Any,
) -> None:
    """Put `work` on its queue; raises `kombu.exceptions.OperationalError` when the broker is away.

    A worker that takes the message when it has `expires` throws it away.

    Only the queue is named: a message sent with an exchange of its own is lost for good once
    the broker was emptied, because the binding is gone.
    """
    transport = transport_of(str(current_app.conf.broker_url or ""))
    patience = current_app.conf.broker_transport_options.get("read_timeout", CONFIRMED_WITHIN_SECONDS)
    for place in sent_to(queue or QUEUE_OF[work], transport=transport):
        current_app.send_task(
            work.value,
            kwargs=kwargs,
            queue=place,
            priority=broker_priority(
                PRIORITY_OF.get(work, 5) if priority is None else priority, transport=transport
            ),
            task_id=task_id,
            expires=None if expires is None else expires.total_seconds(),
            retry=transport in AMQP,
            retry_policy=AT_ONCE_AGAIN,
            confirm_timeout=patience,
        )


def transport_of(broker_url: str) -> str:
    """Return which kind of broker a URL names, such as `redis` or `amqp`."""
    return broker_url.partition("://")[0]


def answers() -> bool:
    """Say whether the broker can be reached, within a few seconds."""
    broker = current_app.connection_for_write(connect_timeout=ANSWERS_WITHIN_SECONDS)
    try:
        broker.ensure_connection(
            max_retries=1, interval_start=0, interval_step=0, timeout=ANSWERS_WITHIN_SECONDS
        )
    except (OSError, KombuError, *broker.connection_errors, *broker.channel_errors):  # type: ignore[misc] # tuples of classes
        return False
    finally:
        broker.release()
    return True


def send_slice(lane: Lane) -> None:
    """Ask for one slice of `lane`; raises as `send` does."""
    priority = {Lane.URGENT: MOST_URGENT, Lane.DEFAULT: 5, Lane.BULK: 1}[lane]
    send(Work.CRAWL_SLICE, queue=Queue(lane.value), priority=priority, expires=TAKEN_WITHIN, lane=lane.value)
