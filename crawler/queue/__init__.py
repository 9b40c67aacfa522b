"""Background work: named, put in queues, and asked for."""

from crawler.queue.brokers import (
    AMQP,
    DECLARED_ON_RABBITMQ,
    LANES,
    broker_priority,
    sent_to,
    taken_from,
    transport_of,
)
from crawler.queue.sending import AT_ONCE_AGAIN, send, send_slice, trouble
from crawler.queue.work import (
    DEFAULT_FLOOR,
    MOST_URGENT,
    PRIORITY_OF,
    QUEUE_OF,
    URGENT_FLOOR,
    WORKERS,
    Lane,
    Queue,
    Work,
    WorkerKind,
    lane_for,
)

__all__ = [
    "AMQP", "AT_ONCE_AGAIN", "DECLARED_ON_RABBITMQ", "DEFAULT_FLOOR", "LANES", "MOST_URGENT", "PRIORITY_OF",
    "QUEUE_OF", "URGENT_FLOOR", "WORKERS", "Lane", "Queue", "Work", "WorkerKind", "broker_priority",
    "lane_for", "send", "send_slice", "sent_to", "taken_from", "transport_of", "trouble",
]  # fmt: skip
