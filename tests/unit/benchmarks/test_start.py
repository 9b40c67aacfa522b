"""What the benchmark of starts reads from the lines of `up`."""

from __future__ import annotations

import pytest

from benchmarks import start
from benchmarks.start import Line, Start


def said(*lines: tuple[float, str]) -> list[Line]:
    return [Line(at=at, text=text) for at, text in lines]


def test_migrations_are_from_their_line_to_the_start_of_the_processes() -> None:
    lines = said(
        (2.0, "Bringing the database up to date ..."),
        (8.0, "Starting ..."),
        (11.5, ""),
        (12.0, "Trawl is running at http://127.0.0.1:8000/"),
    )

    found = start.figures_of(lines, first_page=10.0)

    assert found == Start(first_page=10.0, ready=12.0, migrating=6.0)
    assert found.share == 0.5


def test_second_start_has_nothing_to_migrate(capsys: pytest.CaptureFixture[str]) -> None:
    lines = said((1.5, "Starting ..."), (5.0, "Trawl is running at http://127.0.0.1:8000/"))

    second = start.figures_of(lines, first_page=4.0)
    start.report({"second start": [second]})

    assert second.migrating == 0
    assert "| second start | 4.0 | 5.0 | 0.0 | 0% |" in capsys.readouterr().out
