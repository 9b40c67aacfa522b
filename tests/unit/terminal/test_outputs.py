"""Files that are continued, replaced or refused."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crawler.services.terminal import outputs
from crawler.services.terminal.asked import Refusal
from crawler.services.terminal.outputs import Destination

if TYPE_CHECKING:
    from crawler.exports import Row

COLUMNS = ("name", "_url", "_key", "_run", "_first_seen", "_last_seen", "_changed_at")


def row(key: str, *, run: int = 7, **fields: object) -> Row:
    known = {"_url": "u", "_key": key, "_run": run, "_first_seen": "", "_last_seen": "", "_changed_at": ""}
    return {**fields, **known}


def whole(path: Path, rows: list[Row], *, replace: bool = False, run: int = 7) -> int:
    place = Destination(path=path, format=outputs.format_of(path), replace=replace)
    outputs.require_writable(place, declared=())
    return outputs.write_whole(place, rows, columns=COLUMNS, held=outputs.held_keys(place, run=run))


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", ["a.jsonl", "a.NDJSON", "a.json", "a.csv"])
def test_format_follows_the_suffix(tmp_path: Path, name: str) -> None:
    place = outputs.destination(str(tmp_path / name), None)

    assert place.format == {"a.json": "json", "a.csv": "csv"}.get(name, "jsonl")


def test_only_lines_that_are_appended_flow(tmp_path: Path) -> None:
    flows = {
        (name, replace): outputs.destination(*((None, name) if replace else (name, None))).flows
        for name in ("a.jsonl", "a.json", "a.csv")
        for replace in (False, True)
    }
    assert {key for key, value in flows.items() if value} == {("a.jsonl", False)}
    assert outputs.destination(None, None).flows
    assert outputs.destination("-", None).path is None


def test_link_stays_and_its_file_is_written(tmp_path: Path) -> None:
    real, link = tmp_path / "real.json", tmp_path / "link.json"
    link.symlink_to(real)
    place = outputs.destination(None, str(link))
    outputs.write_whole(place, [row("a")], columns=COLUMNS, held=frozenset())

    assert link.is_symlink()
    assert len(json.loads(real.read_text())) == 1


def test_array_is_continued_and_items_of_the_run_are_not_repeated(tmp_path: Path) -> None:
    path = tmp_path / "items.json"
    assert whole(path, [row("a", n=1), row("b")]) == 2
    assert whole(path, [row("a", n=1), row("b"), row("c")]) == 1
    assert whole(path, [row("a", run=8)], run=8) == 1

    assert [(item["_key"], item["_run"]) for item in json.loads(path.read_text())] == [
        ("a", 7),
        ("b", 7),
        ("c", 7),
        ("a", 8),
    ]


def test_table_is_continued_and_items_of_the_run_are_not_repeated(tmp_path: Path) -> None:
    path = tmp_path / "items.csv"
    assert whole(path, [row("=a", name="-x")]) == 1
    assert whole(path, [row("=a", name="-x"), row("b", name=-5)]) == 1
    assert whole(path, [row("b", name=-5), row("c", name="-y")]) == 1

    assert [(item["_key"], item["name"]) for item in table(path)] == [
        ("'=a", "'-x"),
        ("b", "-5"),
        ("c", "'-y"),
    ]


def test_table_keeps_a_cell_with_a_line_end(tmp_path: Path) -> None:
    path = tmp_path / "items.csv"
    whole(path, [row("a", name="two\r\nlines, and a comma")])
    whole(path, [row("a"), row("b", name="ü")])

    assert [item["name"] for item in table(path)] == ["two\r\nlines, and a comma", "ü"]


def test_failure_half_way_leaves_the_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "items.json"
    path.write_text("[1]")

    def broken() -> list[Row]:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        outputs.write_whole(
            Destination(path=path, format="json", replace=True),
            (row(str(number)) if number < 5000 else broken()[0] for number in range(6000)),
            columns=COLUMNS,
            held=frozenset(),
        )
    assert path.read_text() == "[1]"
    assert list(tmp_path.iterdir()) == [path]


def test_flow_ends_the_line_that_was_left_open(tmp_path: Path) -> None:
    path = tmp_path / "items.jsonl"
    path.write_text('{"a": 1}\n{"b": 2}')
    place = Destination(path=path)
    outputs.require_writable(place, declared=())
    with outputs.flow(place, held=outputs.held_keys(place, run=7)) as flow:
        flow.write([row("x"), row("y")])

    assert flow.written == 2
    assert len([json.loads(line) for line in path.read_text().splitlines()]) == 4


def test_flow_leaves_out_what_the_file_has(tmp_path: Path) -> None:
    path = tmp_path / "items.jsonl"
    path.write_text(json.dumps(row("x")) + "\n" + json.dumps(row("y", run=6)) + "\n")
    place = Destination(path=path)
    with outputs.flow(place, held=outputs.held_keys(place, run=7)) as flow:
        flow.write([row("x"), row("y")])

    assert [json.loads(line)["_key"] for line in path.read_text().splitlines()] == ["x", "y", "y"]


def test_last_line_is_found_in_a_long_file(tmp_path: Path) -> None:
    path = tmp_path / "items.jsonl"
    path.write_text("{}\n" + "x" * 200_000)

    with pytest.raises(Refusal, match="last line is not whole JSON"):
        outputs.require_writable(Destination(path=path), declared=())
    path.write_text("x" * 200_000 + '\n{"a": 1}')
    outputs.require_writable(Destination(path=path), declared=())


def test_folder_is_no_file(tmp_path: Path) -> None:
    folder = tmp_path / "items.json"
    folder.mkdir()

    with pytest.raises(Refusal, match="is not a regular file"):
        outputs.require_writable(Destination(path=folder, format="json"), declared=())
