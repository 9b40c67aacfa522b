"""A process that has imported what Trawl is built on, and forks into each program that tests want started.

`python -m tests.starter FD MODULE ...` imports the modules and takes orders from the socket `FD`: to import
Django, Celery and the rest costs a second and a half of CPU, which hundreds of programs would each pay anew.
Nothing that reads the environment is imported before the fork: of Trawl all that knows no Django, no more.
It has no threads and opens no connections.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ORDER_BYTES: Final = 150_000
LOOKS_EVERY_SECONDS: Final = 0.02
WHOLE: Final = ".*"
"""Behind a package's name: it and all that is in it."""
IMPORTED: Final = (
    "ada_url",
    "celery.apps.beat",
    "celery.apps.worker",
    "celery.bin.beat",
    "celery.bin.worker",
    "celery.concurrency.prefork",
    "celery.fixups.django",
    "celery.loaders.app",
    "celery.worker.consumer",
    "charset_normalizer",
    "crawler.engine.*",
    "crawler.exports.*",
    "crawler.fetch.*",
    "crawler.frontier.*",
    "crawler.policy.*",
    "cron_descriptor",
    "cronsim",
    "crontab",
    "cryptography.fernet",
    "csp.constants",
    "cssselect",
    "django.contrib.admin",
    "django.core.cache.backends.redis",
    "django.core.management.commands.migrate",
    "django.db.backends.postgresql.psycopg_any",
    "django.db.backends.sqlite3.base",
    "django.forms",
    "django.test",
    "environ",
    "h2.connection",
    "httpcore",
    "httptools",
    "httpx",
    "jmespath",
    "kombu.transport.pyamqp",
    "kombu.transport.redis",
    "lxml.etree",
    "orjson",
    "price_parser",
    "prometheus_client",
    "psycopg",
    "pydantic.json_schema",
    "pydantic.main",
    "pydantic.types",
    "rapidfuzz.distance",
    "re2",
    "redis",
    "scrapers.*",
    "selectolax.lexbor",
    "structlog",
    "uvloop",
    "whitenoise.middleware",
    "yaml",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be run, as `subprocess.Popen` would be asked for it."""

    command: list[str]
    cwd: str
    environment: dict[str, str]
    new_session: bool

    def obey(self) -> None:
        """Become the program, as far as a process that has already begun can."""
        if self.new_session:
            os.setsid()
        # a shell has what it starts in the background ignore it, and so would all that is forked
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.chdir(self.cwd)
        os.environ.clear()
        os.environ.update(self.environment)
        _python, first, *rest = self.command
        if first == "-m":
            module, *arguments = rest
            sys.path[0] = self.cwd
            sys.argv[:] = [module, *arguments]
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        else:
            sys.path[0] = os.path.dirname(first)  # noqa: PTH120 - what Python itself does
            sys.argv[:] = [first, *rest]
            runpy.run_path(first, run_name="__main__")


def prepare(names: Iterable[str]) -> None:
    """Import everything, and leave it to all processes together."""
    for name in names:
        for module in _modules(name):
            importlib.import_module(module)
    if conf := sys.modules.get("django.conf"):
        assert not conf.settings.configured, "something read the settings before their environment is known"
    gc.collect()
    gc.freeze()


def _modules(name: str) -> Iterator[str]:
    package = name.removesuffix(WHOLE)
    yield package
    if package != name:
        inside = pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}.")
        yield from (module.name for module in inside)


class Starter:
    """Forks for each order, and tells its sender the number of the process and at last its status.

    A process that has ended keeps its number until its sender knows of the end, as a child of the sender's
    own would: nobody else can be hit by a signal that was meant for it.
    """

    def __init__(self, orders: socket.socket) -> None:
        self._orders = orders
        self._running: dict[int, socket.socket] = {}
        self._ended: dict[socket.socket, int] = {}

    def next_order(self) -> Order:
        """Return in each new process, what it has to do; whoever gives orders ends this one by closing."""
        while True:
            waits = LOOKS_EVERY_SECONDS if self._running else None
            for ready in select.select([self._orders, *self._ended], [], [], waits)[0]:
                if ready is not self._orders:
                    self._forget(ready)
                elif order := self._fork():
                    return order
            self._tell_ends()

    def _fork(self) -> Order | None:
        message, descriptors, _flags, _address = socket.recv_fds(self._orders, ORDER_BYTES, 4)
        if not message:
            raise SystemExit
        sender = socket.socket(fileno=descriptors[0])
        if (pid := os.fork()) == 0:
            for known in (self._orders, sender, *self._running.values(), *self._ended):
                known.close()
            take(descriptors[1:])
            return Order(**json.loads(message))
        for descriptor in descriptors[1:]:
            os.close(descriptor)
        self._running[pid] = sender
        tell(sender, pid)
        return None

    def _tell_ends(self) -> None:
        for pid in list(self._running):
            how = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if how is not None:
                sender = self._running.pop(pid)
                tell(sender, how.si_status if how.si_code == os.CLD_EXITED else -how.si_status)
                self._ended[sender] = pid

    def _forget(self, sender: socket.socket) -> None:
        os.waitpid(self._ended.pop(sender), 0)
        sender.close()


def take(files: list[int]) -> None:
    """Make descriptors standard input, output and error."""
    for place, descriptor in enumerate(files):
        os.dup2(descriptor, place)
        os.close(descriptor)


def tell(sender: socket.socket, number: int) -> None:
    with suppress(BrokenPipeError):
        sender.send(str(number).encode())


if __name__ == "__main__":
    given = socket.socket(fileno=int(sys.argv[1]))
    prepare(sys.argv[2:])
    Starter(given).next_order().obey()
