"""Pages that take too much memory: the system refuses it, and the beginning is read."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from crawler.engine import memory
from crawler.engine.memory import MemoryBound
from crawler.engine.reading import TimedReader, read_or_problem
from crawler.http import Fetched, Headers
from scrapers.reader import Facts, Reading
from tests.fakes.rules import some_rules

ROOT = Path(__file__).resolve().parents[3]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds what a process has")


def read_apart(limit_mebibytes: int, *names: str) -> dict[str, dict[str, Any]]:
    command = [sys.executable, "-m", "tests.unit.engine.heavy_pages", str(limit_mebibytes), *names]
    return dict(json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout))


def test_bombs_of_tags_end_within_their_memory_and_their_beginning_is_read() -> None:
    bombs = ("tags", "attributes", "reopened", "xpath", "json")

    said = read_apart(128, *bombs)

    # what was freed is kept by the process, and need not be asked for again
    assert max(said[name]["grown"] for name in bombs) < 128 + 32, said
    assert sum(said[name]["grown"] for name in bombs) < 2 * 128, said
    for name in bombs:
        assert said[name]["codes"][0] == "too_much_memory"
        assert (said[name]["title"], said[name]["links"], said[name]["truncated"]) == ("T", 1, True)
    assert "524,288 of its 20,97" in said["tags"]["message"]


def test_largest_honest_pages_are_read_whole_by_default() -> None:
    (said,) = read_apart(640, "table").values()

    assert (said["codes"], said["links"], said["truncated"]) == ([], 100_001, False)


def test_page_of_which_not_even_the_beginning_can_be_read_gives_nothing_and_says_so() -> None:
    tried: list[int] = []

    def read(page: Fetched) -> Reading:
        tried.append(len(page.body))
        raise MemoryError

    page = Fetched(
        url="http://a.test/",
        status=200,
        headers=Headers(),
        body=b"x" * 1_600,
        wire_bytes=0,
        elapsed_seconds=0,
    )
    with TimedReader() as reader:
        reading = read_or_problem(reader, some_rules(1, read=read), page, request=1)

    assert isinstance(reading, Reading)
    assert tried == [1_600, 100]
    assert reading.facts == Facts(parse_truncated=True)
    (problem,) = reading.problems
    assert problem.code == "too_much_memory"
    assert "; 0 of its 1,600 bytes were read" in problem.message


def test_bound_holds_while_the_work_runs_and_not_after() -> None:
    before = resource.getrlimit(resource.RLIMIT_DATA)
    with MemoryBound(64 * 2**20) as bound:
        with pytest.raises(MemoryError):
            bound.run(lambda: bytearray(512 * 2**20), page_bytes=0)
        assert resource.getrlimit(resource.RLIMIT_DATA) == before
        assert bound.run(lambda: resource.getrlimit(resource.RLIMIT_DATA), page_bytes=0) != before
    assert bound.run(lambda: resource.getrlimit(resource.RLIMIT_DATA), page_bytes=0) == before


def test_small_page_may_take_less_than_a_large_one() -> None:
    def limit() -> int:
        return resource.getrlimit(resource.RLIMIT_DATA)[0]

    with MemoryBound(640 * 2**20) as bound:
        small, large, largest = (bound.run(limit, page_bytes=size) for size in (0, 2**20, 20 * 2**20))

    # while it runs, this process may come to have a little more itself
    assert 250 < (large - small) / 2**20 < 320
    assert 120 < (largest - large) / 2**20 < 190


def test_system_that_does_not_tell_what_a_process_has_is_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "STATM", "/nowhere/statm")
    with MemoryBound(1) as bound:
        assert bound.run(lambda: "done", page_bytes=0) == "done"
