"""`up`: everything starts, and nothing is left."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import programs
from tests.waiting import until
from webui.processes import addresses, guardian, health

if TYPE_CHECKING:
    from collections.abc import Callable

BASE = Path(__file__).resolve().parents[3]
OURS = ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "ADMIN_PASSWORD", "ALLOWED_HOSTS", "EGRESS_ALLOW")

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]


class Up:
    """A running `up`, with its output in a file."""

    def __init__(self, var: Path, *options: str, ignoring: str = "", **variables: str) -> None:
        """Start it with `options`, leading a process group; it inherits the signals `ignoring` as ignored."""
        self.var = var
        self.port = addresses.free_port()
        self.site = health.Site(host="127.0.0.1", port=self.port)
        self.output = var.with_suffix(".out")
        self.began = time.monotonic()
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [
                    *("sh", "-c", f"trap '' {ignoring}; exec \"$@\"" if ignoring else 'exec "$@"', "sh"),
                    *command("--port", str(self.port), *options),
                ],
                cwd=BASE,
                env=environment(var, **variables),
                stdout=output,
                stderr=output,
                process_group=0,
            )

    def until(self, done: Callable[[], bool], *, within_seconds: float) -> float:
        """Wait until `done`, and return the seconds since the start."""
        deadline = time.monotonic() + within_seconds
        while not done():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.05)
        return time.monotonic() - self.began

    def until_ready(self) -> None:
        self.until(lambda: "is running at" in self.said(), within_seconds=200)

    def said(self) -> str:
        return self.output.read_text(errors="replace")

    def session(self) -> int:
        """Return the session that all of its processes are in."""
        pids = subprocess.run(
            ["pgrep", "-P", str(self.process.pid), "-f", "supervisord"],
            capture_output=True,
            text=True,
            check=True,
        )
        return int(pids.stdout.split()[0])

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def command(*options: str) -> list[str]:
    return [sys.executable, "manage.py", "up", "--workers", "1", *options]


def environment(var: Path, **variables: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in OURS}
    return {**kept, "TRAWL_VAR": str(var), **variables}


def refused(var: Path, *options: str, **variables: str) -> str:
    """Return what `up` says when it does not start; it must be one line and status 1."""
    out, err = var.with_suffix(".refused.out"), var.with_suffix(".refused.err")
    with out.open("wb") as stdout, err.open("wb") as stderr:
        done = programs.fork(
            command(*options),
            cwd=BASE,
            environment=environment(var, **variables),
            stdout=stdout,
            stderr=stderr,
        )
    try:
        assert done.wait(150) == 1, out.read_text() + err.read_text()
    finally:
        done.kill()
        done.wait()
    assert len(err.read_text().splitlines()) == 1, err.read_text()
    assert "password" not in out.read_text(), out.read_text()
    return err.read_text()


@pytest.fixture
def var(tmp_path: Path) -> Path:
    folder = tmp_path / "var"
    folder.mkdir()
    return folder


def test_a_first_start_makes_everything_and_the_next_one_finds_it(var: Path) -> None:
    first = Up(var, "--demo")
    try:
        check_first(first)
        session = first.session()
        check_started_again(first, session)
        first.process.kill()
        first.process.wait()
        until(lambda: guardian.members(session) == [], what="the end of all that a killed `up` had started")
    finally:
        first.end()
    again = Up(var, "--demo", ignoring="INT HUP")
    try:
        again.until_ready()
        assert "password" not in again.said()
        assert shop_of(again) == shop_of(first)
        check_end_by_ctrl_c(again)
    finally:
        again.end()


def check_first(up: Up) -> None:
    """Check what a first start makes, and that it is the only one."""
    up.until(lambda: up.site.is_ok("/healthz"), within_seconds=120)
    up.until(lambda: up.site.is_ok("/readyz"), within_seconds=120)
    up.until_ready()
    assert json.loads((up.var / "up.lock").read_text()) == {
        "pid": up.process.pid,
        "url": f"http://127.0.0.1:{up.port}/",
    }
    assert "already running at" in refused(up.var, "--port", str(addresses.free_port()))
    check_private(up.var)
    assert re.search(r"administrator is admin with the password \S{16,}", up.said())


def shop_of(up: Up) -> int:
    found = re.search(r"demo shop is at +http://127\.0\.0\.1:(\d+)/", up.said())
    assert found is not None, up.said()
    return int(found[1])


def check_started_again(up: Up, session: int) -> None:
    """Check that a killed process is started again; the demo shop gives its port to nobody meanwhile."""
    shop = health.Site(host="127.0.0.1", port=shop_of(up))
    assert shop.is_ok("/robots.txt")
    kill(session, b"demo")
    assert not listens(shop.port)
    up.until(lambda: shop.is_ok("/robots.txt"), within_seconds=120)
    kill(session, b"beat")
    up.until(lambda: "spawned: 'beat'" in after_the_end_of_beat(up.var), within_seconds=150)
    assert len(guardian.members(session)) > 6


def check_end_by_ctrl_c(up: Up) -> None:
    """Check that Ctrl-C ends a start by nohup in a script, and the end of its terminal does not."""
    session = up.session()
    before = len(supervised(up.var))
    os.killpg(up.process.pid, signal.SIGHUP)
    os.killpg(up.process.pid, signal.SIGINT)
    assert up.process.wait(150) == 0
    assert guardian.members(session) == []
    assert stopped_in_order(supervised(up.var)[before:]) == ["beat", "workers", "demo", "web", "broker"]
    assert not (up.var / "broker" / "url").exists()


def listens(port: int) -> bool:
    """Say whether a stranger's server can have the port."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def check_private(var: Path) -> None:
    for name in ("secret_key", "encryption_key", "trawl.sqlite3", "broker/url", "broker/valkey.conf"):
        assert stat.S_IMODE((var / name).stat().st_mode) == 0o600, name


