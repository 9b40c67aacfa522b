"""Stored pages read again, by the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from crawler.models import Item, Target
from crawler.services import targets
from tests.integration.api.conftest import NOW, problem
from tests.integration.replays import LEFT, PRICED, READ, done, stored, watched

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User

    from crawler.queue import Lane
    from tests.integration.api.conftest import Api


@pytest.fixture
def shop(person: User, rung: list[Lane]) -> Target:
    target = targets.create(
        owner=person, data={"name": "Shop", "start_urls": ["http://shop.test/"], **READ}, now=NOW
    )
    stored(target, now=NOW)
    return target


def test_trial_is_asked_for_read_and_stored(api: Api, shop: Target) -> None:
    asked = api.post(f"/targets/{shop.pk}/replays?pages=2", {"fields": PRICED})
    assert asked.status_code == 202
    assert asked["Location"] == f"/api/v1/replays/{asked.json()['id']}"
    assert (asked.json()["state"], asked.json()["total"], asked.json()["pages"]) == ("queued", 2, 0)
    done(asked.json()["id"])

    found = api.get(f"/replays/{asked.json()['id']}").json()
    assert (found["state"], found["pages"], found["stores"]) == ("done", 2, False)
    assert found["records"] == {"changed": 2, "new": 0, "gone": 0, "same": 0}
    assert {"field": "price", "before": 0.0, "after": 1.0} in found["coverage"]
    assert found["samples"][0]["before"] == {"name": "kettle"}
    assert found["samples"][0]["after"] == {"name": "kettle", "price": 1.0}
    assert found["samples"][0]["fields"] == ["price"]

    storing = api.post(f"/replays/{found['id']}/store")
    assert storing.status_code == 202
    assert (storing.json()["stores"], storing.json()["total"]) == (True, 3)
    done(storing.json()["id"])
    assert [item.data.get("price") for item in Item.objects.order_by("pk")] == [1.0, 2.0, 3.0]
    assert Target.objects.get(pk=shop.pk).fields == PRICED
    listed = api.get(f"/targets/{shop.pk}/replays").json()
    assert [(one["id"], one["stores"]) for one in listed["items"]] == [
        (storing.json()["id"], True),
        (found["id"], False),
    ]
    assert "samples" not in listed["items"][0]


def test_trial_that_is_not_done_cannot_be_stored_and_can_be_cancelled(api: Api, shop: Target) -> None:
    replay = api.post(f"/targets/{shop.pk}/replays", {}).json()["id"]

    assert "only a trial that is done" in problem(api.post(f"/replays/{replay}/store"), 409)["detail"]
    assert api.post(f"/replays/{replay}/cancel").json()["state"] == "cancelled"
    assert api.post(f"/replays/{replay}/cancel").json()["state"] == "cancelled"


@pytest.mark.parametrize(
    ("query", "data", "field"),
    [
        ("?pages=0", {}, "pages"),
        ("?pages=1001", {}, "pages"),
        ("?page=5", {}, "page"),
        ("", {"fields": {"name": "css:h1["}}, "fields.name.css"),
        ("", {"x": 1}, "x"),
    ],
)
def test_what_cannot_be_read_with_is_invalid(
    api: Api, shop: Target, query: str, data: dict[str, Any], field: str
) -> None:
    errors = problem(api.post(f"/targets/{shop.pk}/replays{query}", data), 422)["errors"]

    assert [error["field"] for error in errors] == [field]


def test_others_see_none_of_it(api: Api, shop: Target, stranger: User, token_for: Callable[..., Api]) -> None:
    replay, other = api.post(f"/targets/{shop.pk}/replays", {}).json()["id"], token_for(stranger)

    for method, path in (
        ("POST", f"/targets/{shop.pk}/replays"),
        ("GET", f"/targets/{shop.pk}/replays"),
        ("GET", f"/replays/{replay}"),
        ("POST", f"/replays/{replay}/cancel"),
        ("POST", f"/replays/{replay}/store"),
    ):
        problem(other(method, path, {} if method == "POST" else ...), 404)


def test_earlier_versions_are_read_too_and_fill_in_the_history(api: Api, person: User, rung: object) -> None:
    said = {"name": "Watched", "start_urls": ["http://shop.test/"], **READ, "fields": PRICED}
    target = targets.create(owner=person, data=said, now=NOW)
    item = watched(target, now=NOW)
    asked = api.post(f"/targets/{target.pk}/replays?earlier=true", {"fields": LEFT}).json()
    done(asked["id"])

    found = api.get(f"/replays/{asked['id']}").json()
    assert (asked["earlier"]["total"], asked["earlier"]["pages"], found["pages"]) == (2, 0, 1)
    assert (found["earlier"]["pages"], found["earlier"]["completed"]) == (2, 2)
    assert found["earlier"]["records"] == {"changed": 2, "new": 0, "gone": 0, "same": 0}
    assert {"field": "left", "before": 0.0, "after": 1.0} in found["earlier"]["coverage"]
    assert found["samples"][0]["until"] is None
    assert found["samples"][-1]["since"] < found["samples"][-1]["until"]
    done(api.post(f"/replays/{found['id']}/store").json()["id"])
    history = api.get(f"/items/{item.pk}/history?field=left").json()["items"]
    assert [(one["version"], one["data"]["left"], one["filled"]) for one in history] == [
        (2, 13, ["left"]),
        (1, 12, ["left"]),
        (1, 11, ["left"]),
    ]
    as_of = api.get(f"/items?target={target.pk}&as_of={history[1]['since'].replace('+00:00', 'Z')}").json()
    assert as_of["items"][0]["data"] == {"name": "kettle", "price": 5.0, "left": 12}
    restored = api.post(f"/items/{item.pk}/restore", {"at": history[2]["since"]})
    assert restored.json()["data"] == {"name": "kettle", "price": 5.0, "left": 11}
    assert problem(api.post(f"/items/{item.pk}/restore", {"at": history[2]["since"], "version": 1}), 422)
