"""Targets that a script registers and that are the same when it runs again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from crawler.models import Schedule, Target, TargetChange
from crawler.services import targets
from crawler.services.drafts import DEFAULTS
from tests.integration.api.conftest import problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User

    from tests.integration.api.conftest import Api

SHOP: dict[str, Any] = {"name": "Shop", "start_urls": ["https://shop.test"]}
WHOLE: dict[str, Any] = SHOP | {
    "scope": "prefix",
    "max_pages": 50,
    "headers": {"Cookie": "a=b"},
    "tags": ["a"],
    "removed_after": 2,
    "quality": {"min_items": 5},
    "schedule": {"every_seconds": 3600, "overlap": "queue"},
}


def put(api: Api, body: Any) -> Any:
    return api("PUT", "/targets", body)


def test_first_time_registers_and_the_same_again_changes_nothing(api: Api) -> None:
    made = put(api, WHOLE)
    due = Schedule.objects.get().next_run_at
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=7)):
        again = put(api, WHOLE)

    assert (made.status_code, again.status_code) == (201, 200)
    assert made["Location"] == again["Location"] == f"/api/v1/targets/{Target.objects.get().pk}"
    assert made.json()["updated_at"] == again.json()["updated_at"]
    assert (TargetChange.objects.count(), Schedule.objects.get().next_run_at) == (1, due)


def test_what_is_left_out_is_as_for_a_new_target(api: Api) -> None:
    put(api, WHOLE)
    put(api, SHOP)

    target = Target.objects.get()
    assert {key: getattr(target, key) for key in DEFAULTS} == dict(DEFAULTS)
    assert not Schedule.objects.exists()


def test_parts_of_a_schedule_that_are_left_out_are_the_usual_ones(api: Api) -> None:
    put(api, WHOLE)
    put(api, SHOP | {"schedule": {"cron": "0 7 * * *"}})

    schedule = Schedule.objects.get()
    assert (schedule.cron, schedule.every_seconds, schedule.overlap) == ("0 7 * * *", None, "skip")


def test_hidden_secret_that_is_sent_back_stays(api: Api) -> None:
    put(api, WHOLE)
    put(api, WHOLE | {"headers": {"Cookie": "(hidden)"}})

    assert Target.objects.get().headers == {"Cookie": "a=b"}


def test_every_problem_is_told_and_nothing_changed(api: Api) -> None:
    put(api, WHOLE)

    assert [one["field"] for one in problem(put(api, {"name": "Shop"}), 422)["errors"]] == ["start_urls"]
    assert [one["field"] for one in problem(put(api, WHOLE | {"max_pages": 0, "x": 1}), 422)["errors"]] == [
        "max_pages",
        "x",
    ]
    assert [one["field"] for one in problem(put(api, SHOP | {"name": 7}), 422)["errors"]] == ["name"]
    assert Target.objects.get().max_pages == 50


def test_name_that_no_database_could_look_for_is_told_as_what_it_is(api: Api) -> None:
    said = problem(put(api, SHOP | {"name": "Sh\0op"}), 422)["errors"]

    assert [(one["field"], one["message"]) for one in said] == [
        ("name", "contains control characters; remove them")
    ]


def test_what_somebody_else_changes_meanwhile_does_not_stay(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(api, SHOP)
    tell, others = targets.validate, [SHOP | {"max_pages": 7, "tags": ["x"]}]

    def validate(data: Any, **more: Any) -> Any:
        draft = tell(data, **more)
        while others:
            put(api, others.pop())
        return draft

    monkeypatch.setattr(targets, "validate", validate)
    put(api, SHOP | {"max_pages": 8})

    target = Target.objects.get()
    assert (target.max_pages, target.tags) == (8, [])


def test_name_that_several_have_means_none_of_them(api: Api) -> None:
    for _ in range(2):
        api.post("/targets", SHOP)

    assert "several of your targets are called 'Shop'" in problem(put(api, SHOP), 409)["detail"]


def test_targets_of_others_are_other_targets(api: Api, token_for: Callable[..., Api], stranger: User) -> None:
    put(token_for(stranger), SHOP | {"shared": True})

    assert put(api, SHOP).status_code == 201
    assert Target.objects.count() == 2
