"""Ending what was left running."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from webui.processes import guardian

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STUBBORN = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork():
    print("ready", flush=True)
else:
    os.setpgid(0, 0)
time.sleep(60)
"""


@pytest.fixture
def leader() -> Iterator[subprocess.Popen[str]]:
    """A session of two processes that ignore SIGTERM, one of them in a process group of its own."""
    with subprocess.Popen(
        [sys.executable, "-c", STUBBORN], start_new_session=True, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        guardian.end(process.pid, orderly_seconds=0)


def test_members_are_all_processes_of_the_session(leader: subprocess.Popen[str]) -> None:
    assert len(guardian.members(leader.pid)) == 2
    assert os.getpid() not in guardian.members(leader.pid)


def test_what_ignores_the_polite_request_is_killed(leader: subprocess.Popen[str]) -> None:
    guardian.end(leader.pid, orderly_seconds=0.1)
    assert guardian.members(leader.pid) == []


@pytest.mark.parametrize(("word", "left"), [(b"", 0), (b".", 2)])
def test_only_a_silent_end_of_the_pipe_means_that_up_was_killed(
    leader: subprocess.Popen[str], tmp_path: Path, word: bytes, left: int
) -> None:
    reading, writing = os.pipe()
    os.write(writing, word)
    os.close(writing)
    program = [sys.executable, "-I", "-S", guardian.__file__, str(leader.pid), str(reading), str(tmp_path)]
    subprocess.run(program, pass_fds=[reading], check=True, timeout=90)
    os.close(reading)
    assert len(guardian.members(leader.pid)) == left
