"""Webhooks over the API: secrets go in and never come out again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from crawler.models import Delivery, EventKind, Target, Webhook
from crawler.services import deliveries, events, webhooks
from tests.integration.api.conftest import NOW, Api, problem
from webui.api.webhooks import WEBHOOK_SCHEMA

if TYPE_CHECKING:
    from django.contrib.auth.models import User

SETTINGS = {"name": "Chat", "url": "https://hooks.example/T000/hidden-part", "kinds": ["run.failed"]}


@pytest.fixture
def webhook(api: Api) -> dict[str, Any]:
    response = api.post("/webhooks", SETTINGS)
    assert response.status_code == 201, response.content
    assert response["Location"] == f"/api/v1/webhooks/{response.json()['id']}"
    found: dict[str, Any] = response.json()
    return found


def test_secret_is_told_once_and_the_url_never(api: Api, webhook: dict[str, Any]) -> None:
    assert webhook["secret"].startswith("whsec_")
    answers = [
        api.get("/webhooks").content,
        api.get(f"/webhooks/{webhook['id']}").content,
        api("PATCH", f"/webhooks/{webhook['id']}", {"name": "Other"}).content,
    ]
    for answer in answers:
        assert b"hidden-part" not in answer
        assert webhook["secret"].encode() not in answer
    assert api.get(f"/webhooks/{webhook['id']}").json()["origin"] == "https://hooks.example"


def test_what_is_read_is_what_was_written(api: Api, webhook: dict[str, Any], target: Target) -> None:
    changed = api("PATCH", f"/webhooks/{webhook['id']}", {"target": target.pk, "kinds": []})

    assert changed.status_code == 200
    expected = {"name": "Chat", "target": target.pk, "kinds": [], "enabled": True, "failing_since": None}
    assert expected.items() <= changed.json().items()
    assert changed.json() == api.get(f"/webhooks/{webhook['id']}").json()


def test_problems_stand_beside_their_fields(api: Api) -> None:
    document = problem(api.post("/webhooks", {"url": "ftp://x/", "kinds": ["x"], "extra": 1}), 422)

    assert {error["field"] for error in document["errors"]} == {"name", "url", "kinds", "extra"}


def test_schema_names_the_settings_that_there_are() -> None:
    assert tuple(WEBHOOK_SCHEMA["properties"]) == webhooks.KEYS


def test_new_secret_replaces_the_old_one(api: Api, webhook: dict[str, Any]) -> None:
    secret = api.post(f"/webhooks/{webhook['id']}/secret").json()["secret"]

    assert secret != webhook["secret"]
    assert Webhook.objects.get().secret == secret


def test_messages_are_listed_and_sent_anew(api: Api, webhook: dict[str, Any], target: Target) -> None:
    Webhook.objects.update(created_at=NOW)
    event = events.record(EventKind.RUN_FAILED, target=target.pk, now=NOW)
    deliveries.announce(now=NOW)
    Delivery.objects.update(state="failed", tries=8, status=500, reason="status-500", next_try_at=None)
    path = f"/webhooks/{webhook['id']}/deliveries"

    [listed] = api.get(f"{path}?state=failed").json()["items"]
    assert (listed["event"], listed["state"], listed["status"]) == (event, "failed", 500)
    assert api.get(f"{path}?state=waiting").json()["items"] == []
    replayed = api.post(f"{path}/{listed['id']}/replay")
    assert replayed.status_code == 202
    assert (replayed.json()["state"], replayed.json()["tries"]) == ("waiting", 0)
    assert replayed.json()["message_id"] == listed["message_id"]


def test_test_event_is_asked_for_and_refused_when_the_webhook_is_off(
    api: Api, webhook: dict[str, Any]
) -> None:
    path = f"/webhooks/{webhook['id']}"
    sent = api.post(f"{path}/test")
    assert (sent.status_code, sent.json()["kind"], sent.json()["state"]) == (202, "webhook.test", "waiting")

    api("PATCH", path, {"enabled": False})
    assert "turn it on" in problem(api.post(f"{path}/test"), 409)["detail"]
    assert "turn it on" in problem(api.post(f"{path}/deliveries/{sent.json()['id']}/replay"), 409)["detail"]


def test_deleted_webhook_is_gone_at_once(api: Api, webhook: dict[str, Any]) -> None:
    assert api("DELETE", f"/webhooks/{webhook['id']}").status_code == 204

    problem(api.get(f"/webhooks/{webhook['id']}"), 404)
    assert api.get("/webhooks").json()["items"] == []


def test_strangers_see_and_change_nothing(
    api: Api, webhook: dict[str, Any], stranger: User, token_for: Callable[..., Api]
) -> None:
    other, path = token_for(stranger), f"/webhooks/{webhook['id']}"
    message = api.post(f"{path}/test").json()["id"]

    assert other.get("/webhooks").json()["items"] == []
    for method, place in [
        ("GET", path),
        ("PATCH", path),
        ("DELETE", path),
        ("POST", f"{path}/secret"),
        ("POST", f"{path}/test"),
        ("GET", f"{path}/deliveries"),
        ("POST", f"{path}/deliveries/{message}/replay"),
    ]:
        problem(other(method, place, {} if method == "PATCH" else ...), 404)
    second = api.post("/webhooks", SETTINGS).json()["id"]
    problem(api.post(f"/webhooks/{second}/deliveries/{message}/replay"), 404)
