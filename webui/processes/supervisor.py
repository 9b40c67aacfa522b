"""The running supervisord: start it, ask it, stop it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast
from xmlrpc.client import Fault, ServerProxy

from supervisor.xmlrpc import SupervisorTransport

from webui.processes import configuration, guardian
from webui.processes.errors import CannotStart, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from webui.processes.layout import Program

ANSWER_WITHIN = timedelta(seconds=15)
STOP_WITHIN = timedelta(seconds=75)
LAST_LINES = 15
NO_WAIT = False


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What supervisord says of one program; `word` is one of its states, such as RUNNING or FATAL.

    `started` is when it was last started, in whole seconds since 1970 (0 for never).
    """

    name: str
    group: str
    word: str
    log: Path
    started: int
    ran_for: timedelta

    def last_lines(self) -> list[str]:
        """Return the end of the program's log."""
        try:
            return self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-LAST_LINES:]
        except OSError:
            return []


class Supervisor:
    """supervisord and everything it runs, as one thing that is either all there or all gone.

    supervisord leads a session of its own, which all its descendants stay in: leaving the `with` block
    stops them in order and then makes sure that the session is empty. A guardian does the latter
    when this process is killed and cannot.
    """

    def __init__(
        self,
        programs: Sequence[Program],
        *,
        base: Path,
        logs: Path,
        environment: Mapping[str, str],
        keep_open: Sequence[int] = (),
    ) -> None:
        """Prepare to run `programs`; the guardian keeps the descriptors `keep_open` until it is done."""
        self._programs = programs
        self._base = base
        self._logs = logs
        self._environment = {**os.environ, **environment}
        self._keep_open = keep_open
        self._folder = Path(tempfile.mkdtemp(prefix="trawl-"))  # a socket's path must be short
        self._daemon: subprocess.Popen[bytes] | None = None
        self._guardian: subprocess.Popen[bytes] | None = None
        self._pipe = -1

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def start(self, program: Program | State) -> None:
        """Start a program that does not run, without waiting for it; raises `Refused`."""
        self._call("startProcess", f"{program.group}:{program.name}", NO_WAIT)

    def states(self) -> list[State]:
        """Return the state of each program; raises `CannotStart` when supervisord itself is gone."""
        return [_state(entry) for entry in cast("list[dict[str, Any]]", self._call("getAllProcessInfo"))]

    def _start(self) -> None:
        self._logs.mkdir(parents=True, exist_ok=True)
        user = "root" if os.geteuid() == 0 else None
        text = configuration.supervisord(
            self._programs, base=self._base, logs=self._logs, folder=self._folder, user=user
        )
        file = self._folder / "supervisord.conf"
        file.write_text(text, encoding="utf-8")
        with (self._folder / "output").open("wb") as output:
            self._daemon = subprocess.Popen(
                [sys.executable, "-m", "supervisor.supervisord", "-c", str(file)],
                cwd=self._base,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self._post_guardian(self._daemon.pid)
        self._await_answer()

    def _post_guardian(self, session: int) -> None:
        reading, self._pipe = os.pipe()
        program = [
            sys.executable,
            "-I",
            "-S",
            guardian.__file__,
            str(session),
            str(reading),
            str(self._folder),
        ]
        self._guardian = subprocess.Popen(
            program,
            stdin=subprocess.DEVNULL,
            pass_fds=(reading, *self._keep_open),
            start_new_session=True,
        )
        os.close(reading)

    def _await_answer(self) -> None:
        deadline = time.monotonic() + ANSWER_WITHIN.total_seconds()
        while True:
            try:
                self._call("getState")
            except CannotStart:
                if self._has_ended() or time.monotonic() > deadline:
                    output = (self._folder / "output").read_text(encoding="utf-8", errors="replace").strip()
                    raise CannotStart(f"supervisord does not start: {output or 'it says nothing'}") from None
                time.sleep(0.02)
            else:
                return

    def _has_ended(self) -> bool:
        return self._daemon is None or self._daemon.poll() is not None

    def _call(self, method: str, *arguments: object) -> object:
        transport = SupervisorTransport(None, None, f"unix://{self._folder / 'sock'}")
        try:
            with ServerProxy("http://localhost", transport=transport) as proxy:
                return getattr(proxy.supervisor, method)(*arguments)
        except Fault as fault:
            raise Refused(f"supervisord refuses {method}: {fault.faultString}") from fault
        except (OSError, HTTPException) as error:
            raise CannotStart(f"supervisord has ended; see {self._logs / 'supervisord.log'}") from error

    def _stop(self) -> None:
        try:
            if self._daemon is not None:
                self._stop_daemon(self._daemon)
        finally:
            self._dismiss_guardian()
            shutil.rmtree(self._folder, ignore_errors=True)

    def _stop_daemon(self, daemon: subprocess.Popen[bytes]) -> None:
        """Stop in order; when that is interrupted or takes too long, end at once what is left."""
        try:
            self._call("shutdown")
        except CannotStart:
            daemon.terminate()
        try:
            daemon.wait(STOP_WITHIN.total_seconds())
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            daemon.kill()
        guardian.end(daemon.pid, orderly_seconds=0)
        daemon.wait()

    def _dismiss_guardian(self) -> None:
        if self._guardian is None:
            return
        with suppress(BrokenPipeError):
            os.write(self._pipe, b".")
        os.close(self._pipe)
        self._guardian.wait()


def _state(entry: dict[str, Any]) -> State:
    return State(
        name=entry["name"],
        group=entry["group"],
        word=entry["statename"],
        log=Path(entry["stdout_logfile"]),
        started=entry["start"],
        ran_for=timedelta(seconds=entry["now"] - entry["start"]),
    )
