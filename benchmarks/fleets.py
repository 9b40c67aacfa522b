"""What the crawling processes of an installation use: CPU from /proc, and waits for the database's locks."""

from __future__ import annotations

import os
import platform
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PROC = Path("/proc")
WORKER = "worker."
SAMPLE_EVERY_SECONDS = 0.02
SLEEPING = {"x86_64": ("35", "230"), "aarch64": ("101", "115")}.get(platform.machine(), ())
"""The numbers of the system calls nanosleep and clock_nanosleep."""

WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
    "AND pid <> pg_backend_pid() AND state <> 'idle' AND wait_event_type = 'Lock'"
)


def cpu_seconds(var: Path) -> float:
    """Return what the processes that crawl for the installation in `var` have used since they began.

    Those of the worker that serves all lanes: its own process and its children, ended ones included.
    """
    ticks = sum(_ticks((folder / "stat").read_text()) for folder in _crawlers(var))
    return ticks / os.sysconf("SC_CLK_TCK")


def _crawlers(var: Path) -> Iterable[Path]:
    for folder in PROC.iterdir():
        if folder.name.isdecimal():
            try:
                command = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
                environment = (folder / "environ").read_bytes().split(b"\0")
            except OSError:  # ended meanwhile, or somebody else's
                continue
            if f"TRAWL_VAR={var}".encode() in environment and is_crawler(command):
                yield folder


def is_crawler(command: list[str]) -> bool:
    """Say whether this is the command of the worker that serves all lanes."""
    programs = {word.rpartition(".")[2] for word in command}
    return "celery" in programs and any(word.startswith(WORKER) for word in command)


def _ticks(stat: str) -> int:
    """Return user and system time with that of children who were waited for, from `/proc/<pid>/stat`."""
    fields = stat.rpartition(")")[2].split()
    return sum(map(int, fields[11:15]))


@dataclass(slots=True)
class LockWaits:
    """How often anybody was seen to wait for a lock of the database, in how many looks."""

    looks: int = 0
    waiting: int = 0

    def share(self, *, processes: int) -> float | None:
        """Return which part of the wall time of so many processes went by in waiting; None when unknown."""
        return self.waiting / (self.looks * processes) if self.looks else None


@contextmanager
def lock_waits(var: Path, database_url: str | None) -> Iterator[LockWaits]:
    """Look who waits while the block lasts: PostgreSQL tells, SQLite sleeps until it tries again."""
    found, stop = LockWaits(), threading.Event()
    look = partial(_ask_server, database_url) if database_url else partial(_watch_sleepers, var)
    looking = threading.Thread(target=look, args=(found, stop), daemon=True)
    looking.start()
    try:
        yield found
    finally:
        stop.set()
        looking.join()


def _ask_server(database_url: str, found: LockWaits, stop: threading.Event) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        while not stop.wait(SAMPLE_EVERY_SECONDS):
            row = connection.execute(WAITING).fetchone()
            found.looks += 1
            found.waiting += row[0] if row else 0


def _watch_sleepers(var: Path, found: LockWaits, stop: threading.Event) -> None:
    crawlers = list(_crawlers(var))
    with suppress(OSError):  # where the system does not tell, nothing is known
        while SLEEPING and not stop.wait(SAMPLE_EVERY_SECONDS):
            waiting = sum(sleeps(folder) for folder in crawlers)
            found.looks += 1
            found.waiting += waiting


def sleeps(folder: Path) -> bool:
    """Say whether a thread of the process in this folder of /proc sleeps for a time.

    That is how SQLite waits for a lock. Whatever else a worker waits for wakes it: a socket, another thread.
    """
    calls = (task / "syscall" for task in (folder / "task").iterdir())
    return any(call.read_text().split(" ", 1)[0] in SLEEPING for call in calls)
