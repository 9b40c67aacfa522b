"""Every error is a problem document, and what throttling does."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from django.core.cache import caches
from django.db import OperationalError
from django.test import Client
from redis.exceptions import ConnectionError as RedisAway

from crawler.queries import targets as listed
from tests.integration.api.conftest import problem
from webui.api import v1
from webui.api.throttle import PerMinute

if TYPE_CHECKING:
    from pytest_django import Settings

    from tests.integration.api.conftest import Api

IN_MEMORY = {
    name: {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "throttle"}
    for name in ("default", "throttle")
}


@pytest.mark.parametrize(
    "path", ["/nothing", "/", "/targets/", "/targets/x", "/targets/-1", f"/targets/{2**70}"]
)
def test_an_unknown_path_is_a_problem(api: Api, path: str) -> None:
    problem(api.get(path), 404)


@pytest.mark.parametrize(("path", "status"), [("/nothing", 404), ("/openapi.json", 405)])
def test_programs_that_write_where_nothing_can_be_written_are_not_asked_for_a_form(
    api: Api, path: str, status: int
) -> None:
    strict = replace(api, client=Client(enforce_csrf_checks=True))

    problem(strict.post(path, {}), status)


@pytest.mark.parametrize("path", ["/api/v2/targets", "/api/", "/api/v1/x/y"])
def test_paths_beside_the_api_are_problems_too(client: Client, path: str) -> None:
    assert client.get(path)["Content-Type"] == "application/problem+json"


def test_a_wrong_method_is_a_problem_that_names_the_right_ones(api: Api) -> None:
    response = api("PUT", "/webhooks", {})

    problem(response, 405)
    assert set(response["Allow"].split(", ")) == {"GET", "POST"}


def test_head_is_answered_as_get(api: Api) -> None:
    assert api("HEAD", "/targets").status_code == 200


def test_a_body_beyond_the_limit_is_a_problem(api: Api, settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000

    problem(api.post("/targets", {"name": "x" * 2_000}), 413)


def test_an_unknown_parameter_is_a_problem(api: Api) -> None:
    (error,) = problem(api.get("/runs?sate=failed"), 422)["errors"]

    assert error == {"field": "sate", "message": "is not a parameter of this operation"}


def test_a_body_that_is_missing_and_a_moment_that_is_none_are_told_with_an_example(api: Api) -> None:
    assert problem(api.post("/targets"), 422)["detail"] == (
        "an object of JSON is required as the body, such as {}"
    )
    assert problem(api.get("/items?as_of=yesterday"), 422)["detail"] == (
        "as_of: must be a moment, such as 2026-01-31T12:00Z"
    )


def test_strangers_learn_nothing_of_parameters(client: Client, db: None) -> None:
    problem(client.get("/api/v1/runs?sate=failed"), 401)


def test_an_unknown_host_header_is_a_problem(client: Client, db: None) -> None:
    problem(client.get("/api/v1/targets", headers={"Host": "evil.test"}), 400)


def test_a_crash_is_a_problem_that_tells_nothing_of_its_cause(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_arguments: object, **_options: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(listed, "page", crash)

    assert "secret" not in str(problem(api.get("/targets"), 500))


def test_a_database_that_is_away_is_a_problem_with_a_time_to_try_again(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_arguments: object, **_options: object) -> None:
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(listed, "page", lost)

    response = api.get("/targets")
    problem(response, 503)
    assert response["Retry-After"] == "5"


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """Three requests a minute are allowed, counted in memory, in a minute that does not end."""
    settings.CACHES = IN_MEMORY
    caches["throttle"].clear()
    monkeypatch.setattr(time, "time", lambda: 1_000_010.0)
    monkeypatch.setattr(v1.api.throttle, "_most", 3)
    monkeypatch.setattr(v1.api.throttle, "_rest_until", 0.0)


def test_who_asks_too_often_is_told_when_to_come_back(few: None, api: Api) -> None:
    answers = [api.get("/targets") for _ in range(4)]

    assert [answer.status_code for answer in answers[:3]] == [200, 200, 200]
    problem(answers[3], 429)
    assert answers[3]["Retry-After"] == "10"


def test_each_caller_is_counted_alone(few: None, api: Api, token_for: object, stranger: object) -> None:
    for _ in range(4):
        api.get("/targets")

    assert token_for(stranger).get("/targets").status_code == 200  # type: ignore[operator]


def test_without_the_cache_everyone_may_ask(few: None, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def away(*_arguments: object) -> int:
        asked.append(1)
        raise RedisAway("refused")

    monkeypatch.setattr(PerMinute, "_count", away)

    assert [api.get("/targets").status_code for _ in range(5)] == [200] * 5
    assert len(asked) == 1  # then it is left alone for a while
