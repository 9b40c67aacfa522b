"""The script `run`: finds Python, keeps .venv in step, passes words on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

BASE = Path(__file__).resolve().parents[3]
TOOLS = ("basename", "cat", "cmp", "cp", "dash", "dirname", "flock", "mkdir", "readlink", "rm", "sh", "touch")
GOOD_UV = """
case "$1 ${2:-}" in
--version*) exit 0 ;;
"venv "*) for folder; do :; done; mkdir -p "$folder/bin"
    cp "$PYTHON_HERE" "$folder/bin/python" ;;
"pip install") echo "installed" >>"$INSTALLS" ;;
esac
"""
# Runs programs as Python does, but has no modules to install with; gives its own path as that of Python.
PYTHON = """
case "$*" in
*"print(sys.executable)"*) echo "$0" ;;
*ensurepip* | "-m pip "* | "-m uv "* | "-m venv "*) exit 1 ;;
*) exec {python} "$@" ;;
esac
"""
MANAGE = "import os, sys\nprint(*sys.argv[1:], os.getcwd(), sep='|')\n"


class Machine:
    """A machine with little on it: a checkout of `run`, and the programs that a test adds."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "a checkout"
        self.bin = folder / "bin"
        self.installs = folder / "installs"
        for made in (self.root, self.bin):
            made.mkdir()
        for tool in (*TOOLS, "chmod"):
            found = shutil.which(tool)
            if found:
                (self.bin / tool).symlink_to(found)
        shutil.copy(BASE / "run", self.root / "run")
        (self.root / "requirements.txt").write_text("one\n")
        (self.root / "requirements-dev.txt").write_text("one\ntwo\n")
        (self.root / "manage.py").write_text(MANAGE)

    def add(self, name: str, script: str) -> None:
        program = self.bin / name
        program.write_text("#!/bin/sh\n" + script.replace("{python}", sys.executable))
        program.chmod(0o755)

    def run(self, *words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["dash", str(self.root / "run"), *words],
            cwd=cwd or self.root,
            env={
                "PATH": str(self.bin),
                "HOME": str(self.root),
                "INSTALLS": str(self.installs),
                "PYTHON_HERE": str(self.bin / "python3"),
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=150,
        )

    def times_installed(self) -> int:
        return len(self.installs.read_text().splitlines()) if self.installs.exists() else 0


@pytest.fixture
def bare(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture
def machine(bare: Machine) -> Machine:
    bare.add("uv", GOOD_UV)
    bare.add("python3", PYTHON)
    return bare


def only_line(text: str) -> str:
    lines: Sequence[str] = [line for line in text.splitlines() if not line.startswith("Making")]
    assert len(lines) == 1, text
    return lines[0]


@pytest.mark.parametrize("words", [[], ["help"], ["--help"]])
def test_help_needs_nothing(bare: Machine, words: list[str]) -> None:
    done = bare.run(*words)
    assert done.returncode == 0
    assert "./run up" in done.stdout


def test_no_python_is_one_line(bare: Machine) -> None:
    done = bare.run("up")
    assert done.returncode == 1
    assert "needs Python 3.11, 3.12 or 3.13" in only_line(done.stderr)


def test_names_that_do_not_run_are_passed_over(machine: Machine) -> None:
    machine.add("python3.13", 'echo "pyenv: python3.13: command not found" >&2; exit 127')
    assert machine.run("shell").returncode == 0


def test_a_named_python_that_does_not_fit_is_one_line(machine: Machine) -> None:
    done = subprocess.run(
        ["dash", str(machine.root / "run"), "up"],
        env={"PATH": str(machine.bin), "PYTHON": "/nowhere/python"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "PYTHON=/nowhere/python is not a working Python" in only_line(done.stderr)


def test_a_missing_venv_module_names_the_package(bare: Machine) -> None:
    bare.add("python3", PYTHON)
    done = bare.run("up")
    assert done.returncode == 1
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert f"sudo apt install python{version}-venv" in only_line(done.stderr)


def test_other_words_go_to_the_command_line_of_django_in_the_folder_of_the_caller(
    machine: Machine, tmp_path: Path
) -> None:
    done = machine.run("crawl", "http://a.test/ b", "-o", "out.csv", cwd=tmp_path)
    assert done.stdout == f"crawl|http://a.test/ b|-o|out.csv|{tmp_path}\n"


def test_an_unchanged_lock_installs_nothing(machine: Machine) -> None:
    for _ in range(3):
        assert machine.run("up").returncode == 0
    assert machine.times_installed() == 1


def test_a_changed_lock_installs_again(machine: Machine) -> None:
    machine.run("up")
    (machine.root / "requirements.txt").write_text("other\n")
    machine.run("up")
    assert machine.times_installed() == 2


def test_an_interrupted_install_is_begun_anew(machine: Machine) -> None:
    machine.run("up")
    (machine.root / ".venv" / ".installing").touch()
    (machine.root / ".venv" / "half").touch()
    assert machine.run("up").returncode == 0
    assert machine.times_installed() == 2
    assert not (machine.root / ".venv" / "half").exists()


def test_a_broken_interpreter_is_replaced(machine: Machine) -> None:
    machine.run("up")
    (machine.root / ".venv" / "bin" / "python").unlink()
    assert machine.run("up").returncode == 0
    assert machine.times_installed() == 2


def test_a_failed_install_says_so_and_is_tried_again(machine: Machine) -> None:
    machine.add("uv", GOOD_UV.replace('echo "installed" >>"$INSTALLS"', "exit 2"))
    done = machine.run("up")
    assert done.returncode == 1
    assert "installing requirements.txt failed" in done.stderr
    machine.add("uv", GOOD_UV)
    assert machine.run("up").returncode == 0
    assert machine.times_installed() == 1


def test_tests_install_the_lock_of_development_once(machine: Machine) -> None:
    (machine.root / "pytest.py").write_text("import sys\nprint(*sys.argv[1:])\n")
    assert machine.run("test", "tests/unit", "-k", "x").stdout == "-n 3 tests/unit -k x\n"
    machine.run("up")
    assert machine.times_installed() == 1


# Stands for pytest: of `failing` tests that fail at its first run, `lasting` fail again.
PYTEST = """
import json, pathlib, sys
again = "--last-failed" in sys.argv
failed = int(pathlib.Path("lasting" if again else "failing").read_text())
pathlib.Path("failing").write_text("0")
cache = pathlib.Path(".pytest_cache/v/cache")
cache.mkdir(parents=True, exist_ok=True)
(cache / "lastfailed").write_text(json.dumps({f"test_{number}": True for number in range(failed)}))
print("again" if again else "whole")
sys.exit(1 if failed else 0)
"""


@pytest.mark.parametrize(
    ("failing", "lasting", "status", "again"), [(0, 0, 0, 0), (3, 0, 0, 1), (3, 1, 1, 1), (4, 0, 1, 0)]
)
def test_few_failed_tests_are_run_once_more_and_named(
    machine: Machine, failing: int, lasting: int, status: int, again: int
) -> None:
    (machine.root / "pytest.py").write_text(PYTEST)
    (machine.root / "failing").write_text(str(failing))
    (machine.root / "lasting").write_text(str(lasting))

    done = machine.run("test")

    assert done.returncode == status
    assert done.stdout.split().count("again") == again
    assert ("UNSTEADY: 3 failed" in done.stderr) == (status == 0 and again == 1)


def test_an_unknown_benchmark_lists_those_there_are(machine: Machine) -> None:
    (machine.root / "benchmarks").mkdir()
    said = '"""Beside others.\n\n    ./run bench crawl [--site NAME]\n"""\n'
    (machine.root / "benchmarks" / "crawl.py").write_text(said)
    (machine.root / "benchmarks" / "figures.py").write_text('"""Where figures go."""\n')
    for name in ("nothing", "figures"):
        done = machine.run("bench", name)
        assert done.returncode == 1
        listed = done.stderr.partition("Benchmarks:")[2]
        assert listed.split("\n") == ["", "  crawl: Beside others.", ""]


def test_the_lock_of_development_holds_all_of_the_other() -> None:
    def pins(name: str) -> set[str]:
        lines = (BASE / name).read_text().splitlines()
        return {line.split(" ")[0] for line in lines if "==" in line and not line.startswith((" ", "#"))}

    assert pins("requirements.txt") <= pins("requirements-dev.txt")


@pytest.mark.parametrize("name", ["run", "entrypoint.sh", "manage.py", ".ci/run"])
def test_scripts_can_be_executed(name: str) -> None:
    assert os.access(BASE / name, os.X_OK)
