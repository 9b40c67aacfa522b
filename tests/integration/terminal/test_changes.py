"""`./run changes`: what became of items, in a terminal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from crawler.management.commands.changes import Command
from crawler.models import ItemChange, Target
from crawler.services.terminal import Refusal, following
from crawler.stores import changes
from tests.crawling import a_run
from tests.integration.stores.scraped import save

if TYPE_CHECKING:
    from crawler.models import Run

pytestmark = pytest.mark.django_db


@pytest.fixture
def run() -> Run:
    run = a_run("http://shop.test/")
    for value in (1, 2, 3):
        save(run, {"kettle": value}, now=timezone.now())
    return run


def typed(*words: str) -> None:
    command = Command()
    command.handle(**vars(command.create_parser("manage.py", "changes").parse_args(words)))


def test_changes_are_lines_of_json_after_a_cursor(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    typed("--cursor", "1", "--target", str(run.target_id))

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["cursor"], line["kind"]) for line in lines] == [(2, "changed"), (3, "changed")]
    assert lines[0]["changes"] == [{"field": "value", "before": 1, "after": 2}]
    assert lines[0]["at"].endswith("Z")


def test_whoever_follows_gets_what_comes(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "AT_ONCE", 2)
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        save(run, {"kettle": 3 + len(waits)}, now=timezone.now())

    found = following.follow(target=None, cursor=None, follows=True, wait=wait)

    assert [json.loads(next(found))["data"]["value"] for _ in range(5)] == [1, 2, 3, 4, 5]
    assert len(waits) == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--cursor", "x"), "--cursor: 'x' is no number"),
        (("--cursor", "99"), "no change has the number 99 yet"),
        (("--target", "99999999"), "there is no target 99999999"),
    ],
)
def test_what_cannot_be_told_is_said(
    run: Run, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        typed(*words)

    assert ended.value.code in {1, 2}
    assert said in capsys.readouterr().err


def test_cursor_of_what_is_not_kept_says_so(run: Run) -> None:
    list(following.follow(target=None, cursor=None, follows=False))
    ItemChange.objects.filter(number=1).update(at=timezone.now().replace(year=2020))
    changes.forget(before=timezone.now().replace(year=2021))

    with pytest.raises(Refusal, match="no longer kept"):
        list(following.follow(target=None, cursor="0", follows=False))
    assert Target.objects.filter(deleted_at=None).count() == 1
