"""`up`: starts the whole service on this machine and stays until it is stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from argparse import ArgumentTypeError
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import timezone

from crawler import checks
from crawler.stores import schema
from webui import env
from webui.processes import addresses, administrator, broker, database, health, lock
from webui.processes.errors import CannotStart, Refused
from webui.processes.layout import Installation, programs
from webui.processes.restarting import Restarts
from webui.processes.starting import Start
from webui.processes.supervisor import Supervisor

if TYPE_CHECKING:
    from django.core.management.base import CommandParser

WATCH_EVERY = timedelta(seconds=2)
DEMO_PORT = 8001


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The options of the command."""

    host: str
    port: int
    workers: int
    demo: bool


class Command(BaseCommand):
    """Migrates, makes the first administrator, starts every process, and stops them all at the end."""

    help = "Start the service: broker, web site, workers and schedules. Ctrl-C stops it."
    requires_system_checks = ()  # those of the settings are asked below

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=_port, default=8000, help="port of the web site (default: 8000)")
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
        parser.add_argument(
            "--workers",
            type=_count,
            default=_cores(),
            help="pages are fetched by N processes (default: the cores)",
        )
        parser.add_argument("--demo", action="store_true", help="also serve a small shop and crawl it")

    def handle(self, *_args: Any, **options: Any) -> None:
        _heed_signals()
        os.umask(0o077)  # what is kept in var/ is for this user only
        asked = Asked(**{name: options[name] for name in Asked.__slots__})
        try:
            _require_settings_that_fit()
            self._serve(asked)
        except KeyboardInterrupt:
            self._say("Stopped.")
        except CannotStart as error:
            self.stderr.write(f"up: {error}")
            sys.exit(1)

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()

    def _serve(self, asked: Asked) -> NoReturn:
        var = Path(settings.VAR_DIR)
        with ExitStack() as stack:
            held = stack.enter_context(lock.held(var / "up.lock", url=addresses.url(asked.host, asked.port)))
            addresses.require_free(asked.host, asked.port)
            database.require_reachable()
            if broker.end_left_over(var / "broker"):
                self._say("Ended the broker that a killed start had left behind")
            stack.callback((var / "broker" / "url").unlink, missing_ok=True)
            installation, environment = _installation(asked, var, _demo_port(asked, var, stack))
            self._prepare_database(var)  # changes something, so what can be refused was refused before
            running = stack.enter_context(
                Supervisor(
                    programs(installation),
                    base=installation.base,
                    logs=var / "log",
                    environment=environment,
                    keep_open=[held.fileno()],
                )
            )
            stack.callback(self._say, "Stopping ...")
            self._start(running, installation)
            if installation.demo_port is not None:
                _register_demo(installation, environment)
            self._welcome(asked, installation)
            self._watch(running)

    def _prepare_database(self, var: Path) -> None:
        if schema.is_behind():
            file = database.sqlite_file()
            if file is not None:
                copy = database.back_up(file, var / "backups", now=timezone.now())
                self._say(f"Copied the database to {copy}")
            self._say("Bringing the database up to date ...")
            database.migrate()
        made = administrator.make_first(env.text("ADMIN_PASSWORD"))
        if made and not env.text("ADMIN_PASSWORD"):
            self._say(f"\nThe first administrator is {made.name} with the password {made.password}")
            self._say(f"It is not shown again; ./run changepassword {made.name} sets another.\n")

    def _start(self, running: Supervisor, installation: Installation) -> None:
        site = health.Site(
            host=addresses.reachable_host(installation.host),
            port=installation.port,
            name=health.name_among(env.words("ALLOWED_HOSTS")),
        )
        self._say("Starting ...")
        start = Start(running=running, installation=installation, site=site)
        start.complete()
        if installation.demo_port is not None:
            shop = health.Site(host="127.0.0.1", port=installation.demo_port)
            start.await_path(shop, "/robots.txt")

    def _welcome(self, asked: Asked, installation: Installation) -> None:
        self._say(f"\nTrawl is running at {addresses.url(asked.host, asked.port)}")
        if installation.demo_port is not None:
            self._say(f"The demo shop is at   http://127.0.0.1:{installation.demo_port}/")
            opens = f"EGRESS_ALLOW=127.0.0.1/32:{installation.demo_port}"
            self._say(f"To crawl it by hand   export {opens}")
        self._say(f"Logs are in           {installation.var / 'log'}")
        self._say("Ctrl-C stops it.\n")

    def _watch(self, running: Supervisor) -> NoReturn:
        """Try again what supervisord has given up on, until a signal ends this process."""
        restarts = Restarts()
        while True:
            time.sleep(WATCH_EVERY.total_seconds())
            due, said = restarts.look(running.states(), now=time.monotonic())
            for line in said:
                self.stderr.write(f"up: {line}")
            for state in due:
                with suppress(Refused):  # tried again, later
                    running.start(state)


