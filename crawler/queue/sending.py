"""Asks for background work: puts messages on the broker, and finds out whether it is there."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from celery import current_app
from kombu.exceptions import ChannelError, KombuError, OperationalError
from kombu.exceptions import ConnectionError as ConnectionFailure

from crawler.queue.brokers import AMQP, broker_priority, sent_to, transport_of
from crawler.queue.work import MOST_URGENT, PRIORITY_OF, QUEUE_OF, Lane, Queue, Work

if TYPE_CHECKING:
    from kombu import Connection

SILENT: Final = "does not answer"
MOST_WORDS: Final = 300
ANSWERS_WITHIN_SECONDS = 2
CONFIRMED_WITHIN_SECONDS: Final = 4
AT_ONCE_AGAIN: Final = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}
"""How often asking is tried again: a connection that idled may be gone, and nobody waits for a broker."""

TAKEN_WITHIN: Final = timedelta(seconds=150)
"""How long a message may ask for a slice: others are sent while no worker takes it, and would pile up."""


def send(
    work: Work,
    *,
    queue: Queue | None = None,
    priority: int | None = None,
    task_id: str | None = None,
    expires: timedelta | None = None,
    **kwargs: Any,
) -> None:
    """Put `work` on its queue; raises `kombu.exceptions.OperationalError` when the broker does not take it.

    A worker that takes the message when it has `expires` throws it away.

    Only the queue is named: a message sent with an exchange of its own is lost for good once
    the broker was emptied, because the binding is gone.
    """
    transport = transport_of(str(current_app.conf.broker_url or ""))
    patience = current_app.conf.broker_transport_options.get("read_timeout", CONFIRMED_WITHIN_SECONDS)
    for place in sent_to(queue or QUEUE_OF[work], transport=transport):
        _send(
            work,
            kwargs=kwargs,
            queue=place,
            priority=broker_priority(
                PRIORITY_OF.get(work, 5) if priority is None else priority, transport=transport
            ),
            task_id=task_id,
            expires=None if expires is None else expires.total_seconds(),
            retry=transport in AMQP,
            confirm_timeout=patience,
        )


def _send(work: Work, **options: Any) -> None:
    try:
        current_app.send_task(work.value, retry_policy=AT_ONCE_AGAIN, **options)
    except (ChannelError, ConnectionFailure) as error:  # those that no retry mends
        raise OperationalError(str(error)) from error


def trouble() -> str:
    """Return what is wrong with the broker, found within a few seconds; nothing when it takes our messages.

    RabbitMQ is asked for the queues as sending asks: it refuses those that it has with other arguments.
    """
    broker = current_app.connection_for_write(connect_timeout=ANSWERS_WITHIN_SECONDS)
    try:
        broker.ensure_connection(
            max_retries=1, interval_start=0, interval_step=0, timeout=ANSWERS_WITHIN_SECONDS
        )
        if transport_of(broker.as_uri()) in AMQP:
            _declare(broker)
    except ChannelError as error:
        return f"refuses messages: {str(error)[:MOST_WORDS]}"
    except (OSError, KombuError, ConnectionFailure):
        return SILENT
    finally:
        broker.release()
    return ""


def _declare(broker: Connection) -> None:
    channel = broker.default_channel
    transport = transport_of(broker.as_uri())
    for place in dict.fromkeys(place for ours in Queue for place in sent_to(ours, transport=transport)):
        current_app.amqp.queues[place](channel).declare()


def send_slice(lane: Lane) -> None:
    """Ask for one slice of `lane`; raises as `send` does."""
    priority = {Lane.URGENT: MOST_URGENT, Lane.DEFAULT: 5, Lane.BULK: 1}[lane]
    send(Work.CRAWL_SLICE, queue=Queue(lane.value), priority=priority, expires=TAKEN_WITHIN, lane=lane.value)
