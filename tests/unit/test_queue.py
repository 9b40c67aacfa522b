"""Where messages are put and taken from, on each kind of broker."""

from __future__ import annotations

import pytest

from crawler.queue import LANES, WORKERS, Queue, broker_priority, sent_to, taken_from


def test_nine_is_the_most_urgent_whatever_the_broker_calls_it() -> None:
    assert [broker_priority(ours, transport="redis") for ours in (0, 9)] == [9, 0]
    assert [broker_priority(ours, transport="amqp") for ours in (0, 9)] == [0, 9]


def test_on_redis_every_queue_is_one_of_the_broker() -> None:
    for queue in Queue:
        assert sent_to(queue, transport="redis") == (queue.value,)
    for kind in WORKERS:
        assert taken_from(kind.queues, transport="redis") == kind.queues


@pytest.mark.parametrize("transport", ["amqp", "amqps", "pyamqp", "redis", "rediss", "unix"])
def test_everything_sent_reaches_every_kind_of_worker_that_serves_it(transport: str) -> None:
    for kind in WORKERS:
        for queue in kind.queues:
            places = taken_from(kind.queues, transport=transport)
            assert set(sent_to(queue, transport=transport)) & set(places)


def test_no_worker_gets_a_message_of_rabbitmq_twice() -> None:
    for kind in WORKERS:
        places = taken_from(kind.queues, transport="amqp")
        for queue in kind.queues:
            assert len(set(sent_to(queue, transport="amqp")) & set(places)) == 1


def test_on_rabbitmq_the_lanes_of_one_worker_lie_in_one_queue() -> None:
    assert taken_from((Queue.URGENT, Queue.DEFAULT, Queue.BULK), transport="amqp") == (LANES,)
    assert taken_from((Queue.BULK, Queue.URGENT), transport="amqp") == (LANES,)
    assert taken_from((Queue.URGENT,), transport="amqp") == ("urgent",)
