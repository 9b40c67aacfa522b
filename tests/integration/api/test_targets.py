"""Targets through the API."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crawler.models import Run, RunState, SkipKind, Target
from crawler.services import skips
from crawler.services.drafts import KEYS
from crawler.services.skips import Skip
from tests.integration.api.conftest import NOW, problem
from webui.api.targets import TargetOut
from webui.api.targets_schema import SCHEDULE_SCHEMA, TARGET_SCHEMA

if TYPE_CHECKING:
    from tests.integration.api.conftest import Api

SHOP: dict[str, Any] = {"name": "Shop", "start_urls": ["https://shop.test"]}


def test_every_key_is_documented_and_told() -> None:
    assert set(TARGET_SCHEMA["properties"]) == {*KEYS, "schedule"}
    assert set(TARGET_SCHEMA["properties"]) < set(TargetOut.model_fields)


def test_registering_answers_with_the_target_and_where_it_is(api: Api) -> None:
    made = api.post("/targets", {**SHOP, "max_pages": 50, "tags": ["a"], "schedule": {"every_seconds": 3600}})

    assert made.status_code == 201
    assert made["Location"] == f"/api/v1/targets/{made.json()['id']}"
    read = api.get(f"/targets/{made.json()['id']}").json()
    assert read == made.json()
    assert (read["start_urls"], read["max_pages"], read["scope"]) == (["https://shop.test/"], 50, "host")
    assert read["schedule"]["every_seconds"] == 3600
    assert len(read["schedule"]["next_runs"]) == 5


def test_what_was_read_can_be_registered_again(api: Api) -> None:
    everything = {
        **SHOP,
        "scope": "domain",
        "include": ["/product/"],
        "exclude": [r"\?sort="],
        "max_depth": 3,
        "max_minutes": 20,
        "priority": 8,
        "delay_seconds": 2.5,
        "headers": {"Accept-Language": "de"},
        "user_agent": "Test/1",
        "scraper": "fields",
        "fields": {"name": {"css": "h1"}, "price": {"css": ".price", "type": "price"}},
        "row": "article",
        "key": ["name"],
        "tags": ["shop"],
        "schedule": {
            "cron": "0 6 * * MON-FRI",
            "timezone": "Europe/Berlin",
            "misfire": "skip",
            "overlap": "queue",
        },
    }
    first = api.post("/targets", everything).json()
    keys = {key: first[key] for key in KEYS}
    schedule = {key: first["schedule"][key] for key in SCHEDULE_SCHEMA["properties"]}

    second = api.post("/targets", {**keys, "schedule": schedule}).json()

    assert {key: second[key] for key in KEYS} == keys
    assert (
        everything.items()
        <= ({**second, "start_urls": SHOP["start_urls"], "schedule": everything["schedule"]}).items()
    )


def test_refusal_lists_every_field_that_is_wrong(api: Api) -> None:
    document = problem(api.post("/targets", {"start_urls": ["nonsense"], "priority": 10, "colour": 1}), 422)

    assert [error["field"] for error in document["errors"]] == ["start_urls.0", "priority", "colour", "name"]
    assert all(error["message"] for error in document["errors"])


@pytest.mark.parametrize("body", [b"[]", b"3", b'"x"', b"null"])
def test_a_body_that_is_no_object_is_invalid(api: Api, body: bytes) -> None:
    problem(api.post("/targets", body), 422)


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"name": NaN}', b'{"name": "\\ud800"}', b"\xff", b"[" * 100_000]
)
def test_a_body_that_is_no_json_is_a_problem(api: Api, body: bytes) -> None:
    response = api.post("/targets", body)

    problem(response, 422 if body == b"" else 400)


def test_patch_changes_what_is_given(api: Api, target: Target) -> None:
    changed = api("PATCH", f"/targets/{target.pk}", {"priority": 9})

    assert changed.status_code == 200
    assert (changed.json()["priority"], changed.json()["name"]) == (9, "Shop")


def test_a_schedule_that_cannot_work_is_warned_of(api: Api, target: Target) -> None:
    changed = api("PATCH", f"/targets/{target.pk}", {"schedule": {"every_seconds": 3600}}).json()

    assert changed["warnings"][0]["field"] == "schedule"


def test_secret_of_a_login_is_never_shown(api: Api) -> None:
    login = {"kind": "basic", "user": "ada", "password": "hush"}
    made = api.post("/targets", {**SHOP, "login": login})

    assert made.json()["login"] == {**login, "password": "(hidden)"}
    target = f"/targets/{made.json()['id']}"
    assert "hush" not in api.get(target).content.decode() + api.get("/targets").content.decode()
    api("PATCH", target, {"login": made.json()["login"] | {"user": "eve"}})
    assert Target.objects.get().login == login | {"user": "eve"}
    api("PATCH", target, {"login": None})
    assert api.get(target).json()["login"] is None


def test_secret_headers_are_never_shown(api: Api) -> None:
    headers = {"Authorization": "Bearer hush", "Cookie": "hush", "X-Api-Key": "hush", "Accept-Language": "de"}
    made = api.post("/targets", {**SHOP, "headers": headers})

    assert made.json()["headers"] == {**dict.fromkeys(headers, "(hidden)"), "Accept-Language": "de"}
    assert b"hush" not in api.get("/targets").content
    api("PATCH", f"/targets/{made.json()['id']}", {"headers": made.json()["headers"]})
    assert Target.objects.get().headers == headers


def test_deleted_targets_are_gone(api: Api, target: Target) -> None:
    assert api("DELETE", f"/targets/{target.pk}").status_code == 204

    problem(api.get(f"/targets/{target.pk}"), 404)
    assert api.get("/targets").json() == {"items": [], "next": None}


def test_list_goes_on_where_the_page_before_ended(api: Api) -> None:
    for number in range(5):
        api.post("/targets", {**SHOP, "name": f"Shop {number}"})

    names, path = [], "/targets?limit=2"
    while path:
        page = api.get(path).json()
        names += [target["name"] for target in page["items"]]
        path = f"/targets?limit=2&cursor={page['next']}" if page["next"] else ""

    assert names == [f"Shop {number}" for number in range(5)]


def test_list_finds_words(api: Api, target: Target) -> None:
    api.post("/targets", {**SHOP, "name": "Museum", "tags": ["art"]})

    assert [found["name"] for found in api.get("/targets?q=art").json()["items"]] == ["Museum"]


def test_crawl_now_answers_with_the_run_and_where_it_is(api: Api, target: Target) -> None:
    started = api.post(f"/targets/{target.pk}/runs", {"priority": 9})

    assert started.status_code == 202
    run = started.json()
    assert started["Location"] == f"/api/v1/runs/{run['id']}"
    assert (run["target"], run["state"], run["trigger"], run["priority"], run["lane"]) == (
        target.pk, "queued", "api", 9, "urgent",
    )  # fmt: skip
    assert run["counts"] == {"queued": 1, "leased": 0, "done": 0, "failed": 0, "skipped": 0, "dead": 0}


@pytest.mark.parametrize("body", [..., {}, None, {"priority": None}])
def test_crawl_now_needs_no_body(api: Api, target: Target, body: Any) -> None:
    started = api.post(f"/targets/{target.pk}/runs", body)

    assert started.status_code == 202
    assert started.json()["priority"] == target.priority


@pytest.mark.django_db(transaction=True)
def test_crawl_now_is_accepted_while_the_broker_is_down(api: Api, target: Target) -> None:
    assert api.post(f"/targets/{target.pk}/runs").status_code == 202
    assert Run.objects.get().state == RunState.QUEUED


@pytest.mark.parametrize("priority", [10, -1, "9", 1.5, True])
def test_crawl_now_refuses_a_priority_that_is_none(api: Api, target: Target, priority: object) -> None:
    document = problem(api.post(f"/targets/{target.pk}/runs", {"priority": priority}), 422)

    assert document["errors"][0]["field"] == "priority"


def test_crawl_now_refuses_unknown_keys(api: Api, target: Target) -> None:
    document = problem(api.post(f"/targets/{target.pk}/runs", {"urgent": True}), 422)

    assert document["errors"][0]["field"] == "urgent"


def test_a_disabled_target_says_how_to_crawl_it(api: Api, target: Target) -> None:
    api("PATCH", f"/targets/{target.pk}", {"enabled": False})

    document = problem(api.post(f"/targets/{target.pk}/runs"), 409)
    assert "enable" in document["detail"]


def test_what_is_read_of_a_schedule_says_whether_it_can_be_kept(api: Api) -> None:
    schedule = {"every_seconds": 3600, "windows": ["daily 00:00-24:00"], "jitter_seconds": 60}
    read = api.post("/targets", {**SHOP, "schedule": schedule}).json()["schedule"]

    assert (read["windows"], read["jitter_seconds"], read["paused"]) == (["daily 00:00-24:00"], 60, False)
    assert (read["spread"], read["shift_minutes"]) == (True, 0)
    checked = read["feasibility"]
    assert (checked["fits"], checked["pages"], checked["needs_seconds"]) == (False, 10_000, 11_500)
    assert (checked["between_seconds"], checked["possible_seconds"]) == (3600, 14_400)
    assert checked["problem"].startswith("10,000 pages at 1.15 s each")


def test_times_without_a_run_are_listed(api: Api, target: Target) -> None:
    times = tuple(NOW + timedelta(hours=hour) for hour in range(3))
    for kind in (SkipKind.MISFIRE, SkipKind.OVERLAP):
        skips.note(target=target.pk, skip=Skip(kind=kind, reason="why", times=times, run=4), now=NOW)

    first = api.get(f"/targets/{target.pk}/schedule/skips?limit=1").json()
    (skip,) = first["items"]
    assert (skip["kind"], skip["times"], skip["run"], skip["reason"]) == ("overlap", 3, 4, "why")
    assert (skip["nominal_at"], skip["last_nominal_at"]) == ("2026-03-02T10:00:00Z", "2026-03-02T12:00:00Z")
    rest = api.get(f"/targets/{target.pk}/schedule/skips?cursor={first['next']}").json()
    assert [skip["kind"] for skip in rest["items"]] == ["misfire"]
