"""Outlives `up` by a moment: ends what it started when it could not do so itself.

Runs as a program of its own (`python -I -S guardian.py SESSION PIPE FOLDER`) and imports nothing of
Trawl. `up` holds the other end of PIPE. A byte on it means that all is done; its end without one means
that `up` was killed, and then every process of the SESSION that supervisord leads is ended.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

ORDERLY_SECONDS = 3.0
LOOK_EVERY_SECONDS = 0.05


def members(session: int) -> list[int]:
    """Return the processes of `session`, without those that have ended and only wait to be collected."""
    return [pid for pid in _processes() if _session_of(pid) == session and not _has_ended(pid)]


def end(session: int, *, orderly_seconds: float = ORDERLY_SECONDS) -> None:
    """Ask the leader of `session` to stop everything, and kill what is left after `orderly_seconds`."""
    deadline = time.monotonic() + orderly_seconds
    if orderly_seconds:
        _signal(session, signal.SIGTERM)
    while left := members(session):
        if time.monotonic() >= deadline:
            for pid in left:
                _signal(pid, signal.SIGKILL)
        time.sleep(LOOK_EVERY_SECONDS)


def _processes() -> list[int]:
    proc = Path("/proc")
    if (proc / "self").exists():
        return [int(entry.name) for entry in proc.iterdir() if entry.name.isdigit()]
    listed = subprocess.run(["ps", "-axo", "pid="], capture_output=True, text=True, check=True)
    return [int(word) for word in listed.stdout.split()]


def _session_of(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return -1


def _has_ended(pid: int) -> bool:
    try:
        return (
            Path(f"/proc/{pid}/stat")
            .read_text(encoding="utf-8", errors="replace")
            .rpartition(")")[2]
            .split()[0]
            == "Z"
        )
    except (OSError, IndexError):
        return False


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def main(session: int, pipe: int, folder: str) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if not os.read(pipe, 1):
        end(session)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
