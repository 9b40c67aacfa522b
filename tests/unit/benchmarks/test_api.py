"""What the benchmark of lists makes of its figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import api
from benchmarks.api import Address, Timed

if TYPE_CHECKING:
    import pytest


def timed(*milliseconds: float, within_ms: int = 100) -> Timed:
    address = Address(name="items", path="/items/", within_ms=within_ms)
    return Timed(address=address, caller="person", milliseconds=milliseconds)


def test_of_twenty_answers_the_slowest_may_be_slow() -> None:
    assert not timed(*[10.0] * 19, 900.0).misses
    assert timed(*[10.0] * 18, 900.0, 901.0).misses


def test_what_misses_its_target_is_marked_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    status = api.report_of([timed(50.0), timed(150.0), timed(150.0, within_ms=300)])

    text = capsys.readouterr().out
    assert status == 1
    assert "| items | person | 0.0 | 150.0 | 150.0 | 100 | MISSED |" in text
    assert "1 of 3 miss their target" in text


def test_lists_that_keep_their_target_end_well() -> None:
    assert api.report_of([timed(50.0)]) == 0
