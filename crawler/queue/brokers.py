"""What differs between brokers: how urgent is written, and which of their queues hold ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import kombu

from crawler.queue.work import MOST_URGENT, Queue

if TYPE_CHECKING:
    from collections.abc import Iterable

AMQP: Final = frozenset({"amqp", "amqps", "pyamqp"})
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


def transport_of(broker_url: str) -> str:
    """Return which kind of broker a URL names, such as `redis` or `amqp`."""
    return broker_url.partition("://")[0]


def broker_priority(priority: int, *, transport: str) -> int:
    """Translate our priority (9 is the most urgent) into the broker's.

    Kombu's Redis transport serves 0 first; RabbitMQ serves 9 first.
    """
    return priority if transport in AMQP else MOST_URGENT - priority


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
