"""What the API tells of changed settings before they are saved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from crawler.models import OutsideLink, Request, RunTrigger, Target
from crawler.services import runs
from tests.integration.api.conftest import NOW, problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User

    from crawler.models import Run
    from crawler.queue import Lane
    from tests.integration.api.conftest import Api


@pytest.fixture
def run(target: Target, rung: list[Lane]) -> Run:
    run = runs.start(target=target, trigger=RunTrigger.MANUAL, now=NOW)
    OutsideLink.objects.create(run=run, reason="host", url="https://far.test/")
    return run


def test_changed_settings_are_compared_with_the_last_run(api: Api, run: Run) -> None:
    start = Request.objects.filter(run=run).latest("id").url
    changed = {"start_urls": ["https://far.test/"]}

    found = api.post(f"/targets/{run.target_id}/dry-run", changed).json()

    assert (found["run"], found["partial"], found["looked_at"]) == (run.pk, False, run.discovered)
    assert found["followed"] == {
        "count": 1, "reasons": {"host": 1}, "samples": [{"url": "https://far.test/", "reason": "host"}]
    }  # fmt: skip
    assert {"url": start, "reason": "host"} in found["dropped"]["samples"]
    assert Target.objects.get(pk=run.target_id).start_urls == run.settings["start_urls"]


def test_target_that_never_ran_has_no_run_to_compare_with(api: Api, target: Target) -> None:
    found = api.post(f"/targets/{target.pk}/dry-run", {}).json()

    assert (found["run"], found["followed"], found["dropped"]) == (None, None, None)


@pytest.mark.parametrize(
    ("data", "field"), [({"exclude": ["("]}, "exclude.0"), ({"max_depth": -1}, "max_depth"), ({"x": 1}, "x")]
)
def test_what_could_not_be_saved_is_invalid(
    api: Api, target: Target, data: dict[str, Any], field: str
) -> None:
    errors = problem(api.post(f"/targets/{target.pk}/dry-run", data), 422)["errors"]

    assert [error["field"] for error in errors] == [field]


def test_targets_of_others_are_not_there(
    token_for: Callable[..., Api], stranger: User, target: Target
) -> None:
    problem(token_for(stranger).post(f"/targets/{target.pk}/dry-run", {}), 404)
