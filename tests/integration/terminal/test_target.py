"""`./run target`: targets registered, told, changed and deleted in a terminal."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from io import BytesIO, TextIOWrapper
from itertools import pairwise
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from crawler.management.commands.target import Command
from crawler.models import Run, RunState, RunTrigger, Schedule, Target
from crawler.services import targets
from tests.crawling import a_run, a_target

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
    head, line = capsys.readouterr().out.splitlines()
    assert head.split("  ")[0] == "target"
    assert line.split() == [str(target.pk), "A", "site", "-", "-", "http://site.test/"]
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
    assert said == {"removed_after": 2, "quality": {"min_items": 5}, "name": "A shop"}
    target.refresh_from_db()
    assert (target.removed_after, target.quality, target.name) == (2, {"min_items": 5}, "A shop")
    assert target.headers["Authorization"] == "Bearer of-a-secret"
    assert target.history.count() == 1


def test_what_is_set_is_told_as_it_is_stored(target: Target, capsys: pytest.CaptureFixture[str]) -> None:
    typed(str(target.pk), "--set", 'schedule={"every_seconds": 60}', "--set", 'headers={"Cookie": "a=b"}')
    said = json.loads(capsys.readouterr().out)
    assert said.keys() == {"headers", "schedule"}
    assert said["headers"] == {"Cookie": "(hidden)"}
    assert said["schedule"] == {
        "every_seconds": 60, "timezone": "UTC", "misfire": "run_once", "overlap": "skip", "paused": False,
    }  # fmt: skip
    typed(str(target.pk), "--set", "schedule=null")
    assert json.loads(capsys.readouterr().out) == {"schedule": None}


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


def test_targets_are_listed_in_columns_with_their_next_run_and_their_last(
    capsys: pytest.CaptureFixture[str],
) -> None:
    at = datetime(2026, 3, 2, 10, 5, tzinfo=UTC)
    shop, other = a_target(name="Shop"), a_target(name="A \x1b[2J" + "long" * 12, enabled=False)
    Schedule.objects.create(target=shop, every_seconds=3600, next_run_at=at)
    Run.objects.create(target=shop, state=RunState.FINISHED, finished_at=at, items=1_200)

    typed()

    head, first, second = capsys.readouterr().out.splitlines()
    columns = [head.index(name) for name in ("name", "next run", "last run", "starts at")]
    assert first[: columns[0]].strip() == str(shop.pk)
    said = [first[begin:end].strip() for begin, end in pairwise([*columns, None])]
    assert said == ["Shop", "2026-03-02 10:05", "finished 2026-03-02 10:05, 1,200 items", "http://site.test/"]
    assert second.split() == [
        str(other.pk), "A", "�[2J" + "long" * 8 + "l…", "disabled", "-", "http://site.test/",
    ]  # fmt: skip


def test_another_key_is_warned_of_where_it_is_set(target: Target, capsys: pytest.CaptureFixture[str]) -> None:
    Run.objects.create(target=target, state=RunState.FINISHED, pages=1, items=1, settings={"key": []})

    typed(str(target.pk), "--set", 'key=["sku"]')

    told = capsys.readouterr()
    assert json.loads(told.out) == {"key": ["sku"]}
    assert told.err.startswith("warning: key: The item of the last complete run is known by")


def test_where_there_is_no_target_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    typed()
    assert capsys.readouterr().out == "No target is registered.\n"


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Return what is said of words that are refused."""
    with pytest.raises(SystemExit) as ended:
        typed(*words)
    assert ended.value.code == 2
    return capsys.readouterr().err


def test_new_target_belongs_to_the_first_administrator_and_says_what_comes_next(
    capsys: pytest.CaptureFixture[str],
) -> None:
    owner = User.objects.create_superuser("ada")
    User.objects.create_superuser("bob")
    typed(
        "--new",
        "A shop",
        "http://shop.test/",
        "http://shop.test/b",
        "--set",
        "max_pages=5",
        "--set",
        'tags=["a"]',
    )

    target = Target.objects.get()
    assert (target.name, target.owner, target.max_pages) == ("A shop", owner, 5)
    assert (target.start_urls, target.tags) == (["http://shop.test/", "http://shop.test/b"], ["a"])
    said = capsys.readouterr().out
    assert said.startswith(f"target {target.pk}: A shop\n./run start {target.pk} crawls it")
    assert target.history.get().by == owner


def test_new_target_that_cannot_be_crawled_here_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    User.objects.create_superuser("ada")
    typed("--new", "A shop", "http://10.1.2.3/")

    (warning,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("warning: ")]
    assert warning.startswith(
        "warning: start_urls.0: the start URL http://10.1.2.3/ is not on the public web"
    )
    assert Target.objects.exists()


def test_new_target_may_be_somebody_elses(capsys: pytest.CaptureFixture[str]) -> None:
    User.objects.create_superuser("ada")
    somebody = User.objects.create_user("cy")
    typed("--new", "A shop", "http://shop.test/", "--user", "cy")
    assert Target.objects.get().owner == somebody
    assert "there is no user 'eve'" in refused(
        capsys, "--new", "A shop", "http://shop.test/", "--user", "eve"
    )