def _require_settings_that_fit() -> None:
    for error in checks.settings_fit():
        raise CannotStart(f"{error.msg}; {error.hint}" if error.hint else error.msg)


def _installation(asked: Asked, var: Path, demo_port: int | None) -> tuple[Installation, dict[str, str]]:
    """Return what to run, and the environment it needs beyond this process's own."""
    broker_command, broker_address = _broker(var / "broker")
    hosts = env.text("ALLOWED_HOSTS") or ",".join(addresses.names(asked.host))
    installation = Installation(
        python=sys.executable,
        base=Path(settings.BASE_DIR),
        var=var,
        host=asked.host,
        port=asked.port,
        workers=asked.workers,
        broker_command=broker_command,
        demo_port=demo_port,
    )
    # The checks of the settings were asked already; for the others each worker would import every page.
    plain = {"PYTHONUNBUFFERED": "1", "CELERY_SKIP_CHECKS": "1", "ALLOWED_HOSTS": hosts}
    return installation, {**plain, **broker_address, **_allowing(demo_port)}


def _broker(folder: Path) -> tuple[tuple[str, ...] | None, dict[str, str]]:
    """Return the command of the embedded broker and its address; nothing where another is given."""
    given = [name for name in ("REDIS_URL", "CELERY_BROKER_URL") if env.text(name)]
    for name in given:
        broker.require_reachable(env.text(name), name=name)
    if given:
        return None, {}
    own = broker.embedded(folder)
    return own.command(), {"REDIS_URL": own.url}


def _demo_port(asked: Asked, var: Path, stack: ExitStack) -> int | None:
    """Return the demo shop's port, and keep it: no other server must ever be crawled in its place.

    It is that of the start before, so that the shop's pages keep their addresses.
    """
    if not asked.demo:
        return None
    file = var / "demo-port"
    keeper = stack.enter_context(
        addresses.reserved(preferred=addresses.remembered(file, otherwise=DEMO_PORT))
    )
    port = int(keeper.getsockname()[1])
    file.write_text(f"{port}\n", encoding="utf-8")
    return port


def _allowing(demo_port: int | None) -> dict[str, str]:
    """Return what allows workers to crawl the demo shop."""
    if demo_port is None:
        return {}
    return {"EGRESS_ALLOW": ",".join([*env.words("EGRESS_ALLOW"), f"127.0.0.1/32:{demo_port}"])}


def _register_demo(installation: Installation, environment: dict[str, str]) -> None:
    command = [
        installation.python,
        "manage.py",
        "demo_target",
        "--url",
        f"http://127.0.0.1:{installation.demo_port}/",
    ]
    done = subprocess.run(
        command,
        cwd=installation.base,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CannotStart(f"the demo shop could not be registered: {done.stderr.strip()[-500:]}")


def _heed_signals() -> None:
    """Stop at SIGINT also where a script's `&` had it ignored; SIGHUP stays ignored under nohup."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _interrupt)


def _interrupt(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _port(word: str) -> int:
    if not word.isdecimal() or not 1 <= int(word) <= 65_535:
        raise ArgumentTypeError(f"{word} is not a port (1 to 65535)")
    return int(word)


def _count(word: str) -> int:
    if not word.isdecimal() or int(word) < 1:
        raise ArgumentTypeError(f"{word} is not a number of processes")
    return int(word)
