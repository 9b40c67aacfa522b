"""Programs that tests start: from a process that has imported most of them already, which costs a tenth."""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from tests import starter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT: Final = Path(__file__).resolve().parents[1]
STARTS_WITHIN_SECONDS: Final = 120.0


class Forked:
    """A program that another process forked for us; for us it is what `subprocess.Popen` is.

    `returncode` is None until its end was asked for and it had ended; no signal is sent after that.
    """

    def __init__(self, command: Sequence[str], answers: socket.socket) -> None:
        self._command = list(command)
        self._answers = answers
        self.returncode: int | None = None
        self.pid = self._answer(STARTS_WITHIN_SECONDS)

    def poll(self) -> int | None:
        """Return its status, None while it runs."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """Return its status once it has ended. Raises `subprocess.TimeoutExpired`."""
        if self.returncode is None:
            self.returncode = self._answer(timeout)
            self._answers.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _answer(self, timeout: float | None) -> int:
        if not select.select([self._answers], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired(self._command, timeout or 0)
        answer = self._answers.recv(100)
        assert answer, "the process that starts programs is gone"
        return int(answer)


Program = Forked | subprocess.Popen[bytes]


def fork(
    command: Sequence[str],
    *,
    cwd: Path,
    environment: Mapping[str, str],
    stdout: int | IO[bytes],
    stderr: int | IO[bytes],
    stdin: int | IO[bytes] | None = None,
    new_session: bool = False,
    imported: tuple[str, ...] = starter.IMPORTED,
) -> Forked:
    """Start a Python program, `python -m MODULE ...` or `python FILE ...`; without `stdin` it reads nothing.

    What is read before a program's first line is as it was for this process: the flags of the interpreter and
    what the C library takes from its environment.
    """
    assert command[0] == sys.executable
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    order = {
        "command": list(command),
        "cwd": str(cwd),
        "environment": dict(environment),
        "new_session": new_session,
    }
    with theirs, Path(os.devnull).open("r+b", buffering=0) as nothing:
        files = [nothing if file in {None, subprocess.DEVNULL} else file for file in (stdin, stdout, stderr)]
        descriptors = [file if isinstance(file, int) else file.fileno() for file in files]
        socket.send_fds(_orders(imported), [json.dumps(order).encode()], [theirs.fileno(), *descriptors])
    return Forked(command, ours)


def start(
    command: Sequence[str],
    *,
    cwd: Path,
    environment: Mapping[str, str],
    stdout: int | IO[bytes],
    stderr: int | IO[bytes],
    new_session: bool = False,
) -> subprocess.Popen[bytes]:
    """Start a program as everybody does, for the tests that show that it starts."""
    return subprocess.Popen(
        command, cwd=cwd, env=environment, stdout=stdout, stderr=stderr, start_new_session=new_session
    )


@cache
def _orders(imported: tuple[str, ...]) -> socket.socket:
    """Start the process that forks, and return the socket for its orders; it ends with this one."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.starter", str(theirs.fileno()), *imported],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours
