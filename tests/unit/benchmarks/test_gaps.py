"""What the benchmark of politeness says of a site's log."""

from __future__ import annotations

import pytest

from benchmarks import gaps
from benchmarks.gaps import Found
from benchmarks.manyhosts import Hit
from benchmarks.stalls import Stall


def asked(host: int, *moments: float, at_once: int = 1) -> list[Hit]:
    return [Hit(at=moment, host=host, path="/p/1", at_once=at_once) for moment in moments]


def report(*hits: Hit, stalls: tuple[Stall, ...] = ()) -> int:
    found = gaps.of(hits, delay=1.0, crawl_delay=3.0)
    return gaps.report(Found(gaps=found, stalls=stalls, load=(0.0, 0.0)))


def test_gaps_are_told_in_parts_of_what_each_host_was_promised() -> None:
    found = gaps.of([*asked(0, 10, 13, 15.7), *asked(1, 10, 11.2)], delay=1.0, crawl_delay=3.0)

    assert found.parts == pytest.approx([0.9, 1.0, 1.2])
    assert [(gap.host, gap.began) for gap in found.short()] == [(0, 13)]


def test_promises_that_are_kept_are_no_problem(capsys: pytest.CaptureFixture[str]) -> None:
    assert report(*asked(1, *range(100))) == 0
    assert "99" in capsys.readouterr().out


def test_one_short_gap_in_a_hundred_is_a_problem_also_where_the_machine_stalled(
    capsys: pytest.CaptureFixture[str],
) -> None:
    hits = asked(1, *range(100), 99.5)

    assert report(*hits, stalls=(Stall(began=98.8, ended=98.95),)) == 1
    assert "1, of which 1 beside a stall" in capsys.readouterr().out
    assert report(*hits, stalls=(Stall(began=50, ended=60),)) == 1
    assert "1, of which 0 beside a stall" in capsys.readouterr().out


def test_host_that_is_asked_twice_at_once_is_a_problem() -> None:
    assert report(*asked(1, *range(10)), *asked(2, 1, 3, at_once=2)) == 1


def test_host_with_two_connections_is_a_problem() -> None:
    second = Hit(at=11, host=1, path="/p/1", at_once=1, connections=2)

    assert report(*asked(1, *range(10)), second) == 1
