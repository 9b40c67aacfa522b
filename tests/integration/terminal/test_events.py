"""`./run events`: what happened, in a terminal."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crawler.management.commands.events import Command
from crawler.models import EventKind
from crawler.services import events
from tests.crawling import a_run

if TYPE_CHECKING:
    from crawler.models import Run

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def run() -> Run:
    """A run of a target that was late before, that breaks a rule and is held; beside it another target's."""
    run, other = a_run("http://shop.test/"), a_run("http://other.test/")
    events.record(EventKind.FRESHNESS_LATE, target=run.target_id, now=NOW, max_age_seconds=60)
    events.record(EventKind.RUN_FAILED, target=other.target_id, run=other.pk, now=NOW + MINUTE, reason="x")
    for n, kind in enumerate((EventKind.DATA_BREACH, EventKind.RUN_HELD), start=2):
        events.record(kind, target=run.target_id, run=run.pk, now=NOW + n * MINUTE, items=n)
    return run


def typed(*words: str) -> None:
    command = Command()
    command.handle(**vars(command.create_parser("manage.py", "events").parse_args(words)))


def told(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    typed(*words)
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_events_are_lines_of_json_the_newest_last(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    found = told(capsys)

    assert [one["kind"] for one in found] == ["freshness.late", "run.failed", "data.breach", "run.held"]
    assert found[0]["run"] is None
    assert found[-1]["data"] == {"items": 3}
    assert (found[-1]["target"], found[-1]["run"]) == (run.target_id, run.pk)
    assert found[-1]["created_at"] == "2026-03-02T10:03:00Z"


def test_events_are_of_what_is_asked_for(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    def kinds(*words: str) -> list[str]:
        return [one["kind"] for one in told(capsys, *words)]

    assert kinds("--target", str(run.target_id)) == ["freshness.late", "data.breach", "run.held"]
    assert kinds("--run", str(run.pk), "--kind", "data.breach") == ["data.breach"]
    assert kinds("--last", "1") == ["run.held"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--kind", "run.lost"), "events: --kind: there is none such as 'run.lost'; known are run.finished"),
        (("--target", "99999999"), "there is no target"),
        (("--run", "x"), "there is no run 'x'"),
        (("--last", "0"), "--last: must be a number from 1 to 100,000, not '0'"),
    ],
)
def test_what_cannot_be_told_is_said(
    run: Run, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        typed(*words)

    assert ended.value.code == 2
    assert said in capsys.readouterr().err
