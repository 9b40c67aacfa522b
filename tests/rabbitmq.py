"""A private RabbitMQ node in a temporary folder, and the one that all tests of a process share."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import amqp
import pytest

from crawler.queue import LANES, Queue
from tests.waiting import until
from webui.processes.addresses import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")  # Debian's own wrapper insists on its system's folders
QUEUES = (LANES, *(queue.value for queue in Queue))


def find_server() -> Path | None:
    """Return the program that starts a node; None where RabbitMQ is not installed."""
    if shutil.which("erl") is None or shutil.which("epmd") is None:
        return None
    return SERVER if SERVER.exists() else None


@dataclass(slots=True, kw_only=True)
class Node:
    """A node with a name server of its own: whatever else runs on this machine is left alone."""

    folder: Path
    port: int = field(default_factory=free_port)
    _names_port: int = field(default_factory=free_port)
    _between_port: int = field(default_factory=free_port)
    _started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    @property
    def is_started(self) -> bool:
        return bool(self._started)

    def start(self) -> None:
        """Start the node with whatever its folder holds; where none is installed, skip or, in CI, fail."""
        server = find_server()
        if server is None:
            (pytest.fail if os.environ.get("CI") else pytest.skip)(
                "RabbitMQ is not installed: apt install rabbitmq-server"
            )
        (self.folder / "home").mkdir(parents=True, exist_ok=True)
        self._launch("epmd", "-port", str(self._names_port), "-address", "127.0.0.1")
        self._launch(str(server))
        until(self._answers, within_seconds=120, what="RabbitMQ")

    def empty(self) -> None:
        """Forget every message, and the queues with them."""
        with closing(self._connection()) as connection:
            for name in QUEUES:
                connection.channel().queue_delete(name)

    def have_otherwise(self, name: str) -> None:
        """Have an empty queue of this name that knows no priorities, whatever was there before."""
        with closing(self._connection()) as connection:
            connection.channel().queue_delete(name)
            connection.channel().queue_declare(name, durable=True, auto_delete=False)

    def waiting(self, name: str) -> int:
        """Return how many messages wait in a queue; those that a worker was given do not."""
        return self._declared(name)[0]

    def consumers(self, name: str) -> int:
        """Return how many workers take from a queue."""
        return self._declared(name)[1]

    def _declared(self, name: str) -> tuple[int, int]:
        """Return the messages that wait in a queue and its consumers, (0, 0) when there is no such queue."""
        with closing(self._connection()) as connection:
            try:
                declared = connection.channel().queue_declare(name, passive=True)
            except amqp.NotFound:
                return 0, 0
            return (int(declared[1]), int(declared[2])) if declared else (0, 0)

    def freeze(self) -> None:
        """Let it keep its connections and say nothing."""
        self._started[-1].send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._started[-1].send_signal(signal.SIGCONT)

    def kill(self, *, forgetting: bool = False) -> None:
        """End it at once; `forgetting`, it comes back empty."""
        for process in reversed(self._started):
            process.kill()
            process.wait()
        self._started.clear()
        if forgetting:
            shutil.rmtree(self.folder / "mnesia", ignore_errors=True)

    def _launch(self, *command: str) -> None:
        with (self.folder / "log").open("ab") as log:
            self._started.append(
                subprocess.Popen(
                    command, env=self._environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
                )
            )

    def _environment(self) -> dict[str, str]:
        folder = str(self.folder)
        return {
            "PATH": os.environ["PATH"],
            "HOME": f"{folder}/home",
            "ERL_EPMD_PORT": str(self._names_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_ALLOW_INPUT": "1",  # the shell becomes the node, which then has the process id we know
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-noinput +S 1:1",
            "RABBITMQ_NODENAME": f"trawl-{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._between_port),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_CONFIG_FILE": f"{folder}/none",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{folder}/plugins",
            "RABBITMQ_MNESIA_BASE": f"{folder}/mnesia",
            "RABBITMQ_LOG_BASE": folder,
            "RABBITMQ_LOGS": "-",
        }

    def _connection(self) -> amqp.Connection:
        connection = amqp.Connection(host=f"127.0.0.1:{self.port}", connect_timeout=10, read_timeout=30)
        connection.connect()
        return connection

    def _answers(self) -> bool:
        assert self._started[-1].poll() is None, (self.folder / "log").read_text(errors="replace")[-2_000:]
        try:
            self._connection().close()
        except (OSError, amqp.AMQPError, socket.timeout):  # noqa: UP041 - amqp raises its own
            return False
        return True


@pytest.fixture(scope="session")
def rabbit_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A node that the first test which needs it starts: that takes seconds of both cores."""
    node = Node(folder=tmp_path_factory.mktemp("rabbitmq"))
    yield node
    node.kill()
