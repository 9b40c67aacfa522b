"""`./run start`: a run that the service crawls, asked for and waited for in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from crawler.management.commands.start import Command
from crawler.models import Publication, Run, RunState, RunTrigger, Target
from crawler.services import heartbeats, runs
from crawler.services.terminal import starting
from tests.crawling import a_target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.queue import Lane

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rung")]


def typed(*words: str) -> None:
    command = Command()
    command.handle(**vars(command.create_parser("manage.py", "start").parse_args(words)))


def test_run_is_asked_for_as_urgent_as_it_is_to_be(
    rung: list[Lane], capsys: pytest.CaptureFixture[str], django_capture_on_commit_callbacks: object
) -> None:
    heartbeats.beat(name="worker.1@here", kind="worker", now=timezone.now())
    target = a_target(priority=4)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator] # a fixture without a type
        typed(str(target.pk), "--priority", "9")

    run = Run.objects.get()
    assert (run.target_id, run.priority, run.trigger) == (target.pk, 9, RunTrigger.MANUAL)
    assert rung == ["urgent"]
    assert capsys.readouterr().out == f"run {run.pk} of A site (target {target.pk})\n"


def test_where_nobody_crawls_it_says_what_the_run_waits_for(capsys: pytest.CaptureFixture[str]) -> None:
    typed(str(a_target().pk))
    assert capsys.readouterr().out.endswith(f"\n{starting.NOBODY}\n")


@pytest.mark.parametrize(
    ("changes", "words", "says"),
    [
        ({}, ("0",), "there is no target 0"),
        ({}, ("{target}", "--priority", "10"), "--priority: must be a whole number from 0 to 9"),
        ({"enabled": False}, ("{target}",), "A site is switched off"),
        ({"hidden": True}, ("{target}",), "is a crawl in a terminal"),
    ],
)
def test_what_will_not_do_starts_nothing(
    capsys: pytest.CaptureFixture[str], changes: dict[str, bool], words: tuple[str, ...], says: str
) -> None:
    target = a_target(**changes)
    with pytest.raises(SystemExit) as ended:
        typed(*(word.replace("{target}", str(target.pk)) for word in words))

    assert ended.value.code == 2
    assert says in capsys.readouterr().err
    assert not Run.objects.exists()


def test_waiting_ends_when_the_records_are_items() -> None:
    run = starting.start(str(a_target().pk))
    mine = Run.objects.filter(pk=run.pk)
    steps: Iterator[dict[str, object]] = iter([
        {"state": RunState.RUNNING, "pages": 1},
        {},
        {"state": RunState.FINISHED, "pages": 2, "publication": Publication.WAITING},
        {"settled": True},
        {"publication": Publication.PUBLISHING},
        {"publication": Publication.PUBLISHED, "items": 2, "items_new": 2},
    ])  # fmt: skip
    said: list[str] = []

    run = starting.attend(run, say=said.append, wait=lambda: mine.update(**{"done": 0} | next(steps)))

    assert next(steps, None) is None
    assert [line.partition(",")[0] for line in said] == [
        "running: 1 pages",
        "finished: 2 pages",
        "finished: 2 pages",
    ]
    assert next(starting.ended(run)) == "finished: 2 pages, 2 items, 0 problems"
    assert starting.status(run) == 0


def test_run_that_is_held_says_how_to_decide() -> None:
    run = starting.start(str(a_target().pk))
    Run.objects.filter(pk=run.pk).update(state=RunState.FINISHED, settled=True, publication=Publication.HELD)
    run.refresh_from_db()
    assert list(starting.ended(starting.attend(run, say=pytest.fail)))[-1].endswith(f"./run held {run.pk}")


def test_run_that_was_cancelled_is_no_success() -> None:
    run = starting.start(str(a_target().pk))
    runs.cancel(run=run, now=timezone.now())
    run = starting.attend(run, say=lambda _line: None, wait=lambda: None)
    assert starting.status(run) == 1
    assert next(starting.ended(run)).startswith("cancelled (")


def test_run_that_is_removed_meanwhile_is_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starting, "_standing", lambda run: run.delete())
    with pytest.raises(SystemExit) as ended:
        typed(str(a_target().pk), "--wait")

    assert ended.value.code == 1
    assert "was removed meanwhile, with its target" in capsys.readouterr().err


def test_waiting_that_is_interrupted_leaves_the_run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_run: Run, **_say: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(starting, "attend", interrupted)
    target = a_target()
    with pytest.raises(SystemExit) as ended:
        typed(str(target.pk), "--wait")

    assert ended.value.code == 130
    assert "goes on without this terminal" in capsys.readouterr().err
    assert Target.objects.get().runs.get().state == RunState.QUEUED
