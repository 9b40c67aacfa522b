"""A real broker, and real Celery processes on the test's own database."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
import redis
from django.conf import settings
from django.db import connection
from kombu import pools

from tests.waiting import until
from webui.celery import app
from webui.processes import broker as brokers
from webui.processes import layout
from webui.processes.errors import CannotStart

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from webui.processes.broker import Embedded

BASE = Path(__file__).resolve().parents[3]


class CeleryProcess:
    """One `celery` command, its output in a file."""

    def __init__(self, command: tuple[str, ...], *, environment: dict[str, str], output: Path) -> None:
        self._output = output
        with output.open("wb") as out:
            self._process = subprocess.Popen(
                command, cwd=BASE, env=environment, stdout=out, stderr=out, start_new_session=True
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def said(self) -> str:
        return self._output.read_text(errors="replace")

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def ended_within(self, seconds: float) -> float:
        """Wait for the end, and return the seconds until then."""
        began = time.monotonic()
        self._process.wait(seconds)
        return time.monotonic() - began

    def end(self) -> None:
        """End it and its children, whatever they do."""
        if self._process.poll() is None:
            self.signal(signal.SIGCONT)
            os.killpg(self.pid, signal.SIGKILL)
            self._process.wait()


class Fleet:
    """Starts the processes of an installation on the test's database and broker."""

    def __init__(self, *, broker_url: str, folder: Path) -> None:
        self._folder = folder
        self._environment = os.environ | {
            "TRAWL_VAR": str(settings.VAR_DIR),
            "SECRET_KEY": settings.SECRET_KEY,
            "ENCRYPTION_KEY": ",".join(settings.ENCRYPTION_KEYS),
            "DATABASE_URL": database_url(),
            "REDIS_URL": broker_url,
            "EGRESS_ALLOW": "127.0.0.0/8",
        }
        self._environment.pop("CELERY_BROKER_URL", None)
        self._started: list[CeleryProcess] = []

    def start(
        self, name: str, *options: str, workers: int = 1, variables: Mapping[str, str] | None = None
    ) -> CeleryProcess:
        """Start one of the installation's programs, such as `worker` or `beat`, as `up` starts it."""
        installation = layout.Installation(
            python=sys.executable,
            base=BASE,
            var=self._folder,
            host="127.0.0.1",
            port=0,
            workers=workers,
        )
        program = next(program for program in layout.programs(installation) if program.name == name)
        started = CeleryProcess(
            (*program.command, *options),
            environment=self._environment | dict(program.environment) | dict(variables or {}),
            output=self._folder / f"{name}-{len(self._started)}.log",
        )
        self._started.append(started)
        return started

    def end(self) -> None:
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


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    """The broker that Trawl brings along, started once."""
    embedded = brokers.embedded(tmp_path_factory.mktemp("broker"))
    try:
        command = embedded.command()
    except CannotStart as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with redis.Redis.from_url(embedded.url) as client:
            until(lambda: _answers(client), within_seconds=10, what="the broker")
        yield embedded
    finally:
        process.kill()
        process.wait()


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


@pytest.fixture
def broker(valkey: Embedded) -> Iterator[redis.Redis]:
    """An empty broker, which this process sends to as well."""
    before = app.conf.broker_url
    app.conf["broker_url"] = valkey.url
    _forget_connections()
    with redis.Redis.from_url(valkey.url) as client:
        client.flushall()
        yield client
    app.conf["broker_url"] = before
    _forget_connections()


def _forget_connections() -> None:
    pools.reset()
    app._pool = None  # type: ignore[attr-defined]
    app.amqp._producer_pool = None  # type: ignore[attr-defined]


@pytest.fixture
def fleet(transactional_db: None, broker: redis.Redis, valkey: Embedded, tmp_path: Path) -> Iterator[Fleet]:
    """Processes that end with the test."""
    started = Fleet(broker_url=valkey.url, folder=tmp_path)
    try:
        yield started
    finally:
        started.end()
