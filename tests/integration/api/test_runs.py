"""Runs and their requests through the API."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from crawler.models import (
    Backlog,
    OutsideLink,
    ProblemKind,
    ProblemSample,
    Request,
    RequestState,
    Run,
    RunLogin,
    RunState,
    RunTrigger,
)
from crawler.services import runs
from tests.integration.api.conftest import NOW, problem

if TYPE_CHECKING:
    from crawler.models import Target
    from tests.integration.api.conftest import Api


@pytest.fixture
def run(target: Target) -> Run:
    return runs.start(target=target, trigger=RunTrigger.MANUAL, now=NOW)


@pytest.fixture
def mixed(run: Run) -> Run:
    """A run with one request in every state, and two that are done."""
    backlog = Backlog.objects.get(run=run)
    states = [
        RequestState.LEASED,
        RequestState.DONE,
        RequestState.DONE,
        RequestState.FAILED,
        RequestState.SKIPPED,
    ]
    for number, state in enumerate([*states, RequestState.DEAD]):
        Request.objects.create(
            run=run,
            host=backlog.host,
            backlog=backlog,
            key=bytes([number]) * 16,
            url=f"https://shop.test/{number}",
            state=state,
            reason="status-404" if state == RequestState.FAILED else "",
            status=404 if state == RequestState.FAILED else None,
        )
    Run.objects.filter(pk=run.pk).update(
        state=RunState.RUNNING,
        discovered=7,
        done=2,
        failed=1,
        skipped=1,
        dead=1,
        pages=2,
        items=9,
        bytes=1234,
    )
    run.refresh_from_db()
    return run


def test_counts_are_told_by_state_and_add_up(api: Api, mixed: Run) -> None:
    told = api.get(f"/runs/{mixed.pk}").json()

    assert told["counts"] == {"queued": 1, "leased": 1, "done": 2, "failed": 1, "skipped": 1, "dead": 1}
    assert sum(told["counts"].values()) == told["discovered"] == 7
    assert (told["state"], told["items"], told["bytes"], told["finished_at"]) == ("running", 9, 1234, None)


def test_run_tells_how_its_login_stands(api: Api, run: Run) -> None:
    assert api.get(f"/runs/{run.pk}").json()["login"] is None

    RunLogin.objects.create(run=run, asked_at=NOW, logged_in_at=NOW, number=2)
    Run.objects.filter(pk=run.pk).update(awaits_login=True)
    told = api.get(f"/runs/{run.pk}").json()["login"]
    assert (told["logging_in"], told["times"]) == (True, 2)
    assert datetime.fromisoformat(told["logged_in_at"]) == NOW

    Run.objects.filter(pk=run.pk).update(state=RunState.FAILED)
    assert api.get(f"/runs/{run.pk}").json()["login"]["logging_in"] is False
    assert api.get("/runs").json()["items"][0]["login"] is None


def test_list_is_newest_first_and_filters(api: Api, target: Target) -> None:
    first, second = (runs.start(target=target, trigger=RunTrigger.MANUAL, now=NOW) for _ in range(2))
    runs.cancel(run=first, now=NOW)

    def told(query: str) -> list[int]:
        return [run["id"] for run in api.get(f"/runs{query}").json()["items"]]

    assert told("") == [second.pk, first.pk]
    assert told("?state=cancelled") == [first.pk]
    assert told(f"?target={target.pk}&limit=1") == [second.pk]
    assert told(f"?target={target.pk + 1}") == []


def test_a_run_is_paused_resumed_and_cancelled(api: Api, run: Run) -> None:
    states = [api.post(f"/runs/{run.pk}/{step}").json()["state"] for step in ("pause", "resume", "cancel")]

    assert states == ["paused", "running", "cancelled"]


@pytest.mark.parametrize("step", ["pause", "resume", "cancel"])
def test_a_step_that_the_state_does_not_allow_is_a_conflict(api: Api, run: Run, step: str) -> None:
    runs.cancel(run=run, now=NOW)

    document = problem(api.post(f"/runs/{run.pk}/{step}"), 409)
    assert "is cancelled" in document["detail"]


def test_a_run_can_be_given_a_deadline_and_lose_it_again(api: Api, run: Run) -> None:
    told = api("PATCH", f"/runs/{run.pk}", {"deadline": "2096-03-01T07:00:00+01:00"}).json()

    assert (told["deadline"], told["deadline_met"]) == ("2096-03-01T06:00:00Z", None)
    assert (told["priority"], told["own_priority"]) == (run.priority, run.priority)
    assert api("PATCH", f"/runs/{run.pk}", {"deadline": None}).json()["deadline"] is None


@pytest.mark.parametrize(
    "deadline",
    [
        "2096-03-01T07:00:00",
        "tomorrow",
        "2020-01-01T00:00:00Z",
        12.5,
        4_102_444_800,
        "4102444800",
        "9999-12-31T23:59:59-14:00",
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00+14:00",
    ],
)
def test_a_deadline_must_lie_ahead_and_have_an_offset(api: Api, run: Run, deadline: object) -> None:
    for method, path in (("PATCH", f"/runs/{run.pk}"), ("POST", f"/targets/{run.target_id}/runs")):
        document = problem(api(method, path, {"deadline": deadline}), 422)
        assert [error["field"] for error in document["errors"]] == ["deadline"]


def test_a_run_that_has_ended_gets_no_deadline(api: Api, run: Run) -> None:
    runs.cancel(run=run, now=NOW)

    problem(api("PATCH", f"/runs/{run.pk}", {"deadline": "2096-03-01T07:00:00Z"}), 409)


def test_a_run_is_started_with_a_deadline_of_its_own_or_none(api: Api, target: Target) -> None:
    target.deadline = {"time": "07:00", "timezone": "UTC"}
    target.save()
    path = f"/targets/{target.pk}/runs"

    told = [api.post(path, body).json()["deadline"] for body in ({"deadline": None}, {}, None)]

    assert told[0] is None
    assert told[1] == told[2] != None  # noqa: E711 - both are set
    own = api.post(path, {"deadline": "2096-03-01T07:00:00Z"})
    assert (own.status_code, own.json()["deadline"]) == (202, "2096-03-01T07:00:00Z")


def test_priority_of_a_run_can_be_moved(api: Api, run: Run) -> None:
    told = api("PATCH", f"/runs/{run.pk}", {"priority": 9}).json()

    assert (told["priority"], told["lane"]) == (9, "urgent")
    assert Backlog.objects.get(run=run).priority == 9


@pytest.mark.parametrize(
    "body", [{}, {"priority": 11}, {"priority": True}, {"priority": 1, "state": "paused"}]
)
def test_a_change_of_anything_else_is_refused(api: Api, run: Run, body: dict[str, object]) -> None:
    problem(api("PATCH", f"/runs/{run.pk}", body), 422)


def test_samples_of_links_that_were_not_followed_are_told_in_pages(api: Api, run: Run) -> None:
    for number in range(3):
        OutsideLink.objects.create(run=run, reason="host", url=f"https://other.test/{number}")

    first = api.get(f"/runs/{run.pk}/outside?limit=2").json()
    rest = api.get(f"/runs/{run.pk}/outside?cursor={first['next']}").json()

    assert first["items"][0] == {"url": "https://other.test/0", "reason": "host"}
    assert [link["url"][-1] for link in first["items"] + rest["items"]] == ["0", "1", "2"]
    assert rest["next"] is None


def test_problems_are_counted_by_field_and_their_pages_told(api: Api, run: Run) -> None:
    for field in ("price", ""):
        ProblemKind.objects.create(run=run, code="missing_required", field=field, count=3, pages=2)
        for number in (1, 2):
            url = f"https://shop.test/{field}{number}"
            ProblemSample.objects.create(
                run=run, code="missing_required", field=field, number=number, url=url, message="gone"
            )

    told = api.get(f"/runs/{run.pk}/problems?limit=3").json()
    rest = api.get(f"/runs/{run.pk}/problems?cursor={told['next']}").json()
    priced = api.get(f"/runs/{run.pk}/problems?code=missing_required&field=price").json()

    assert [(kind["field"], kind["count"], kind["pages"]) for kind in told["counts"]] == [
        ("", 3, 2),
        ("price", 3, 2),
    ]
    assert told["counts"][0]["meaning"] == "a required field was not there; the record is not stored"
    assert told["items"][0] == {
        "code": "missing_required", "field": "price", "url": "https://shop.test/price1", "message": "gone"
    }  # fmt: skip
    assert (len(told["items"]), len(rest["items"]), rest["next"]) == (3, 1, None)
    assert [row["url"][-6:] for row in priced["items"]] == ["price1", "price2"]


def test_requests_are_told_by_state(api: Api, mixed: Run) -> None:
    (failed,) = api.get(f"/runs/{mixed.pk}/requests?state=failed").json()["items"]
    everything = api.get(f"/runs/{mixed.pk}/requests").json()["items"]

    assert (failed["url"], failed["reason"], failed["status"]) == ("https://shop.test/3", "status-404", 404)
    assert len(everything) == 7


def test_an_unknown_state_is_refused_with_those_there_are(api: Api, run: Run) -> None:
    (error,) = problem(api.get(f"/runs/{run.pk}/requests?state=lost"), 422)["errors"]

    assert error["message"] == "must be one of queued, leased, done, failed, skipped, dead"


@pytest.mark.parametrize(
    "query", ["?state=lost", "?state=FAILED", "?stat=failed", "?limit=0", "?limit=x", "?cursor=x"]
)
def test_a_query_that_is_not_understood_is_refused(api: Api, run: Run, query: str) -> None:
    (error,) = problem(api.get(f"/runs/{run.pk}/requests{query}"), 422)["errors"]

    assert error["field"] == query[1:].partition("=")[0]
