"""The brokers that fault tests run on: started, killed and emptied at will."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Protocol

import pytest
import redis

from crawler.queue import LANES, Lane
from tests.rabbitmq import Node
from tests.waiting import until
from webui.processes import broker as brokers
from webui.processes.errors import CannotStart

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

STARTS_WITHIN_SECONDS = 150


class Broker(Protocol):
    """A broker of one test's own."""

    name: str

    @property
    def url(self) -> str:
        """Where this process sends to."""
        ...

    @property
    def variables(self) -> Mapping[str, str]:
        """What the processes of the installation need to know of it."""
        ...

    def start(self) -> None:
        """Start it, at the same address each time, and return when it answers; skips where there is none."""
        ...

    def kill(self) -> None:
        """Kill it, and forget all that it held."""
        ...

    def end(self) -> None:
        """Have done with it; the next test is given another, or this one emptied."""
        ...

    def empty(self) -> None:
        """Throw away every message and whatever else it holds."""
        ...

    def waiting(self) -> int:
        """Return how many messages ask for a slice and are with no worker yet."""
        ...


class Valkey:
    """The server that Trawl brings along."""

    name = "valkey"

    def __init__(self, folder: Path) -> None:
        self._server = brokers.embedded(folder)
        self._process: subprocess.Popen[bytes] | None = None
        self.client = redis.Redis.from_url(self.url)

    @property
    def url(self) -> str:
        return self._server.url

    @property
    def variables(self) -> Mapping[str, str]:
        return {"REDIS_URL": self.url}

    def start(self) -> None:
        try:
            command = self._server.command()
        except CannotStart as error:
            if os.environ.get("CI"):
                raise
            pytest.skip(str(error))
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(self._answers, within_seconds=STARTS_WITHIN_SECONDS, what="the broker")

    def kill(self) -> None:
        self.client.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        shutil.rmtree(self._server.folder, ignore_errors=True)

    def end(self) -> None:
        self.kill()

    def empty(self) -> None:
        self.client.flushall()

    def waiting(self) -> int:
        return sum(self.client.llen(queue) for queue in self.queues())

    def queues(self) -> list[str]:
        """Return the lists that hold messages which ask for slices, one for each priority."""
        lanes = (lane.value for lane in Lane)
        return [f"{lane}:{priority}" if priority else lane for lane in lanes for priority in range(10)]

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.ConnectionError:
            return False


class RabbitMQ:
    """A node of Debian's server; the installation then has no Redis at all.

    It takes seconds of both cores to start, so tests that follow one another share it.
    """

    name = "rabbitmq"

    def __init__(self, node: Node) -> None:
        self._node = node

    @property
    def url(self) -> str:
        return self._node.url

    @property
    def variables(self) -> Mapping[str, str]:
        return {"CELERY_BROKER_URL": self.url}

    def start(self) -> None:
        if self._node.is_started:
            self._node.empty()
        else:
            self._node.start()

    def kill(self) -> None:
        self._node.kill(forgetting=True)

    def end(self) -> None:
        """It lives on."""

    def empty(self) -> None:
        self._node.empty()

    def waiting(self) -> int:
        return self._node.waiting(LANES)


BROKERS = (Valkey.name, RabbitMQ.name)
"""The rows that depend on the broker run on each of them."""
