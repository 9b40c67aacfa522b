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


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a broker that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


def test_sender_gives_up_soon_on_a_broker_that_says_nothing(silent: str) -> None:
    app = Celery("sender", broker=silent, set_as_current=False)
    app.conf.broker_transport_options = {"socket_timeout": 30, "max_retries": 1, "interval_start": 0}
    wait_briefly(app, at_most=timedelta(seconds=0.1))

    began = time.monotonic()
    with pytest.raises(OperationalError):
        app.send_task("crawl.slice", queue="default", retry=False)

    assert time.monotonic() - began < 5


def test_other_options_of_the_transport_stay() -> None:
    app = Celery("sender", set_as_current=False)
    app.conf.broker_transport_options = {"socket_timeout": 30, "sep": ":"}

    wait_briefly(app)

    assert app.conf.broker_transport_options == {"socket_timeout": 3, "sep": ":"}


def test_transport_without_that_option_gets_none() -> None:
    app = Celery("sender", broker="amqp://", set_as_current=False)

    wait_briefly(app)

    assert "socket_timeout" not in app.conf.broker_transport_options
