"""`./run keep`: bounds tried and saved in a terminal."""

from __future__ import annotations

import json

import pytest

from crawler.management.commands.keep import Command
from tests.crawling import a_run

pytestmark = pytest.mark.django_db


def typed(*words: str) -> None:
    command = Command()
    command.handle(**vars(command.create_parser("manage.py", "keep").parse_args(words)))


def test_bounds_are_told_tried_and_saved(capsys: pytest.CaptureFixture[str]) -> None:
    target = a_run("http://shop.test/").target
    typed(str(target.pk), "--json")
    assert json.loads(capsys.readouterr().out)["rules"] == {"versions": 10, "days": 30, "megabytes": None}
    typed(str(target.pk), "--days", "7")
    assert "7 days (tried, not saved" in capsys.readouterr().out
    target.refresh_from_db()
    assert target.keep is None
    typed(str(target.pk), "--days", "7", "--save")
    assert "bounds: 7 days\n" in capsys.readouterr().out
    target.refresh_from_db()
    assert target.keep == {"days": 7}


def test_earlier_changes_are_judged_again(capsys: pytest.CaptureFixture[str]) -> None:
    target = a_run("http://shop.test/").target
    with pytest.raises(SystemExit):
        typed(str(target.pk), "--judge-again")
    assert "the target ignores nothing" in capsys.readouterr().err
    type(target).objects.update(noise={"dates": True})
    typed(str(target.pk), "--judge-again")
    assert capsys.readouterr().out.strip().endswith("judges by what the target ignores now: 0")


@pytest.mark.parametrize("words", [("0",), ("x",), ("1" * 30,)])
def test_a_target_that_is_not_there_is_refused(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        typed(*words)
    assert ended.value.code == 2
    assert "there is no target" in capsys.readouterr().err


@pytest.mark.parametrize("bound", ["0", "x", "99999999999999999999"])
def test_a_bound_that_will_not_do_is_refused(bound: str, capsys: pytest.CaptureFixture[str]) -> None:
    target = a_run("http://shop.test/").target
    with pytest.raises(SystemExit):
        typed(str(target.pk), "--versions", bound, "--save")
    assert "--versions: must be" in capsys.readouterr().err
    target.refresh_from_db()
    assert target.keep is None
