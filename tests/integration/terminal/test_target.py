"""`./run target`: settings told and changed in a terminal."""

from __future__ import annotations

import json

import pytest

from crawler.management.commands.target import Command
from crawler.models import Target
from tests.crawling import a_target

pytestmark = pytest.mark.django_db


def typed(*words: str) -> None:
    command = Command()
    command.handle(**vars(command.create_parser("manage.py", "target").parse_args(words)))


@pytest.fixture
def target() -> Target:
    return a_target(headers={"Authorization": "Bearer of-a-secret", "Accept": "text/html"})


def test_targets_are_listed_and_one_is_told_without_its_secrets(
    target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    typed()
    assert capsys.readouterr().out == f"{target.pk:>6}  A site\n"
    typed(str(target.pk))
    said = json.loads(capsys.readouterr().out)
    assert (said["name"], said["removed_after"]) == ("A site", None)
    assert said["headers"] == {"Authorization": "(hidden)", "Accept": "text/html"}


def test_what_is_set_is_changed_and_nothing_else(target: Target, capsys: pytest.CaptureFixture[str]) -> None:
    typed(
        str(target.pk),
        "--set",
        "removed_after=2",
        "--set",
        'quality={"min_items": 5}',
        "--set",
        "name=A shop",
    )
    said = json.loads(capsys.readouterr().out)
    assert (said["removed_after"], said["quality"], said["name"]) == (2, {"min_items": 5}, "A shop")
    target.refresh_from_db()
    assert (target.removed_after, target.quality, target.name) == (2, {"min_items": 5}, "A shop")
    assert target.headers["Authorization"] == "Bearer of-a-secret"
    assert target.history.count() == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("{target}", "--set", "removed_after=0"), "removed_after: must be"),
        (("{target}", "--set", 'quality={"fewest": 1}'), "quality.fewest"),
        (("{target}", "--set", "quality={x}"), "--set: quality is not valid JSON"),
        (("{target}", "--set", "colour=red"), "colour: is not a key"),
        (("{target}", "--set", "red"), "is not of the form"),
        (("{target}", "--set", "name=a", "--set", "name=b"), "name is given twice"),
        (("--set", "name=a"), "name the target"),
        (("0",), "there is no target"),
    ],
)
def test_what_will_not_do_is_refused(
    target: Target, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], says: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        typed(*(word.replace("{target}", str(target.pk)) for word in words))

    assert ended.value.code == 2
    assert says in capsys.readouterr().err
    target.refresh_from_db()
    assert (target.name, target.removed_after) == ("A site", None)


def test_where_there_is_no_target_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    typed()
    assert capsys.readouterr().out == "No target is registered.\n"
