"""Test fetches through the API."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from celery import states
from django_celery_results.models import TaskResult

from crawler.engine.findings import Links, Record, Response, Shown
from crawler.services import targets
from tests.integration.api.conftest import NOW, Api, problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User

    from crawler.models import Target

pytestmark = pytest.mark.django_db

SHOP = {"start_urls": ["https://shop.test/"], "scraper": "auto"}
FOUND = Shown(
    response=Response(
        url="https://shop.test/",
        final_url="https://shop.test/",
        status=200,
        content_type="text/html",
        size=7,
        seconds=0.1,
        hops=(),
        headers={"server": "none"},
    ),
    links=Links(followed=("https://shop.test/a",), followed_count=1),
    items=(Record(key="k", data={"title": "Shop"}),),
    items_count=1,
)


def test_a_test_fetch_is_accepted_and_waits(api: Api) -> None:
    response = api.post("/previews", SHOP)

    assert response.status_code == 202, response.content
    told = response.json()
    assert response["Location"] == f"/api/v1/previews/{told['id']}"
    assert told == {"id": told["id"], "state": "waiting", "result": None}
    assert api.get(f"/previews/{told['id']}").json() == told


def test_its_result_is_told_when_it_is_there(api: Api) -> None:
    preview = api.post("/previews", SHOP).json()["id"]
    TaskResult.objects.create(task_id=preview, status=states.SUCCESS, result=json.dumps(asdict(FOUND)))

    told = api.get(f"/previews/{preview}").json()

    assert told["state"] == "done"
    assert told["result"] == json.loads(json.dumps(asdict(FOUND)))


def test_settings_that_cannot_be_are_refused_beside_their_field(api: Api) -> None:
    document = problem(api.post("/previews", {**SHOP, "scope": "galaxy", "speed": 9}), 422)

    assert {error["field"] for error in document["errors"]} == {"scope", "speed"}


def test_only_who_started_it_may_read_it(api: Api, stranger: User, token_for: Callable[..., Api]) -> None:
    preview = api.post("/previews", SHOP).json()["id"]

    problem(token_for(stranger).get(f"/previews/{preview}"), 404)
    problem(api.get(f"/previews/{uuid4()}"), 404)


def test_starting_one_needs_the_scope_to_write(person: User, token_for: Callable[..., Api]) -> None:
    problem(token_for(person, "read").post("/previews", SHOP), 403)


def test_what_is_left_out_is_as_it_is_in_the_target_that_is_changed(
    api: Api, target: Target, stranger: User
) -> None:
    theirs = targets.create(owner=stranger, data={"name": "Theirs", **SHOP}, now=NOW)

    assert api.post(f"/previews?target={target.pk}", {"max_depth": 2}).status_code == 202
    problem(api.post(f"/previews?target={theirs.pk}", {"max_depth": 2}), 404)
