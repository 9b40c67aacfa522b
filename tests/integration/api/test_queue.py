"""The queue through the API."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from crawler.models import Backlog, Heartbeat, Host, RunTrigger, Slice, Target
from crawler.services import runs
from tests.integration.api.conftest import NOW, problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User

    from crawler.models import Run
    from tests.integration.api.conftest import Api


@pytest.fixture
def run(target: Target) -> Run:
    now = timezone.now()
    Heartbeat.objects.create(
        name="worker@here", kind="worker", node="here", pid=1, started_at=now, seen_at=now
    )
    return runs.start(target=target, trigger=RunTrigger.API, now=NOW)


def test_queue_says_what_waits_why_and_until_when(api: Api, run: Run) -> None:
    until = timezone.now().replace(microsecond=0) + timedelta(hours=1)
    Host.objects.update(next_at=until, hold_reason="status-429")

    answer = api.get("/queue").json()

    assert answer["next"] is None
    assert [lane["lane"] for lane in answer["lanes"]] == ["urgent", "default", "bulk"]
    assert answer["lanes"][1] == {"lane": "default", "runs": 1, "waiting": 1, "slices": 0}
    (line,) = answer["items"]
    (host,) = line.pop("hosts")
    assert line == {
        "run": run.pk,
        "target": run.target_id,
        "name": "Shop",
        "state": "queued",
        "priority": 5,
        "lane": "default",
        "waiting": 1,
        "more_hosts": False,
    }
    assert host["host"] == "https://shop.test"
    assert host["reason"] == "retry_after"
    assert host["detail"] == "the host asked to be left alone, with 429 or 503"
    assert host["until"] == until.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert host["node"] is None


def test_runs_that_are_not_listed_are_not_counted(api: Api, run: Run) -> None:
    Target.objects.filter(pk=run.target_id).update(hidden=True)

    answer = api.get("/queue").json()

    assert answer["items"] == []
    assert answer["lanes"][1] == {"lane": "default", "runs": 0, "waiting": 0, "slices": 0}


def test_what_kept_robots_txt_away_is_told(api: Api, run: Run) -> None:
    until = timezone.now() + timedelta(hours=1)
    Host.objects.update(next_at=until, hold_reason="robots_unreachable", robots_reason="status-503")

    for address in ("/queue", f"/runs/{run.pk}/queue"):
        (line,) = api.get(address).json()["items"]
        (host,) = line.get("hosts", [line])
        assert host["reason"] == "robots_unreachable"
        assert host["detail"].endswith("and is tried again then: the server answered with status 503")


def test_node_is_called_by_the_machine_s_name(api: Api, run: Run) -> None:
    now = timezone.now()
    Slice.objects.create(
        owner="x", lane="default", node="crawler-7-f5ee03f5-4026531836", started_at=now, renewed_at=now
    )
    Host.objects.update(lease_owner="x")

    (host,) = api.get(f"/runs/{run.pk}/queue").json()["items"]

    assert host["node"] == "crawler-7"


def test_queue_of_a_lane_and_of_a_run(api: Api, run: Run) -> None:
    assert api.get("/queue?lane=bulk").json()["items"] == []
    assert len(api.get("/queue?lane=default&limit=1").json()["items"]) == 1
    (host,) = api.get(f"/runs/{run.pk}/queue").json()["items"]
    assert (host["reason"], host["until"]) == ("waiting_for_worker", None)


def test_moved_run_is_in_its_new_lane_at_once(api: Api, run: Run) -> None:
    assert api("PATCH", f"/runs/{run.pk}", {"priority": 9}).json()["lane"] == "urgent"

    assert api.get("/queue?lane=urgent").json()["items"][0]["priority"] == 9
    assert Backlog.objects.get(run=run).priority == 9


def test_hosts_of_a_run_come_in_pages(api: Api, run: Run) -> None:
    for number in range(3):
        host = Host.objects.create(origin=f"https://h{number}.test")
        Backlog.objects.create(run=run, host=host, due_at=NOW)

    first = api.get(f"/runs/{run.pk}/queue?limit=3").json()
    second = api.get(f"/runs/{run.pk}/queue?limit=3&cursor={first['next']}").json()

    assert (len(first["items"]), len(second["items"]), second["next"]) == (3, 1, None)


@pytest.mark.parametrize("query", ["lane=express", "cursor=x", "limit=0", "state=running"])
def test_nonsense_is_told_field_by_field(api: Api, run: Run, query: str) -> None:
    (error,) = problem(api.get(f"/queue?{query}"), 422)["errors"]

    assert error["field"] == query.partition("=")[0]


def test_queue_of_somebody_else_is_not_shown(stranger: User, token_for: Callable[..., Api], run: Run) -> None:
    eve = token_for(stranger)

    assert eve.get("/queue").json()["items"] == []
    problem(eve.get(f"/runs/{run.pk}/queue"), 404)
