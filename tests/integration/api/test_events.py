"""The list of what happened."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from crawler.models import EventKind, Run, RunTrigger, Target
from crawler.services import events, runs
from tests.integration.api.conftest import NOW, Api, problem

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@pytest.fixture
def run(target: Target) -> Run:
    """A run that was cancelled, of a target that was late before."""
    events.record(
        EventKind.FRESHNESS_LATE, target=target.pk, now=NOW - timedelta(hours=1), max_age_seconds=60
    )
    run = runs.start(target=target, trigger=RunTrigger.MANUAL, now=NOW)
    runs.cancel(run=run, now=NOW)
    return run


def test_events_are_listed_newest_first(api: Api, run: Run) -> None:
    ended, late = api.get("/events").json()["items"]
    assert (ended["kind"], ended["run"], ended["target"]) == ("run.cancelled", run.pk, run.target_id)
    assert (late["kind"], late["run"], late["data"]) == ("freshness.late", None, {"max_age_seconds": 60})
    assert late["created_at"] == "2026-03-02T09:00:00Z"


def test_a_list_is_of_one_kind_one_target_or_one_run(api: Api, run: Run, person: User) -> None:
    other = Target.objects.create(name="Other", owner=person, start_urls=["http://other.test/"])
    events.record(EventKind.FRESHNESS_LATE, target=other.pk, now=NOW)
    asked = {
        f"target={run.target_id}": 2,
        f"target={other.pk}": 1,
        f"run={run.pk}": 1,
        "kind=freshness.late": 2,
        f"kind=freshness.late&target={other.pk}": 1,
    }
    assert {query: len(api.get(f"/events?{query}").json()["items"]) for query in asked} == asked


def test_a_list_goes_on_after_its_cursor(api: Api, run: Run) -> None:
    first = api.get("/events?limit=1").json()
    second = api.get(f"/events?limit=1&cursor={first['next']}").json()
    kinds = [page["items"][0]["kind"] for page in (first, second)]
    assert kinds == ["run.cancelled", "freshness.late"]
    assert second["next"] is None


def test_a_kind_that_is_none_is_refused(api: Api) -> None:
    assert problem(api.get("/events?kind=nonsense"), 422)["errors"][0]["field"] == "kind"
