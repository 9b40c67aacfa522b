"""What tests start by a fork is what they would get from `subprocess.Popen`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import programs
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

TELLS = """
import os, sys
print(os.getcwd(), os.environ.get("COLOUR"), "HOME" in os.environ, sys.argv[1:], os.getsid(0) == os.getpid())
print(__name__, *(name in sys.modules for name in ("django", "crawler.conf", "webui")), flush=True)
print("a complaint", file=sys.stderr)
sys.exit(3)
"""
WAITS = "import time\nprint('here', flush=True)\nwhile True:\n    time.sleep(0.02)\n"


class Written:
    """A program of a few lines, in a folder where it writes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.out, self.err = folder / "out", folder / "err"
        self.begun: list[programs.Forked] = []

    def start(self, lines: str, *words: str, new_session: bool = False) -> programs.Forked:
        (self.folder / "program.py").write_text(lines)
        with self.out.open("wb") as out, self.err.open("wb") as err:
            forked = programs.fork(
                [sys.executable, str(self.folder / "program.py"), *words],
                cwd=self.folder,
                environment={"COLOUR": "red"},
                stdout=out,
                stderr=err,
                new_session=new_session,
            )
        self.begun.append(forked)
        return forked


@pytest.fixture
def written(tmp_path: Path) -> Iterator[Written]:
    made = Written(tmp_path)
    yield made
    for forked in made.begun:
        forked.kill()
        forked.wait()


def test_program_has_its_own_words_folder_environment_and_outputs(written: Written) -> None:
    assert written.start(TELLS, "a", "b c", new_session=True).wait(90) == 3
    told, modules = written.out.read_text().splitlines()
    assert told == f"{written.folder} red False ['a', 'b c'] True"
    assert modules == "__main__ True False False"
    assert written.err.read_text() == "a complaint\n"


def test_program_that_fails_says_where(written: Written) -> None:
    assert written.start("def fail():\n    raise ValueError('no')\nfail()\n").wait(90) == 1
    assert written.err.read_text().endswith("in fail\n    raise ValueError('no')\nValueError: no\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_program_ends_by_a_signal(written: Written, number: signal.Signals) -> None:
    waiting = written.start(WAITS)
    until(lambda: written.out.read_text() == "here\n")
    assert waiting.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        waiting.wait(0.01)
    waiting.send_signal(number)
    assert waiting.wait(90) == -number


def test_number_of_a_program_that_ended_is_nobody_elses_until_that_is_known(written: Written) -> None:
    ended = written.start("")
    status = Path(f"/proc/{ended.pid}/status")
    until(lambda: "State:\tZ" in status.read_text())
    os.kill(ended.pid, signal.SIGTERM)  # hits nobody
    assert (ended.wait(90), ended.poll()) == (0, 0)
    ended.send_signal(signal.SIGTERM)
    until(lambda: not status.exists())
