"""What the benchmark of starts reads from the lines of `up`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks import start
from benchmarks.start import Line, Place, Start

if TYPE_CHECKING:
    from pathlib import Path


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


def test_installing_is_what_comes_before_the_service_begins() -> None:
    lines = said(
        (0.2, "Making .venv ..."),
        (1.0, "Installing requirements.txt ..."),
        (21.0, "Bringing the database up to date ..."),
        (24.0, "Starting ..."),
        (30.0, "Trawl is running at http://127.0.0.1:8000/"),
    )

    found = start.figures_of(lines, first_page=28.0)

    assert found == Start(first_page=28.0, ready=30.0, migrating=3.0, installing=21.0)


def test_a_clone_starts_with_a_home_and_caches_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in (*start.CACHES, "DATABASE_URL"):
        monkeypatch.setenv(name, "/elsewhere")

    cloned = Place(tree=tmp_path, var=tmp_path / "var", home=tmp_path / "home").environment()
    installed = Place(tree=tmp_path, var=tmp_path / "var").environment()

    assert cloned["HOME"] == str(tmp_path / "home")
    assert not {*start.CACHES, "DATABASE_URL"} & set(cloned)
    assert set(start.CACHES) <= set(installed)
    assert "DATABASE_URL" not in installed


def test_what_cannot_be_cloned_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(start, "BASE", tmp_path / "no repository")

    with pytest.raises(SystemExit, match="--without-clones"):
        start.clone(tmp_path / "clone")


def test_second_start_has_nothing_to_migrate(capsys: pytest.CaptureFixture[str]) -> None:
    lines = said((1.5, "Starting ..."), (5.0, "Trawl is running at http://127.0.0.1:8000/"))

    second = start.figures_of(lines, first_page=4.0)
    start.report({"second start": [second]})

    assert second.migrating == 0
    assert "| second start | 4.0 | 5.0 | 0.0 | 0.0 |" in capsys.readouterr().out
