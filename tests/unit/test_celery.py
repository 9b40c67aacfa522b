"""How long a process that only sends waits for its broker."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest
from amqp.exceptions import ConnectionForced, ConsumerCancelled, NotFound
from celery import Celery
from celery.worker import loops
from django.contrib.auth.models import User
from django.http import HttpRequest
from kombu import Connection
from kombu.exceptions import OperationalError

from webui.api.auth import Caller
from webui.api.throttle import PerMinute
from webui.celery import ANSWERS_WITHIN, SteadyConnection, wait_briefly

if TYPE_CHECKING:
    from pytest_django import Settings


@pytest.fixture(params=["redis", "amqp"])
def silent(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a broker that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as server:
        yield f"{request.param}://127.0.0.1:{server.getsockname()[1]}/0"


def sender(broker: str) -> Celery:
    app = Celery("sender", broker=broker, set_as_current=False)
    confirming = {"confirm_publish": True} if broker.startswith("amqp") else {"socket_timeout": 30}
    app.conf.broker_transport_options = {**confirming, "max_retries": 1, "interval_start": 0}
    return app


def test_sender_gives_up_soon_on_a_broker_that_says_nothing(silent: str) -> None:
    app = sender(silent)
    wait_briefly(app, at_most=timedelta(seconds=0.1))

    began = time.monotonic()
    with pytest.raises(OperationalError):
        app.send_task("crawl.slice", queue="default", retry=False)

    assert time.monotonic() - began < 20, "it would wait for 30 s"


def test_a_channel_that_lost_its_connection_is_closed_without_an_error() -> None:
    """What kombu 5.7 does when a broker goes away while a worker has messages that it did not acknowledge."""

    class Lost:
        def close(self) -> None:
            raise AttributeError("'NoneType' object has no attribute 'hostname'")

    with SteadyConnection("memory://here") as connection:
        vars(connection)["_default_channel"] = Lost()
        connection.release()
        assert not connection.connected


def begin_to_listen(connection: Connection) -> None:
    """Do what a worker of Celery 5.7 does once it has asked RabbitMQ for messages."""
    quick_drain: Any = vars(loops)["_quick_drain"]
    quick_drain(connection)


@pytest.mark.parametrize("said", [ConsumerCancelled(), ConnectionForced(), NotFound()])
def test_what_rabbitmq_ends_as_a_worker_begins_to_consume_is_not_passed_over(
    said: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Celery passes over what has no `errno`, and would then wait for ever."""
    monkeypatch.setattr(Connection, "drain_events", Mock(side_effect=said))

    with SteadyConnection("amqp://here") as connection, pytest.raises(type(said)):
        begin_to_listen(connection)


def test_that_rabbitmq_says_nothing_as_a_worker_begins_to_consume_ends_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Connection, "drain_events", Mock(side_effect=TimeoutError()))

    with SteadyConnection("amqp://here") as connection:
        begin_to_listen(connection)


def test_a_message_of_a_closed_channel_is_left_to_the_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a worker acknowledges after it has lost the connection that its message came by."""

    def lost(*_given: object, **_options: object) -> None:
        raise AttributeError("'NoneType' object has no attribute 'hostname'")

    with SteadyConnection("memory://here") as connection:
        queue = connection.SimpleQueue("left")
        queue.put("a message")
        channel: Any = queue.get(timeout=30).channel
        for answer in ("ack", "reject"):
            monkeypatch.setattr(channel.qos, answer, lost)
        with pytest.raises(AttributeError):
            channel.basic_ack("1")
        channel.close()

        channel.basic_ack("1")
        channel.basic_reject("1")


def test_other_options_of_the_transport_stay() -> None:
    app = Celery("sender", set_as_current=False)
    app.conf.broker_transport_options = {"socket_timeout": 30, "sep": ":"}

    wait_briefly(app)

    options = app.conf.broker_transport_options
    assert options == {"socket_timeout": 0.5, "socket_connect_timeout": 0.5, "sep": ":"}


def test_a_sender_to_rabbitmq_waits_briefly_for_its_confirmation() -> None:
    app = sender("amqp://")

    wait_briefly(app)

    assert app.conf.broker_transport_options["read_timeout"] == 0.5
    assert app.conf.broker_connection_timeout == 0.5
    assert "socket_timeout" not in app.conf.broker_transport_options


def test_a_redis_that_says_nothing_holds_a_call_of_the_api_for_less_than_a_second(
    settings: Settings,
) -> None:
    """The throttle asks it once and lets everyone ask, then the bell asks it once."""
    request = HttpRequest()
    request.auth = Caller(user=User(username="ada"), scopes=frozenset(), ident="ada")  # type: ignore[attr-defined]
    with socket.create_server(("127.0.0.1", 0), backlog=16) as server:
        ours = settings.CACHES["throttle"] | {"LOCATION": f"redis://127.0.0.1:{server.getsockname()[1]}/0"}
        settings.CACHES = settings.CACHES | {"throttle": ours}
        throttle = PerMinute()
        assert [throttle.allow_request(request) for _ in range(3)] == [True] * 3
        server.setblocking(False)
        asked = sum(1 for _ in iter(lambda: _accepted(server), False))
    assert asked == 1
    waits = max(ours["OPTIONS"].values()) + ANSWERS_WITHIN.total_seconds()
    assert waits < 1


def _accepted(server: socket.socket) -> bool:
    try:
        server.accept()[0].close()
    except BlockingIOError:
        return False
    return True