def test_new_target_without_an_administrator_says_where_one_comes_from(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert "the first ./run up makes one" in refused(capsys, "--new", "A shop", "http://shop.test/")


@pytest.mark.parametrize(
    "data",
    [
        {"start_urls": ["shop.test"]},
        {"max_pages": 0, "scope": "galaxy"},
        {"scraper": "fields", "fields": {"price": {"css": "li["}}},
        {"colour": "red"},
        {"schedule": {"every_seconds": 1}},
    ],
)
def test_what_will_not_do_as_a_target_is_told_as_the_api_tells_it(
    capsys: pytest.CaptureFixture[str], data: dict[str, object]
) -> None:
    owner, now = User.objects.create_superuser("ada"), timezone.now()
    whole = {"name": "A shop", "start_urls": ["http://shop.test/"], **data}
    with pytest.raises(targets.InvalidTarget) as api:
        targets.create(owner=owner, data=whole, now=now)

    urls = whole.pop("start_urls")
    assert isinstance(urls, list)
    settings = [
        word for name in data if name in whole for word in ("--set", f"{name}={json.dumps(data[name])}")
    ]
    said = refused(capsys, "--new", "A shop", *urls, *settings)

    assert said == "".join(f"target: {one.field}: {one.message}\n" for one in api.value.problems)
    assert not Target.objects.exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--new", "A shop"), "--new: say where 'A shop' starts"),
        (("--new", "A shop", "http://shop.test/", "--set", "name=B"), "name is given twice"),
        (("--user", "ada"), "--user: says whose"),
        (("--delete",), "--delete: name one target"),
        (("{target}", "--delete", "--set", "name=B"), "and nothing else"),
    ],
)
def test_words_that_do_not_go_together_are_refused(
    target: Target, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], says: str
) -> None:
    assert says in refused(capsys, *(word.replace("{target}", str(target.pk)) for word in words))
    assert Target.objects.get().deleted_at is None


def test_target_of_a_file_is_registered_and_then_changed_and_what_is_printed_is_such_a_file(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    User.objects.create_superuser("ada")
    file = tmp_path / "shop.json"
    said = {"start_urls": ["https://shop.test/"], "tags": ["a"], "schedule": {"cron": "0 7 * * *"}}
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(json.dumps(said).encode())))

    typed("--from", "-", "--set", "name=Shop")
    target = Target.objects.get()
    typed(str(target.pk))
    printed = capsys.readouterr().out.partition("settings.\n")[2]
    file.write_text(printed)
    typed("--from", str(file), "--set", "removed_after=2")
    typed(str(target.pk))

    told = capsys.readouterr().out.partition("settings.\n")[2]
    assert json.loads(told) == {**json.loads(printed), "removed_after": 2}
    assert json.loads(told)["schedule"]["cron"] == "0 7 * * *"


@pytest.mark.parametrize(
    ("held", "told"),
    [
        (None, "cannot be read: No such file or directory"),
        ('{"name": ', "is not valid JSON: "),
        ("[]", "must hold an object with the settings of a target"),
        ("{}", "target: name: is required\ntarget: start_urls: is required"),
    ],
)
def test_file_that_is_no_target_is_refused(
    held: str | None, told: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    User.objects.create_superuser("ada")
    if held is not None:
        (tmp_path / "shop.json").write_text(held)

    with pytest.raises(SystemExit, match="2"):
        typed("--from", str(tmp_path / "shop.json"))
    assert told in capsys.readouterr().err


def test_file_with_a_name_that_several_have_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    ada = User.objects.create_superuser("ada")
    said = {"name": "Shop", "start_urls": ["https://shop.test/"]}
    for _ in range(2):
        targets.create(owner=ada, data=said, now=timezone.now())
    (tmp_path / "shop.json").write_text(json.dumps(said))

    with pytest.raises(SystemExit, match="2"):
        typed("--from", str(tmp_path / "shop.json"))
    assert "several of your targets are called 'Shop'" in capsys.readouterr().err


def test_deleted_target_is_gone_and_its_run_cancelled(capsys: pytest.CaptureFixture[str]) -> None:
    run = a_run("http://shop.test/")
    typed(str(run.target_id), "--delete")

    run.refresh_from_db()
    assert run.state == RunState.CANCELLED
    assert capsys.readouterr().out.startswith(f"target {run.target_id}, A site, is deleted")
    assert "there is no target" in refused(capsys, str(run.target_id))


def test_crawl_in_a_terminal_is_not_deleted(capsys: pytest.CaptureFixture[str]) -> None:
    run = a_run("http://shop.test/", trigger=RunTrigger.TERMINAL, hidden=True)
    assert "is a crawl in a terminal" in refused(capsys, str(run.target_id), "--delete")
