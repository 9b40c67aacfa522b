"""`./run items`: items through time, in a terminal."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crawler.management.commands.items import Command
from crawler.models import Item
from crawler.stores import removals
from tests.crawling import a_run
from tests.integration.stores.scraped import save

if TYPE_CHECKING:
    from crawler.models import Run

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def run() -> Run:
    """A kettle that said 1 at ten, 2 at eleven, and was removed at twelve; beside it a cup that stays."""
    run = a_run("http://shop.test/")
    save(run, {"kettle": 1, "cup": 1}, now=NOW)
    save(run, {"kettle": 2}, now=NOW + HOUR)
    gone = Item.objects.get(key="kettle")
    removals.remove(run.target_id, [gone.pk], since=NOW + 2 * HOUR, run=run.pk, now=NOW + 2 * HOUR)
    return run


def typed(run: Run, *words: str) -> None:
    command = Command()
    parser = command.create_parser("manage.py", "items")
    command.handle(**vars(parser.parse_args([str(run.target_id), *words])))


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize(
    ("words", "values"),
    [
        ((), {"cup": 1}),
        (("--as-of", "2026-03-02T09:59:59Z"), {}),
        (("--as-of", "2026-03-02"), {}),
        (("--as-of", "2026-03-02T11:30"), {"kettle": 2, "cup": 1}),
        (("--as-of", "2026-03-02T11:30+01:00"), {"kettle": 1, "cup": 1}),
    ],
)
def test_items_are_printed_as_they_are_or_were(
    run: Run, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], values: dict[str, int]
) -> None:
    typed(run, *words)
    assert {row["_key"]: row["value"] for row in lines(capsys)} == values


def test_removed_items_are_printed_with_what_they_said_and_since_when(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    typed(run, "--removed")
    (gone,) = lines(capsys)

    assert (gone["key"], gone["removed_at"]) == ("kettle", "2026-03-02T12:00:00Z")
    assert gone["data"]["value"] == 2
    with pytest.raises(SystemExit):
        typed(run, "--removed", "--as-of", "2026-03-02")
    assert "goes with no other option" in capsys.readouterr().err


def test_formats_are_those_of_exports(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    typed(run, "--format", "csv", "--run", str(run.pk))
    ours = "_url,_key,_run,_first_seen,_last_seen,_changed_at"
    assert capsys.readouterr().out.splitlines()[0] == f"key,value,{ours}"
    typed(run, "--format", "json")
    assert [row["_key"] for row in json.loads(capsys.readouterr().out)] == ["cup"]


def test_history_tells_what_an_item_said_and_when(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    typed(run, "--key", "kettle", "--field", "value")
    newest, oldest = lines(capsys)

    assert newest["changes"] == [{"field": "value", "before": 1, "after": 2}]
    assert (newest["since"], newest["until"], newest["removed"]) == (
        "2026-03-02T11:00:00Z",
        "2026-03-02T12:00:00Z",
        True,
    )
    assert (oldest["version"], oldest["until"], oldest["data"]["value"]) == (1, newest["since"], 1)


def test_item_comes_back_and_so_does_what_it_said_before(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    typed(run, "--key", "kettle", "--restore")
    typed(run, "--key", "kettle", "--restore", "1")
    assert capsys.readouterr().out == "restored as version 3\nrestored as version 4\n"
    typed(run, "--key", "kettle")

    assert [(one["version"], one["by"], one["data"]["value"]) for one in lines(capsys)[:2]] == [
        (4, "the terminal", 1),
        (3, "the terminal", 2),
    ]


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (("--as-of", "yesterday"), 2, "--as-of: must be a time"),
        (("--as-of", "2026-03-02", "--run", "1"), 2, "leave one of them out"),
        (("--run", "999999999999"), 2, "has no run"),
        (("--key", "pan"), 2, "has no item 'pan'"),
        (("--restore",), 2, "--key: name the item"),
        (("--key", "kettle", "--restore", "x"), 2, "the number of a version"),
        (("--key", "kettle", "--restore", "99"), 1, "is not known"),
        (("--key", "cup", "--restore"), 1, "name an earlier one"),
    ],
)
def test_what_cannot_be_done_is_said(
    run: Run, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], status: int, says: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        typed(run, *words)

    assert ended.value.code == status
    assert says in capsys.readouterr().err
    assert Item.objects.get(key="kettle").removed_at is not None
