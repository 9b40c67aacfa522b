"""How long a process that only sends waits for its broker."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from celery import Celery
from kombu.exceptions import OperationalError

from webui.celery import wait_briefly


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

    assert time.monotonic() - began < 2


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
