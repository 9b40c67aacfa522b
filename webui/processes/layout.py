"""Which processes an installation consists of, and how each is started and stopped."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import timedelta
from enum import IntEnum
from typing import TYPE_CHECKING

from crawler.engine import steady
from crawler.queue import WORKERS, WorkerKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

CONTROL_CONCURRENCY = 3
CONTROL = "worker-control"
FIRST = frozenset({WORKERS[0].name, CONTROL})
SLICE_GRACE = timedelta(seconds=35)


class Wave(IntEnum):
    """When a program is started: each waits for the former, so that they do not compete for the cores.

    The last waits for what makes up a running service: one that crawls, starts what is due and
    answers a test fetch. What is left then only takes over from these.
    """

    AT_ONCE = 0
    WHEN_THE_SITE_ANSWERS = 1
    WHEN_IT_RUNS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """What `up` was asked for; `python` runs everything, from `base`."""

    python: str
    base: Path
    var: Path
    host: str
    port: int
    workers: int
    broker_command: tuple[str, ...] | None = None
    demo_port: int | None = None

    @property
    def identity(self) -> str:
        """Tells the Celery nodes of two installations on one machine apart."""
        return hashlib.sha256(str(self.var).encode()).hexdigest()[:6]

    def node_name(self, worker: str) -> str:
        """Return the name of a kind of worker as Celery knows it, without the machine's."""
        return f"{worker}.{self.identity}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One supervised process.

    Groups stop in the opposite order of `order`, one after another; what is in one group stops together.
    """

    name: str
    group: str
    order: int
    command: tuple[str, ...]
    wave: Wave = Wave.AT_ONCE
    stop_within: timedelta = timedelta(seconds=10)
    environment: Mapping[str, str] = field(default_factory=dict)


def programs(installation: Installation) -> tuple[Program, ...]:
    """Return what to run, in starting order: broker, web, demo shop, workers, beat."""
    return tuple(_programs(installation))


def _programs(installation: Installation) -> Iterator[Program]:
    if installation.broker_command:
        yield Program(name="broker", group="broker", order=10, command=installation.broker_command)
    yield Program(name="web", group="web", order=20, command=_web(installation))
    if installation.demo_port is not None:
        port = str(installation.demo_port)
        yield Program(
            name="demo",
            group="demo",
            order=25,
            command=(installation.python, "-m", "demo", "--port", port, "--share-port"),
        )
    for kind in WORKERS:
        yield Program(
            name=kind.name,
            group="workers",
            order=30,
            command=_worker(installation, kind),
            wave=Wave.WHEN_THE_SITE_ANSWERS if kind.name in FIRST else Wave.WHEN_IT_RUNS,
            stop_within=SLICE_GRACE,
            environment=steady.ENVIRONMENT,
        )
    # beat takes a core while the site takes another; with the workers it would be in their way
    yield Program(name="beat", group="beat", order=40, command=_beat(installation))


def _web(installation: Installation) -> tuple[str, ...]:
    return (
        *(installation.python, "-m", "gunicorn", "--config", "python:webui.processes.gunicorn", "webui.wsgi"),
        *("--bind", bind_address(installation.host, installation.port)),
    )


def _worker(installation: Installation, kind: WorkerKind) -> tuple[str, ...]:
    return (
        *_celery(installation, "worker"),
        *("-n", f"{installation.node_name(kind.name)}@%h"),
        *("-Q", ",".join(queue.value for queue in kind.queues)),
        *("-c", str(_concurrency(installation, kind))),
        *("--without-gossip", "--without-mingle", "--loglevel", "INFO"),
    )


def _concurrency(installation: Installation, kind: WorkerKind) -> int:
    return {"worker": installation.workers, CONTROL: CONTROL_CONCURRENCY}.get(kind.name, 1)


def _beat(installation: Installation) -> tuple[str, ...]:
    return (*_celery(installation, "beat"), "--pidfile=", "--loglevel", "INFO")


def _celery(installation: Installation, name: str) -> tuple[str, ...]:
    return (installation.python, "-m", "webui.processes.celery", "-A", "webui", name)


def bind_address(host: str, port: int) -> str:
    """Return `host:port`, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
