"""Which processes an installation consists of, and how each is started and stopped."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from crawler.queue import WORKERS, WorkerKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

WEB_WORKERS = 2
WEB_THREADS = 4
CONTROL_CONCURRENCY = 3
SLICE_GRACE = timedelta(seconds=35)

# selectolax frees every page's tree at once; with glibc's defaults each page then faults its memory in anew.
# 32 MiB is the most that glibc accepts as its mmap threshold.
STEADY_MEMORY = {"MALLOC_TRIM_THRESHOLD_": str(256 * 2**20), "MALLOC_MMAP_THRESHOLD_": str(32 * 2**20)}


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One supervised process.

    Programs start in the order of `order` and stop in the opposite order, one after another; those
    of the same `group` stop together. `early` ones start before the site answers, the others then.
    """

    name: str
    group: str
    order: int
    command: tuple[str, ...]
    early: bool = False
    stop_within: timedelta = timedelta(seconds=10)
    environment: Mapping[str, str] = field(default_factory=dict)


def programs(installation: Installation) -> tuple[Program, ...]:
    """Return what to run, in starting order: broker, web, demo shop, workers, beat."""
    return tuple(_programs(installation))


def _programs(installation: Installation) -> Iterator[Program]:
    if installation.broker_command:
        yield Program(
            name="broker", group="broker", order=10, early=True, command=installation.broker_command
        )
    yield Program(name="web", group="web", order=20, early=True, command=_web(installation))
    if installation.demo_port is not None:
        port = str(installation.demo_port)
        yield Program(
            name="demo",
            group="demo",
            order=25,
            early=True,
            command=(installation.python, "-m", "demo", "--port", port),
        )
    for kind in WORKERS:
        yield Program(
            name=kind.name,
            group="workers",
            order=30,
            command=_worker(installation, kind),
            stop_within=SLICE_GRACE,
            environment=STEADY_MEMORY,
        )
    yield Program(name="beat", group="beat", order=40, command=_beat(installation))


def _web(installation: Installation) -> tuple[str, ...]:
    return (
        *(installation.python, "-m", "gunicorn", "webui.wsgi"),
        *("--bind", bind_address(installation.host, installation.port)),
        *("--worker-class", "gthread", "--workers", str(WEB_WORKERS), "--threads", str(WEB_THREADS)),
        # One import for all workers halves the time until the site answers.
        *("--preload", "--no-control-socket", "--graceful-timeout", "8"),
    )


def _worker(installation: Installation, kind: WorkerKind) -> tuple[str, ...]:
    return (
        *(installation.python, "-m", "celery", "-A", "webui", "worker"),
        *("-n", f"{kind.name}.{installation.identity}@%h"),
        *("-Q", ",".join(queue.value for queue in kind.queues)),
        *("-c", str(_concurrency(installation, kind))),
        *("--without-gossip", "--without-mingle", "--loglevel", "INFO"),
    )


def _concurrency(installation: Installation, kind: WorkerKind) -> int:
    match kind.name:
        case "worker":
            return installation.workers
        case "worker-control":
            return CONTROL_CONCURRENCY
        case _:
            return 1


def _beat(installation: Installation) -> tuple[str, ...]:
    return (installation.python, "-m", "celery", "-A", "webui", "beat", "--pidfile=", "--loglevel", "INFO")


def bind_address(host: str, port: int) -> str:
    """Return `host:port`, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
