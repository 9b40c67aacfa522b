"""What the benchmark of several processes says of its samples, and how it reads /proc."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from benchmarks import fleets, scale
from benchmarks.scale import Sample
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path


def a_sample(processes: int, *, hosts: int = 20, cpu: float = 1.0, waiting: float | None = None) -> Sample:
    return Sample(
        hosts=hosts,
        processes=processes,
        pages=1_000,
        seconds=2.0 / processes,
        cpu_seconds=cpu,
        waiting=waiting,
        problems=(),
    )


def test_figures_are_beside_those_of_one_process(capsys: pytest.CaptureFixture[str]) -> None:
    assert scale.report([a_sample(1), a_sample(2, cpu=1.1, waiting=0.05)]) == 0

    printed = capsys.readouterr().out
    assert "| 20 | 1 | 500 | 1.00 | 1,000 | 1.00 | – |" in printed
    assert "| 20 | 2 | 1,000 | 2.00 | 1,100 | 1.10 | 5.0% |" in printed


def test_median_of_all_rounds_counts() -> None:
    found = scale.rows([a_sample(1, cpu=cpu) for cpu in (1.0, 9.0, 1.2)])

    assert [row.cpu_us_a_page for row in found] == pytest.approx([1_200])


def test_two_processes_that_pay_more_for_a_page_are_a_problem_on_several_hosts() -> None:
    dear = a_sample(2, cpu=1.2)

    assert scale.report([a_sample(1), dear]) == 1
    assert scale.report([a_sample(1), a_sample(4, cpu=1.2)]) == 0
    assert scale.report([a_sample(1, hosts=1), a_sample(2, hosts=1, cpu=1.2)]) == 0


def test_waits_of_more_than_a_tenth_are_a_problem() -> None:
    assert scale.report([a_sample(1, waiting=0.0), a_sample(2, waiting=0.11)]) == 1


def test_each_page_has_to_be_fetched_once_from_each_host() -> None:
    paths = ["/000/0.html", "/000/1.html"] * 2

    assert list(scale.fetched_once(paths, hosts=2, pages=2)) == []
    assert list(scale.fetched_once([*paths, "/000/1.html"], hosts=2, pages=2)) == [
        "1 pages were not fetched once from each host, such as /000/1.html"
    ]


def test_only_the_worker_of_all_lanes_is_counted() -> None:
    celery = ["python", "-m", "webui.processes.celery", "-A", "webui", "worker", "-n"]

    assert fleets.is_crawler([*celery, "worker.a1b2c3@%h"])
    assert not fleets.is_crawler([*celery, "worker-jobs.a1b2c3@%h"])
    assert not fleets.is_crawler(["python", "-m", "gunicorn"])


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")
def test_cpu_is_that_of_the_processes_of_one_installation(tmp_path: Path) -> None:
    work = "import sys\nfor _ in range(3_000_000): pass\nprint('done', flush=True)\nsys.stdin.read()"
    command = [sys.executable, "-c", work, "celery", "worker.a1b2c3@here"]
    environment = {**os.environ, "TRAWL_VAR": str(tmp_path)}
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        used, of_another = fleets.cpu_seconds(tmp_path), fleets.cpu_seconds(tmp_path / "other")
        process.communicate()

    assert used > 0
    assert of_another == 0


@pytest.mark.skipif(not fleets.SLEEPING, reason="the numbers of system calls are those of two processors")
@pytest.mark.parametrize(("work", "sleeps"), [("time.sleep(100)", True), ("sys.stdin.read()", False)])
def test_who_sleeps_is_told_from_who_waits_for_something(work: str, sleeps: bool) -> None:
    command = [sys.executable, "-c", f"import sys, time\nprint('ready', flush=True)\n{work}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        folder = fleets.PROC / str(process.pid)
        try:
            until(lambda: fleets.sleeps(folder) is sleeps)
        finally:
            process.kill()
