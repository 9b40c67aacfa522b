"""A terminal to crawl in: an installation of its own, and the demo shop at one fixed hour."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from demo import catalogue
from tests import environment, programs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BASE = Path(__file__).resolve().parents[3]
EPOCH = 5
WITHIN_SECONDS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What a crawl left behind: its exit status, and what it wrote."""

    status: int
    out: str
    said: str

    @property
    def items(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crawl:
    """A crawl that is under way; what it writes goes to files, so that no pipe is ever full."""

    process: programs.Program
    written: Path
    complaints: Path

    @property
    def out(self) -> str:
        return self.written.read_text()

    def until(self, done: Callable[[], bool]) -> Crawl:
        deadline = time.monotonic() + WITHIN_SECONDS
        while not done():
            assert self.process.poll() is None, self.complaints.read_text()
            assert time.monotonic() < deadline, "it takes too long"
            time.sleep(0.02)
        return self

    def send(self, number: int) -> Crawl:
        self.process.send_signal(number)
        return self

    def end(self) -> Ended:
        status = self.process.wait(timeout=WITHIN_SECONDS)
        return Ended(status=status, out=self.out, said=self.complaints.read_text())


class Terminal:
    """Where `crawl` is typed: a folder with its own database, and files beside it."""

    def __init__(
        self, var: Path, files: Path, *, start: Callable[..., programs.Program] = programs.fork
    ) -> None:
        """`start` is how programs are started there; a fork is quicker, and what it starts the same."""
        var.mkdir(exist_ok=True)
        self._start = start
        self.var = var
        self.files = files
        self.environment = {
            **{name: value for name, value in os.environ.items() if name != "DATABASE_URL"},
            "TRAWL_VAR": str(var),
            "EGRESS_ALLOW": "127.0.0.0/8",
        }
        self._begun: list[Crawl] = []

    def begin(self, *words: object, out: int | None = None, **variables: str) -> Crawl:
        """Start a crawl and let it go on; `out` is a descriptor to write to instead of a file."""
        name = f"crawl-{len(self._begun)}"
        written, complaints = self.var / f"{name}.out", self.var / f"{name}.err"
        with written.open("wb") as own, complaints.open("wb") as said:
            process = self._start(
                [sys.executable, str(BASE / "manage.py"), "crawl", *map(str, words)],
                cwd=self.files,
                environment={**self.environment, **variables},
                stdout=own if out is None else out,
                stderr=said,
            )
        self._begun.append(Crawl(process=process, written=written, complaints=complaints))
        return self._begun[-1]

    def crawl(self, *words: object, **variables: str) -> Ended:
        """Crawl to the end."""
        return self.begin(*words, out=None, **variables).end()

    def lines(self, name: str) -> list[dict[str, Any]]:
        """Return what a file of JSON lines holds, as far as its lines are whole."""
        path = self.files / name
        text = path.read_text() if path.exists() else ""
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def close(self) -> None:
        for crawl in self._begun:
            if crawl.process.poll() is None:
                crawl.process.kill()
                crawl.process.wait()


@dataclass(frozen=True, slots=True)
class Shop:
    """The demo shop at `url`, where time stands still."""

    url: str
    names: frozenset[str]


@pytest.fixture(scope="session")
def shop() -> Iterator[Shop]:
    command = [sys.executable, "-m", "demo", "--port", "0", "--epoch", str(EPOCH)]
    server = subprocess.Popen(command, cwd=BASE, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        url = server.stdout.readline().removeprefix("demo shop: ").strip()
        yield Shop(url, frozenset(product.name for product in catalogue.products(epoch=EPOCH)))
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=60)
        server.stdout.close()


@pytest.fixture(scope="session")
def made() -> Path:
    """A folder with a database that a first crawl has made, once for a whole test run; it fetched nothing."""
    folder = Path(os.environ[environment.VAR]) / "made"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "whole").exists():
            terminal = Terminal(folder / "var", folder, start=programs.start)
            ended = terminal.crawl("http://127.0.0.1:1/", "--delay", 0)
            assert ended.status == 1, ended.said
            (folder / "whole").touch()
    return folder / "var"


@pytest.fixture
def terminal(made: Path, tmp_path: Path) -> Iterator[Terminal]:
    yield from opened(made, tmp_path, programs.fork)


@pytest.fixture
def real_terminal(made: Path, tmp_path: Path) -> Iterator[Terminal]:
    """One whose programs are started as a person's shell does."""
    yield from opened(made, tmp_path, programs.start)


def opened(made: Path, folder: Path, start: Callable[..., programs.Program]) -> Iterator[Terminal]:
    var, files = folder / "var", folder / "files"
    shutil.copytree(made, var)
    files.mkdir()
    terminal = Terminal(var, files, start=start)
    yield terminal
    terminal.close()
