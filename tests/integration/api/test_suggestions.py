"""Suggestions through the API: of a stored page at once, of a URL as a test fetch."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import pytest
from celery import states
from django.db import transaction
from django_celery_results.models import TaskResult

from crawler import trials
from crawler.models import OutboxMessage, Page
from crawler.queries import turns
from crawler.stores import snapshots
from scrapers import registry
from scrapers.suggesting import Suggestions
from tests.integration.api.conftest import NOW, Api, problem
from tests.integration.api.test_previews import FOUND

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User


pytestmark = pytest.mark.django_db

ROWS = "".join(f'<li class="tea"><a href="/{n}">Tea {n}</a><b class="price">€ {n}</b></li>' for n in range(4))


@pytest.fixture
def stored_list(page: Page) -> Page:
    body = f"<ul>{ROWS}</ul>".encode()
    with transaction.atomic():
        snapshots.save({bytes(page.body_hash): (snapshots.compress(body), len(body))}, now=NOW)
    return page


def test_stored_pages_are_looked_through_one_after_the_other(
    api: Api, stored_list: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "WAIT_SECONDS", 0)
    with turns.taken():
        response = api.post("/suggestions", {"page": stored_list.pk})
    assert (response.status_code, response["Retry-After"]) == (429, str(turns.AGAIN_SECONDS))
    assert api.post("/suggestions", {"page": stored_list.pk}).status_code == 200


def test_url_is_looked_at_by_a_worker(api: Api) -> None:
    response = api.post("/suggestions", {"url": "https://shop.test/teas/"})

    assert response.status_code == 202, response.content
    told = response.json()
    assert response["Location"] == f"/api/v1/previews/{told['id']}"
    assert OutboxMessage.objects.get(task_id=told["id"]).kwargs["suggest"] is True
    found = asdict(FOUND) | {"suggestions": asdict(Suggestions())}
    TaskResult.objects.create(task_id=told["id"], status=states.SUCCESS, result=json.dumps(found))
    assert api.get(f"/previews/{told['id']}").json()["result"]["suggestions"]["candidates"] == []


def test_stored_page_is_looked_at_at_once_and_its_candidates_are_declarations(
    api: Api, stored_list: Page
) -> None:
    response = api.post("/suggestions", {"page": stored_list.pk})

    assert response.status_code == 200, response.content
    [first, *_others] = response.json()["candidates"]
    assert (first["row"], first["rows"], first["samples"][0]["price"]) == (".tea", 4, 0.0)
    registry.compile(name="fields", row=first["row"], fields=first["fields"])


def test_page_whose_body_was_not_kept_is_told(api: Api, stored_list: Page) -> None:
    Page.objects.filter(pk=stored_list.pk).update(body_hash=b"n" * 16)

    assert "was not kept" in problem(api.post("/suggestions", {"page": stored_list.pk}), 409)["detail"]


def test_page_that_cannot_be_looked_through_just_now_is_told(
    api: Api, stored_list: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_page: object) -> None:
        raise trials.CannotTry("no process can be started")

    monkeypatch.setattr(trials, "suggestions_of", fail)

    told = problem(api.post("/suggestions", {"page": stored_list.pk}), 409)["detail"]
    assert "cannot be looked through: no process can be started" in told


def test_page_behind_is_looked_at_where_it_is_asked_for(api: Api, stored_list: Page) -> None:
    told = api.post("/suggestions", {"url": "https://shop.test/teas/", "behind": True}).json()

    assert OutboxMessage.objects.get(task_id=told["id"]).kwargs["behind"] is True
    wrong = problem(api.post("/suggestions", {"page": stored_list.pk, "behind": True}), 422)
    assert "behind goes with url" in str(wrong)


def test_page_of_others_is_not_there(
    stranger: User, token_for: Callable[..., Api], stored_list: Page
) -> None:
    problem(token_for(stranger).post("/suggestions", {"page": stored_list.pk}), 404)


@pytest.mark.parametrize(
    "body", [{}, {"url": "https://shop.test/", "page": 1}, {"url": "ftp://shop.test/"}, {"link": 1}]
)
def test_what_names_no_page_is_refused(api: Api, body: dict[str, object]) -> None:
    problem(api.post("/suggestions", body), 422)


def test_looking_needs_the_scope_to_write(person: User, token_for: Callable[..., Api]) -> None:
    problem(token_for(person, "read").post("/suggestions", {"url": "https://shop.test/"}), 403)
