"""The Celery application: Django's settings with the prefix CELERY_, and what its processes do besides."""

from __future__ import annotations

import atexit
import errno
import os
import socket
from contextlib import suppress
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Self

from celery import Celery
from celery.app.amqp import AMQP
from celery.signals import (
    beat_init,
    celeryd_after_setup,
    worker_process_init,
    worker_ready,
    worker_shutdown,
    worker_shutting_down,
)
from kombu import Connection
from kombu.transport.virtual import Transport as VirtualTransport

if TYPE_CHECKING:
    from crawler.services.heartbeats import Pulse

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webui.settings")

ASKS_AGAIN_WITHIN: Final = timedelta(seconds=4)


class Forgetful:
    """A channel of kombu's that acknowledges nothing once it is closed: the broker delivers that again.

    Of a closed one, kombu's Redis channel would ask for a connection that it has no more, and the
    AttributeError of that would end the worker.
    """

    def basic_ack(self, delivery_tag: str, multiple: bool = False) -> None:  # noqa: FBT001, FBT002 - kombu's
        channel: Any = super()
        if not getattr(self, "closed", False):
            channel.basic_ack(delivery_tag, multiple=multiple)

    def basic_reject(self, delivery_tag: str, requeue: bool = False) -> None:  # noqa: FBT001, FBT002 - kombu's
        channel: Any = super()
        if not getattr(self, "closed", False):
            channel.basic_reject(delivery_tag, requeue=requeue)


@cache
def forgetful(transport: Any) -> Any:
    """Return a transport whose channels are forgetful; one of AMQP, which kombu only wraps, as it is."""
    if not issubclass(transport, VirtualTransport):
        return transport
    channel = type("ForgetfulChannel", (Forgetful, transport.Channel), {})
    return type("ForgetfulTransport", (transport,), {"Channel": channel})


class SteadyConnection(Connection):
    """Asks for a broker that is away every few seconds, where Celery's own would wait up to 30 s at last."""

    def get_transport_cls(self) -> Any:
        transport: Any = super().get_transport_cls()
        return forgetful(transport)

    def ensure_connection(self, *args: Any, **options: Any) -> Self:
        return super().ensure_connection(
            *args, **{"interval_max": ASKS_AGAIN_WITHIN.total_seconds(), **options}
        )

    def drain_events(self, **options: Any) -> Any:
        """Read what the broker says, and give an `errno` to what ends a consumer, a channel or a connection.

        Celery reads once as soon as a worker consumes, and there passes over whatever has none: a worker
        whose queue was deleted in that moment would live on and never be given a message again.
        """
        try:
            return super().drain_events(**options)
        except self.connection_errors + self.channel_errors as said:
            if not isinstance(said, OSError):  # those have their own, and a time-out rightly none
                over: Any = said
                over.errno = errno.ECONNRESET
            raise

    def maybe_close_channel(self, channel: Any) -> None:
        """Close a channel, whatever has become of its connection.

        Kombu's Redis channel would give unacknowledged messages back by a connection that has none any
        more, and the AttributeError of that would end the worker. The broker delivers them again.
        """
        with suppress(AttributeError):
            super().maybe_close_channel(channel)


class SteadyAMQP(AMQP):
    """Celery's way to a broker, with connections that come back soon."""

    Connection = SteadyConnection


app = Celery("trawl", task_cls="crawler.services.attempts:Attempt", amqp=SteadyAMQP)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["crawler"])

ANSWERS_WITHIN: Final = timedelta(seconds=0.5)
SENT_WITHIN: Final = timedelta(seconds=4)
_pulses: list[Pulse] = []


def wait_briefly(celery: Celery, *, at_most: timedelta = ANSWERS_WITHIN) -> None:
    """Let this process give up soon on a broker that is away, or accepts a connection and says nothing.

    For processes that only send, while a person waits: three such waits may follow one another. A
    worker's connection waits for messages, so its limits must be longer.
    """
    seconds = at_most.total_seconds()
    options = celery.conf.broker_transport_options
    if "confirm_publish" in options:
        limits = {"read_timeout": seconds, "write_timeout": seconds}
    else:
        limits = {"socket_timeout": seconds, "socket_connect_timeout": seconds}
    celery.conf.broker_transport_options = {**options, **limits}
    celery.conf.broker_connection_timeout = seconds


@celeryd_after_setup.connect
def serve_in_order(*, instance: Any, **_more: object) -> None:
    """Have a worker take from the queues in which its broker keeps what it serves, and crawl at once."""
    from crawler import queue
    from crawler.services import slices
    from scrapers import reader

    transport = queue.transport_of(str(instance.app.conf.broker_url))
    queues = instance.app.amqp.queues
    ours = {known.value: known for known in queue.Queue}
    asked = list(queues.consume_from)
    places = queue.taken_from([ours[name] for name in asked if name in ours], transport=transport)
    if queue.Queue.URGENT.value in asked:
        reader.preload()
    if asked == [queue.Queue.URGENT.value]:
        slices.keep_to_urgent()
    queues.select([*places, *(name for name in asked if name not in ours)])


@worker_process_init.connect
def begin_child(**_more: object) -> None:
    """Let a process of the pool, which only sends, not wait long for a broker that says nothing."""
    wait_briefly(app, at_most=SENT_WITHIN)


@worker_ready.connect
def begin_worker(*, sender: Any, **_more: object) -> None:
    """Say from now on that we are alive, put right what earlier processes left undone, ask for work."""
    from django.db import connection
    from django.utils import timezone

    from crawler.services import reconciling

    _begin(sender.hostname)
    try:
        reconciling.reconcile(now=timezone.now())
    finally:
        connection.close()  # the pool may fork again, and must not inherit it


@beat_init.connect
def begin_beat(**_more: object) -> None:
    """Say that beat is alive; it tells nobody of its end but the interpreter. It only sends."""
    wait_briefly(app, at_most=SENT_WITHIN)
    _begin(f"beat.{os.getpid()}@{socket.gethostname()}")  # two may run on one machine
    atexit.register(end)


@worker_shutting_down.connect
def stop_slices(**_more: object) -> None:
    """Let the pool's slices give back what they hold: a deploy waits for nobody and repeats no fetch."""
    from crawler.services import slices

    slices.stop_all()


@worker_shutdown.connect
def end(**_more: object) -> None:
    """Take leave."""
    while _pulses:
        _pulses.pop().stop()


def _begin(name: str) -> None:
    from crawler.services.heartbeats import Pulse

    _pulses.append(Pulse(name=name))
    _pulses[-1].start()
