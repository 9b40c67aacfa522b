"""One running service for each var/ folder."""

from __future__ import annotations

import fcntl
import json
import os
import time
from contextlib import contextmanager
from datetime import timedelta
from typing import IO, TYPE_CHECKING

from webui.processes.errors import CannotStart

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATIENCE = timedelta(seconds=10)


@contextmanager
def held(path: Path, *, url: str, patience: timedelta = PATIENCE) -> Iterator[IO[str]]:
    """Hold the lock on `path` and write into it who holds it; raises `CannotStart` when another does.

    A holder that was killed leaves its lock with the guardian that ends its processes, for a few
    seconds: that is waited for.
    """
    with path.open("a+", encoding="utf-8") as file:
        _take(file, patience)
        file.truncate(0)
        file.write(json.dumps({"pid": os.getpid(), "url": url}))
        file.flush()
        try:
            yield file
        finally:
            file.truncate(0)


def _take(file: IO[str], patience: timedelta) -> None:
    deadline = time.monotonic() + patience.total_seconds()
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid, url = _holder(file)
            if _alive(pid) or time.monotonic() > deadline:
                raise CannotStart(f"already running at {url} (process {pid}); stop it first") from None
            time.sleep(0.1)
        else:
            return


def _holder(file: IO[str]) -> tuple[int, str]:
    file.seek(0)
    try:
        written = json.loads(file.read())
    except ValueError:
        return 0, "an unknown address"
    return int(written["pid"]), str(written["url"])


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return pid > 0
