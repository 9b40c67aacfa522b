"""The environment as the settings read it: values, files that hold them, errors that name the variable."""

from __future__ import annotations

import stat
import threading
from typing import TYPE_CHECKING

import pytest
from django.core.exceptions import ImproperlyConfigured

from webui import env

if TYPE_CHECKING:
    from pathlib import Path

NAME = "TRAWL_TEST_SETTING"


def test_a_file_stands_in_for_the_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "value").write_text("from the file\n")
    monkeypatch.setenv(f"{NAME}_FILE", str(tmp_path / "value"))

    assert env.text(NAME, "default") == "from the file"


def test_the_variable_itself_wins_over_its_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(f"{NAME}_FILE", str(tmp_path / "missing"))
    monkeypatch.setenv(NAME, "given")

    assert env.text(NAME) == "given"


def test_a_file_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(f"{NAME}_FILE", str(tmp_path / "missing"))

    with pytest.raises(ImproperlyConfigured, match=rf"{NAME}_FILE=.*missing cannot be read"):
        env.text(NAME)


@pytest.mark.parametrize(
    ("word", "value"), [("1", True), ("Yes", True), ("on", True), ("0", False), ("", False)]
)
def test_a_flag_is_said_in_several_words(monkeypatch: pytest.MonkeyPatch, word: str, *, value: bool) -> None:
    monkeypatch.setenv(NAME, word)

    assert env.flag(NAME) is value


def test_a_flag_that_says_neither_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "maybe")

    with pytest.raises(ImproperlyConfigured, match=f"{NAME} must be 1 or 0, not 'maybe'"):
        env.flag(NAME)


@pytest.mark.parametrize(
    ("word", "message"), [("ten", "must be a number, not 'ten'"), ("0.5", "must be at least 1, not 0.5")]
)
def test_a_number_that_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch, word: str, message: str
) -> None:
    monkeypatch.setenv(NAME, word)

    with pytest.raises(ImproperlyConfigured, match=f"{NAME} {message}"):
        env.number(NAME, 30, least=1)


@pytest.mark.parametrize("word", ["nan", "inf"])
def test_a_number_without_a_size_is_named(monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    monkeypatch.setenv(NAME, word)

    with pytest.raises(ImproperlyConfigured, match=f"{NAME} must be a number, not '{word}'"):
        env.number(NAME, 30)


def test_words_are_what_stands_between_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, " a.test, ,b.test,")

    assert env.words(NAME) == ["a.test", "b.test"]


def test_a_secret_is_made_once_and_for_this_user_only(tmp_path: Path) -> None:
    file = tmp_path / "secret"

    first = env.secret(NAME, file, lambda: "made")
    second = env.secret(NAME, file, lambda: "another")

    assert (first, second) == ("made", "made")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_processes_that_start_at_once_agree_on_a_secret(tmp_path: Path) -> None:
    together = threading.Barrier(4)
    read: list[str] = []

    def begin(number: int) -> None:
        def make() -> str:
            together.wait(60)
            return f"made by {number}"

        read.append(env.secret(NAME, tmp_path / "secret", make))

    threads = [threading.Thread(target=begin, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert len(read) == 4
    assert len(set(read)) == 1


@pytest.mark.parametrize("url", ["mysql://u@h/db", "nonsense", "postgresql://h:port/db"])
def test_a_database_that_is_not_served_is_refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("DATABASE_URL", url)

    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL"):
        env.database("sqlite:///x")


def test_the_broker_of_a_running_installation_is_found(tmp_path: Path) -> None:
    assert env.broker_of(tmp_path) == env.USUAL_BROKER
    (tmp_path / "broker").mkdir()
    (tmp_path / "broker" / "url").write_text("redis://:word@127.0.0.1:7001/0\n")
    assert env.broker_of(tmp_path) == "redis://:word@127.0.0.1:7001/0"


@pytest.mark.parametrize(
    "url", ["nonsense", "redis:/h", "http://h:6379/0", "valkey://h", "unix:///sock", "amqp://h"]
)
def test_a_broker_of_another_kind_is_told_the_kinds_that_work(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("REDIS_URL", url)

    with pytest.raises(ImproperlyConfigured, match=r"REDIS_URL must be a URL such as redis://.*rediss://"):
        env.broker("REDIS_URL", env.USUAL_BROKER, schemes=env.REDIS)


@pytest.mark.parametrize("url", ["redis://h:port/0", "amqp://h:99999//", "redis://", "redis:///0"])
def test_a_broker_without_host_or_port_is_named(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("CELERY_BROKER_URL", url)

    with pytest.raises(ImproperlyConfigured, match="CELERY_BROKER_URL must name a host"):
        env.broker("CELERY_BROKER_URL", env.USUAL_BROKER, schemes=env.BROKERS)


@pytest.mark.parametrize(
    "url", ["redis://:word@h:6379/0", "rediss://h", "amqp://u:p@h:5672//", "amqps://h//", "pyamqp://[::1]//"]
)
def test_a_broker_that_works_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("CELERY_BROKER_URL", url)

    assert env.broker("CELERY_BROKER_URL", env.USUAL_BROKER, schemes=env.BROKERS) == url
