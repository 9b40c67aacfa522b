"""Who may ask what: tokens, scopes, sessions, and what belongs to others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern
from django.utils import timezone

from crawler.models import Event, EventKind, Run, RunTrigger, Target
from crawler.services import runs
from tests.integration.api.conftest import NOW, Api, problem
from webui.accounts.models import ApiToken, digest
from webui.api import v1

if TYPE_CHECKING:
    from crawler.models import Item, Page

TokenFor = Callable[..., Api]


def operations() -> list[tuple[str, str]]:
    """Return every operation as method and path."""
    schema = v1.api.get_openapi_schema(path_prefix="")
    return [(method.upper(), path) for path, methods in schema["paths"].items() for method in methods]


OPERATIONS = operations()


def filled(path: str, ids: dict[str, object]) -> str:
    for name, value in ids.items():
        path = path.replace(f"{{{name}}}", str(value))
    return path


@pytest.fixture
def ids(target: Target, item: Callable[..., Item], page: Page) -> dict[str, object]:
    """The ids of one row of each subject, all of the same person, and of what nobody made."""
    run = runs.start(target=target, trigger=RunTrigger.MANUAL, now=NOW)
    Event.objects.create(kind=EventKind.RUN_FAILED, target=target, run=run, created_at=NOW)
    rows: dict[str, object] = {"target_id": target.pk, "run_id": run.pk, "page_id": page.pk}
    rows["item_id"] = item(1).pk
    rows |= {"change_id": 1, "webhook_id": 1, "delivery_id": 1, "replay_id": 1, "version": "now"}
    return {**rows, "preview_id": UUID(int=1)}


def test_no_operation_answers_without_a_token(client: Client, ids: dict[str, object]) -> None:
    for method, path in OPERATIONS:
        response = client.generic(method, f"/api/v1{filled(path, ids)}")

        problem(response, 401)
        assert response["WWW-Authenticate"].startswith("Bearer"), (method, path)


def test_what_belongs_to_others_is_not_found(
    token_for: TokenFor, stranger: User, ids: dict[str, object]
) -> None:
    api = token_for(stranger)
    for method, path in OPERATIONS:
        if "{" in path:
            problem(
                api(method, filled(path, ids), {"priority": 9} if method in {"POST", "PATCH"} else ...), 404
            )


@pytest.mark.parametrize("path", ["/targets", "/runs", "/items", "/pages", "/events"])
def test_lists_leave_out_what_belongs_to_others(
    token_for: TokenFor, stranger: User, ids: dict[str, object], path: str
) -> None:
    assert token_for(stranger).get(path).json() == {"items": [], "next": None}
    assert len(token_for(User.objects.create_superuser("root")).get(path).json()["items"]) == 1


def test_a_read_only_token_changes_nothing(token_for: TokenFor, person: User, ids: dict[str, object]) -> None:
    api = token_for(person, "read")
    for method, path in OPERATIONS:
        if method != "GET":
            document = problem(api(method, filled(path, ids), {"name": "x"}), 403)
            assert "write" in document["detail"], (method, path)

    assert Target.objects.count() == Run.objects.count() == 1


def test_a_write_only_token_reads_nothing(token_for: TokenFor, person: User) -> None:
    problem(token_for(person, "write").get("/targets"), 403)


@pytest.mark.parametrize("header", ["Authorization", "X-API-Key"])
def test_both_headers_carry_the_token(client: Client, api: Api, header: str) -> None:
    value = f"bearer {api.token}" if header == "Authorization" else api.token

    assert client.get("/api/v1/targets", headers={header: value}).status_code == 200


def test_only_the_digest_of_a_token_is_stored(api: Api) -> None:
    token = ApiToken.objects.get()

    assert token.digest == digest(api.token)
    assert api.token.startswith(token.prefix)
    assert len(token.prefix) == 12


def test_use_of_a_token_is_noted(api: Api) -> None:
    api.get("/targets")

    used = ApiToken.objects.get().last_used_at
    assert used is not None
    assert timezone.now() - used < timedelta(minutes=1)


@pytest.mark.parametrize(
    "change", [{"expires_at": NOW - timedelta(days=9_000)}, {"digest": "0" * 64}, {"user__is_active": False}]
)
def test_tokens_that_ended_are_refused(api: Api, change: dict[str, Any]) -> None:
    if "user__is_active" in change:
        User.objects.update(is_active=False)
    else:
        ApiToken.objects.update(**change)

    problem(api.get("/targets"), 401)


@pytest.fixture
def browser(person: User) -> Client:
    client = Client(raise_request_exception=False, enforce_csrf_checks=True)
    client.force_login(person)
    return client


def test_a_session_reads(browser: Client) -> None:
    assert browser.get("/api/v1/targets").status_code == 200


def test_a_session_changes_nothing_without_the_csrf_token(browser: Client) -> None:
    response = browser.post("/api/v1/targets", {"name": "x"}, content_type="application/json")

    assert "CSRF" in problem(response, 403)["detail"]


def test_a_session_with_the_csrf_token_writes(browser: Client) -> None:
    browser.cookies["trawl_csrf"] = "c" * 32
    response = browser.post(
        "/api/v1/targets",
        {"name": "Shop", "start_urls": ["https://shop.test/"]},
        content_type="application/json",
        headers={"X-CSRFToken": "c" * 32},
    )

    assert response.status_code == 201


def test_a_bad_token_is_refused_even_beside_a_session(browser: Client) -> None:
    problem(browser.get("/api/v1/targets", headers={"Authorization": "Bearer nonsense"}), 401)


def test_the_document_and_its_page_are_for_known_callers(client: Client, api: Api, browser: Client) -> None:
    problem(client.get("/api/v1/openapi.json"), 401)
    assert client.get("/api/v1/docs", headers={"Accept": "text/html"})["Location"].startswith(
        "/sign-in/?next="
    )
    assert api.get("/openapi.json").json()["info"]["title"] == "Trawl"
    assert browser.get("/api/v1/docs").status_code == 200


def test_every_url_of_the_api_judges_its_callers_itself() -> None:
    patterns = v1.urls()

    assert all(isinstance(pattern, URLPattern) for pattern in patterns)
    assert all(pattern.callback.login_required is False for pattern in patterns)  # type: ignore[attr-defined]