def supervised(var: Path) -> str:
    """Return what supervisord wrote, in this start and in those before."""
    return (var / "log" / "supervisord.log").read_text()


def stopped_in_order(log: str) -> list[str]:
    names = re.findall(r"stopped: (\S+)", log)
    groups = ["workers" if name.startswith("worker") else name for name in names]
    return list(dict.fromkeys(groups))


def kill(session: int, word: bytes) -> None:
    """Kill the process of a session that has `word` in its command line."""
    commands = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in guardian.members(session)}
    os.kill(next(pid for pid, words in commands.items() if b"\0" + word + b"\0" in words), signal.SIGKILL)


def after_the_end_of_beat(var: Path) -> str:
    return supervised(var).partition("exited: beat")[2]


def test_a_process_that_cannot_start_is_named_with_the_end_of_its_log(var: Path) -> None:
    broken = Up(
        var, USER_AGENT="x", LOG_LEVEL="INFO", GUNICORN_CMD_ARGS="--worker-class=nonsense --workers=x"
    )
    try:
        assert broken.process.wait(200) == 1
        assert "up: web does not start" in broken.said()
        assert "invalid int value: 'x'" in broken.said()
    finally:
        broken.end()


def test_a_port_in_use_is_one_line(var: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert refused(var, "--port", str(port)) == f"up: port {port} is in use; choose another with --port\n"


def test_an_unreachable_broker_is_one_line(var: Path) -> None:
    url = f"redis://127.0.0.1:{addresses.free_port()}/0"
    assert "the broker of REDIS_URL" in refused(var, "--port", str(addresses.free_port()), REDIS_URL=url)


@pytest.mark.parametrize("name", ["REDIS_URL", "CELERY_BROKER_URL"])
def test_a_broker_that_cannot_be_used_is_one_line_that_names_those_that_can(var: Path, name: str) -> None:
    said = refused(var, "--port", str(addresses.free_port()), **{name: "nonsense"})
    assert said.startswith(f"trawl: {name} must be a URL such as redis://HOST:6379/0")


def test_an_unreachable_database_is_one_line(var: Path) -> None:
    url = f"postgresql://trawl@127.0.0.1:{addresses.free_port()}/trawl"
    assert "the database cannot be reached" in refused(
        var, "--port", str(addresses.free_port()), DATABASE_URL=url
    )


def test_a_setting_that_does_not_fit_is_one_line(var: Path) -> None:
    said = refused(var, "--port", str(addresses.free_port()), SLICE_SECONDS="100")
    assert said.startswith("up: SLICE_SECONDS=100 does not fit Celery's limits")
