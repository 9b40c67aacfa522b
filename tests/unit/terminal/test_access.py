"""Headers, logins and proxies as they are typed, and where their secrets come from."""

from __future__ import annotations

import io
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import pytest

from crawler.services.drafts import Problem
from crawler.services.terminal import access
from crawler.services.terminal import asked as words
from crawler.services.terminal.asked import Asked
from crawler.services.terminal.sources import NoSource, Sources

if TYPE_CHECKING:
    from pathlib import Path

URL = "https://example.test/login"
SECRET = "correct horse"


class Keyboard(io.StringIO):
    def isatty(self) -> bool:
        return True


def sources(typed: str = "") -> Sources:
    return Sources(environment={"SECRET": SECRET, "TWO": "a\nb"}, stdin=io.StringIO(typed))


def read(asked: Asked, typed: str = "") -> tuple[dict[str, object], list[str]]:
    problems: list[str] = []
    return access.settings(asked, sources(typed), problems), problems


def test_nothing_is_set_where_nothing_was_given() -> None:
    assert read(Asked()) == ({}, [])


def test_secrets_come_from_where_they_are_said_to_be(tmp_path: Path) -> None:
    kept = tmp_path / "secret"
    kept.write_text(f"{SECRET}\n")

    for word in ("@env:SECRET", f"@file:{kept}", "@-", SECRET):
        found, problems = read(Asked(user="ada", password=word), typed=f"{SECRET}\n")
        assert (found["login"], problems) == ({"kind": "basic", "user": "ada", "password": SECRET}, [])


def test_secret_is_asked_for_at_a_keyboard(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def typed(prompt: str) -> str:
        asked.append(prompt)
        return SECRET

    monkeypatch.setattr("crawler.services.terminal.sources.getpass", typed)

    assert Sources(environment={}, stdin=Keyboard()).value("@-", option="--password") == SECRET
    assert asked == ["--password: "]


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("@env:NOBODY", "there is no variable 'NOBODY' in the environment"),
        ("@file:/nowhere/at/all", "'/nowhere/at/all' cannot be read: No such file or directory"),
        ("@env:TWO", "@env:TWO must hold one line, not 2"),
        ("@-", "@- must hold one line, not 0"),
    ],
)
def test_secret_that_cannot_be_read_says_why(word: str, why: str) -> None:
    assert read(Asked(token=word))[1] == [f"--token: {why}"]
    with pytest.raises(NoSource):
        sources().value(word, option="--token")


def test_standard_input_is_read_once() -> None:
    _found, problems = read(Asked(headers=("X-A: @-", "X-B: @-")), typed="a")

    assert problems == ["--header X-B: standard input is read by --header X-A already"]


@pytest.mark.parametrize(
    ("login", "kind"),
    [
        ({"user": "ada", "password": "p"}, "basic"),
        ({"token": "t", "check_url": URL, "check_text": "Ada"}, "bearer"),
        ({"login_url": URL, "user": "ada", "password": "p", "check_url": URL, "check_text": "Ada"}, "form"),
    ],
)
def test_kind_of_a_login_follows_from_what_is_given(login: dict[str, Any], kind: str) -> None:
    found, problems = read(Asked(**login))

    told = {("url" if key == "login_url" else key): word for key, word in login.items()}
    assert (found["login"], problems) == ({"kind": kind, **told}, [])


@pytest.mark.parametrize(
    ("login", "complaint"),
    [
        ({"user": "ada"}, "--password: is missing: --password @- asks for it"),
        ({"user": "ada", "token": "t"}, "--token: is a login by itself"),
        ({"check_url": URL}, "--check-url: needs a login beside it"),
        ({"password": "p"}, "--password: needs a login beside it"),
    ],
)
def test_half_a_login_says_what_is_missing(login: dict[str, Any], complaint: str) -> None:
    found, (problem,) = read(Asked(**login))

    assert problem.startswith(complaint)
    assert "login" not in found


def test_headers_are_read_one_by_one_and_from_files(tmp_path: Path) -> None:
    kept = tmp_path / "headers"
    kept.write_text("X-Api-Key: k:1\n\nX-Team: birds\n")

    found, problems = read(Asked(headers=("X-A: b", f"@file:{kept}", "Cookie: @env:SECRET")))

    assert problems == []
    assert found["headers"] == {"X-A": "b", "X-Api-Key": "k:1", "X-Team": "birds", "Cookie": SECRET}


def test_header_that_is_none_is_not_repeated_as_it_may_be_a_secret() -> None:
    _found, problems = read(Asked(headers=("s3cret", "X-A: 1", "x-a: 2", "User-Agent: me")))

    assert [problem.partition(":")[0] for problem in problems] == [
        "--header", "--header x-a", "--header User-Agent",
    ]  # fmt: skip
    assert "s3cret" not in "".join(problems)


def test_proxies_come_one_by_one_and_from_files(tmp_path: Path) -> None:
    kept = tmp_path / "proxies"
    kept.write_text("http://b.test:1\nhttp://c.test:1\n")

    found, problems = read(Asked(proxies=("http://a.test:1", f"@file:{kept}")))

    assert (found["proxies"], problems) == (["http://a.test:1", "http://b.test:1", "http://c.test:1"], [])


def test_problems_are_named_by_their_option() -> None:
    problems = [
        Problem(field="login.user_field", message="is no key"),
        Problem(field="headers.Host", message="is not yours"),
        Problem(field="proxies.0", message="is no address"),
        Problem(field="traps.depth", message="is too small"),
        Problem(field="include.1", message="is no pattern"),
    ]

    assert [line.partition(":")[0] for line in words.lines_of(problems, urls=(URL,))] == [
        "--user-field", "--header Host", "--proxy", "--trap depth", "--include",
    ]  # fmt: skip


def test_secrets_are_not_in_what_is_shown_of_the_words() -> None:
    asked = Asked(password=SECRET, token=SECRET, headers=(SECRET,), proxies=(SECRET,))

    assert SECRET not in repr(asked)


def test_every_word_is_kept_from_the_start_or_is_about_the_output() -> None:
    assert {one.name for one in fields(Asked)} == {
        *words.AT_THE_START, "append", "replace", "resume", "quiet",
    }  # fmt: skip
