"""Registering webhooks: what is stored, what is refused, and what nobody sees again."""

from __future__ import annotations

from base64 import b64decode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from pytest_django import Settings

from crawler.models import Webhook
from crawler.services import webhooks
from crawler.services.webhooks import InvalidWebhook
from tests.crawling import a_target

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
URL = "https://hooks.example/services/T000/the-secret-part?key=abc"


@pytest.fixture
def ada(db: None) -> User:
    return User.objects.create_user("ada")


def settings(**changes: Any) -> dict[str, Any]:
    return {"name": "Chat", "url": URL, **changes}


def refused(ada: User, **changes: Any) -> dict[str, str]:
    with pytest.raises(InvalidWebhook) as refusal:
        webhooks.create(owner=ada, data=settings(**changes), now=NOW)
    assert not Webhook.objects.exists()
    return {problem.field: problem.message for problem in refusal.value.problems}


def test_url_and_secret_lie_encrypted_and_only_the_origin_can_be_read(ada: User) -> None:
    registered = webhooks.create(owner=ada, data=settings(), now=NOW)

    assert registered.webhook.origin == "https://hooks.example"
    assert len(b64decode(registered.secret.removeprefix("whsec_"))) == 32
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM crawler_webhook")
        stored = str(cursor.fetchall())
    assert "the-secret-part" not in stored
    assert registered.secret not in stored
    again = Webhook.objects.get()
    assert (again.url, again.secret) == (URL, registered.secret)


def test_secrets_differ_and_can_be_changed(ada: User) -> None:
    first = webhooks.create(owner=ada, data=settings(), now=NOW)
    second = webhooks.create(owner=ada, data=settings(), now=NOW)
    changed = webhooks.change_secret(webhook=first.webhook, now=NOW)

    assert len({first.secret, second.secret, changed}) == 3
    assert Webhook.objects.get(pk=first.webhook.pk).secret == changed


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("name", "", "must not be empty"),
        ("name", 5, "must be text"),
        ("url", "hooks.example/x", "not a whole URL"),
        ("url", "ftp://hooks.example/", "only http and https"),
        ("url", "https://me:secret@hooks.example/", "user name"),
        ("target", "3", "the number of a target"),
        ("target", 10**30, "no such target"),
        ("kinds", "run.finished", "must be a list"),
        ("kinds", ["run.started"], "no kind of event"),
        ("enabled", "yes", "true or false"),
        ("headers", {}, "is not a setting"),
    ],
)
def test_what_cannot_be_kept_is_refused_beside_its_field(
    ada: User, key: str, value: object, message: str
) -> None:
    problems = refused(ada, **{key: value})

    assert list(problems) == [key]
    assert message in problems[key]


def test_all_that_is_missing_or_wrong_is_told_at_once(ada: User) -> None:
    with pytest.raises(InvalidWebhook) as refusal:
        webhooks.create(owner=ada, data={"kinds": [1]}, now=NOW)

    assert {problem.field for problem in refusal.value.problems} == {"name", "url", "kinds"}


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/", "http://[::1]/x", "http://169.254.169.254/", "http://h.test:25/"]
)
def test_address_that_is_never_contacted_is_refused_at_once(ada: User, settings: Settings, url: str) -> None:
    settings.EGRESS_ALLOW = ""

    assert "EGRESS_ALLOW" in refused(ada, url=url)["url"]


def test_nobody_is_told_of_another_persons_target(ada: User) -> None:
    eve = User.objects.create_user("eve")
    target = a_target(owner=eve)

    assert "none that you may see" in refused(ada, target=target.pk)["target"]


def test_change_leaves_alone_what_it_does_not_name(ada: User) -> None:
    target = a_target(owner=ada)
    webhook = webhooks.create(owner=ada, data=settings(target=target.pk), now=NOW).webhook
    webhooks.update(webhook=webhook, data={"kinds": ["run.failed"]}, by=ada, now=NOW)

    webhook.refresh_from_db()
    assert (webhook.name, webhook.url, webhook.target_id, webhook.kinds) == (
        "Chat", URL, target.pk, ["run.failed"]
    )  # fmt: skip


def test_webhook_that_is_turned_on_again_begins_anew(ada: User) -> None:
    webhook = webhooks.create(owner=ada, data=settings(), now=NOW).webhook
    Webhook.objects.update(enabled=False, disabled_reason="gone", failing_since=NOW, failed_tries=9)
    webhook.refresh_from_db()
    webhooks.update(webhook=webhook, data={"enabled": True}, by=ada, now=NOW + timedelta(days=1))

    webhook.refresh_from_db()
    assert (webhook.enabled, webhook.disabled_reason, webhook.failing_since, webhook.failed_tries) == (
        True, "", None, 0
    )  # fmt: skip


def test_a_person_has_a_hundred_at_most(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "MOST_WEBHOOKS", 1)
    webhooks.create(owner=ada, data=settings(), now=NOW)

    with pytest.raises(InvalidWebhook, match="remove one"):
        webhooks.create(owner=ada, data=settings(), now=NOW)
