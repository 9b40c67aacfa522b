"""The processes of an installation, started on the test's own database and a broker of its own."""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import quote

from django.conf import settings
from django.db import connection
from kombu import pools

from crawler import queue
from tests import programs
from webui.celery import app
from webui.processes import layout

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[1]


class CeleryProcess:
    """One `celery` command, its output in a file."""

    def __init__(self, command: tuple[str, ...], *, environment: dict[str, str], output: Path) -> None:
        self.name = output.stem
        self._output = output
        with output.open("wb") as out:
            self._process = programs.fork(
                command, cwd=ROOT, environment=environment, stdout=out, stderr=out, new_session=True
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    @property
    def children(self) -> list[int]:
        """The processes of its pool."""
        return [int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]

    def said(self) -> str:
        return self._output.read_text(errors="replace")

    def signal_all(self, number: signal.Signals) -> None:
        """Signal it and its children at once."""
        os.killpg(self.pid, number)

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def ended_within(self, seconds: float) -> float:
        """Wait for the end, and return the seconds until then."""
        began = time.monotonic()
        self._process.wait(seconds)
        return time.monotonic() - began

    def end(self) -> None:
        """End it and its children, whatever they do."""
        if not self.has_ended:
            self.signal(signal.SIGCONT)
            self.signal_all(signal.SIGKILL)
            self._process.wait()


class Fleet:
    """Starts the processes of an installation on the test's database and broker.

    `variables` are added to the environment of all of them. `running` has each until its end.
    """

    running: ClassVar[list[Fleet]] = []

    def __init__(self, *, broker_url: str, folder: Path, variables: Mapping[str, str] | None = None) -> None:
        self._folder = folder
        self._environment = os.environ | {
            "TRAWL_VAR": str(settings.VAR_DIR),
            "SECRET_KEY": settings.SECRET_KEY,
            "ENCRYPTION_KEY": ",".join(settings.ENCRYPTION_KEYS),
            "DATABASE_URL": database_url(),
            "EGRESS_ALLOW": "127.0.0.0/8",
            "CELERY_SKIP_CHECKS": "1",  # as under `up`: for Django's checks each would import every page
        }
        for name in ("CELERY_BROKER_URL", "REDIS_URL"):
            self._environment.pop(name, None)
        self._environment["CELERY_BROKER_URL" if is_amqp(broker_url) else "REDIS_URL"] = broker_url
        self._environment |= variables or {}
        self._started: list[CeleryProcess] = []
        self.running.append(self)

    def add(self, variables: Mapping[str, str]) -> None:
        """Add to the environment of what is started from now on."""
        self._environment |= variables

    def start(
        self,
        name: str,
        *options: str,
        workers: int = 1,
        port: int = 0,
        app: str = "webui",
        variables: Mapping[str, str] | None = None,
    ) -> CeleryProcess:
        """Start one of the installation's programs, such as `worker` or `beat`, as `up` starts it.

        `app` is the module of the Celery application.
        """
        installation = layout.Installation(
            python=sys.executable,
            base=ROOT,
            var=self._folder,
            host="127.0.0.1",
            port=port,
            workers=workers,
        )
        program = next(program for program in layout.programs(installation) if program.name == name)
        started = CeleryProcess(
            (*(app if word == "webui" else word for word in program.command), *options),
            environment=self._environment | dict(program.environment) | dict(variables or {}),
            output=self._folder / f"{name}-{len(self._started)}.log",
        )
        self._started.append(started)
        return started

    @property
    def processes(self) -> tuple[CeleryProcess, ...]:
        """What was started, in order."""
        return tuple(self._started)

    def end(self) -> None:
        if self in self.running:
            self.running.remove(self)
        for process in self._started:
            process.end()

    def said(self) -> str:
        return "\n".join(process.said() for process in self._started)


def database_url() -> str:
    """Return the URL of the test's own database."""
    chosen = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{chosen['NAME']}"
    host = chosen["HOST"] or "localhost"
    password = f":{quote(chosen['PASSWORD'], safe='')}" if chosen["PASSWORD"] else ""
    return f"postgresql://{chosen['USER']}{password}@{host}:{chosen['PORT'] or 5432}/{chosen['NAME']}"


def is_amqp(broker_url: str) -> bool:
    return queue.transport_of(broker_url) in queue.AMQP


def forget_connections() -> None:
    """Let this process connect anew to the broker that `app.conf` names now."""
    pools.reset()
    app._pool = None  # type: ignore[attr-defined]
    vars(app).pop("amqp", None)  # knows its queues, and a producer


@contextmanager
def sending_to(broker_url: str) -> Iterator[None]:
    """Have this process send its messages to another broker meanwhile."""
    settings: dict[str, object] = {"broker_url": broker_url}
    if is_amqp(broker_url):
        options = {"confirm_publish": True, **queue.AT_ONCE_AGAIN}
        settings |= {"broker_transport_options": options, "task_queues": queue.DECLARED_ON_RABBITMQ}
    before = {name: app.conf[name] for name in settings}
    app.conf.update(settings)
    forget_connections()
    try:
        yield
    finally:
        app.conf.update(before)
        forget_connections()
