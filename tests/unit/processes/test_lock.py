"""One service for each var/ folder."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from webui.processes import lock
from webui.processes.errors import CannotStart

if TYPE_CHECKING:
    from pathlib import Path


def test_a_second_service_is_told_where_the_first_one_is(tmp_path: Path) -> None:
    with (
        lock.held(tmp_path / "up.lock", url="http://127.0.0.1:8000/"),
        pytest.raises(CannotStart, match=rf"http://127.0.0.1:8000/ \(process {os.getpid()}\)"),
        lock.held(tmp_path / "up.lock", url="http://127.0.0.1:8001/"),
    ):
        pass


def test_the_lock_is_free_again_afterwards(tmp_path: Path) -> None:
    for _ in range(2):
        with lock.held(tmp_path / "up.lock", url="http://127.0.0.1:8000/"):
            pass


def test_the_clean_up_after_a_killed_service_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "up.lock"
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    with path.open("w") as guardian:
        guardian.write(json.dumps({"pid": gone.pid, "url": "http://127.0.0.1:8000/"}))
        guardian.flush()
        fcntl.flock(guardian, fcntl.LOCK_EX)
        threading.Timer(0.2, fcntl.flock, [guardian, fcntl.LOCK_UN]).start()
        with lock.held(path, url="http://127.0.0.1:8001/"):
            assert "8001" in path.read_text()


def test_waiting_ends(tmp_path: Path) -> None:
    path = tmp_path / "up.lock"
    with path.open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with (
            pytest.raises(CannotStart, match="already running at an unknown address"),
            lock.held(path, url="http://127.0.0.1:8001/", patience=timedelta(0)),
        ):
            pass
