"""The webhooks pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.urls import reverse

from crawler.models import Delivery, DeliveryState, Target, Webhook
from crawler.services import deliveries, webhooks
from tests.integration.pages.conftest import NOW
from tests.markup import assert_nothing_inline

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client

URL = "https://hooks.example/T000/hidden-part"


@pytest.fixture
def webhook(ada: User) -> Webhook:
    return webhooks.create(owner=ada, data={"name": "Team chat", "url": URL}, now=NOW).webhook


@pytest.fixture
def message(webhook: Webhook) -> Delivery:
    """A message that was given up."""
    message = deliveries.test(webhook=webhook, now=NOW)
    message.state, message.tries, message.next_try_at = DeliveryState.FAILED, 8, None
    message.log = [{"at": NOW.isoformat(), "status": 500, "reason": "status-500", "seconds": 0.25}]
    message.save()
    return message


def text(response: Any) -> str:
    return str(response.content.decode())


def test_new_webhook_shows_its_secret_once(client: Client, ada: User, target: Target) -> None:
    form = {"name": "Team chat", "url": URL, "target": target.pk, "kinds": ["run.failed"], "enabled": "on"}
    response = client.post(reverse("webhook-new"), form)

    webhook = Webhook.objects.get()
    assert (webhook.owner, webhook.target, webhook.kinds, webhook.url) == (ada, target, ["run.failed"], URL)
    assert webhook.secret in text(response)
    assert "no-store" in response["Cache-Control"]
    again = text(client.get(reverse("webhook", args=[webhook.pk])))
    assert webhook.secret not in again
    assert "hidden-part" not in again
    assert "https://hooks.example" in again


def test_problems_stand_beside_their_controls_and_nothing_is_lost(client: Client) -> None:
    form = {"name": "", "url": "ftp://hooks.example/", "kinds": ["run.failed"]}
    response = client.post(reverse("webhook-new"), form)

    assert response.status_code == 422
    assert "Must not be empty" in text(response)
    assert "Only http and https" in text(response)
    assert 'value="ftp://hooks.example/"' in text(response)
    assert 'value="run.failed" checked' in text(response)
    assert not Webhook.objects.exists()


def test_empty_url_keeps_the_one_that_is_stored(client: Client, webhook: Webhook) -> None:
    page = reverse("webhook-edit", args=[webhook.pk])
    shown = text(client.get(page))
    assert "hidden-part" not in shown
    assert 'name="url" value=""' in shown
    client.post(page, {"name": "Other", "url": "", "target": ""})

    webhook.refresh_from_db()
    assert (webhook.name, webhook.url, webhook.enabled) == ("Other", URL, False)


def test_log_says_what_came_of_each_try_and_a_message_is_sent_again(
    client: Client, webhook: Webhook, message: Delivery
) -> None:
    page = text(client.get(reverse("webhook", args=[webhook.pk])))
    assert "the server answered with status 500" in page
    assert message.message_id in page

    client.post(reverse("webhook-replay", args=[webhook.pk, message.pk]))

    message.refresh_from_db()
    assert (message.state, message.tries) == ("waiting", 0)


def test_webhook_that_is_off_says_so_and_sends_nothing(client: Client, webhook: Webhook) -> None:
    Webhook.objects.update(enabled=False, disabled_reason="gone")
    assert "answered 410" in text(client.get(reverse("webhook", args=[webhook.pk])))

    response = client.post(reverse("webhook-test", args=[webhook.pk]), follow=True)

    assert "turn it on first" in text(response)
    assert not Delivery.objects.exists()


def test_test_event_is_asked_for(client: Client, webhook: Webhook) -> None:
    client.post(reverse("webhook-test", args=[webhook.pk]))

    assert Delivery.objects.get().kind == "webhook.test"


def test_repeated_failure_is_shown_in_the_list(client: Client, webhook: Webhook) -> None:
    Webhook.objects.update(failing_since=NOW, failed_tries=3)

    assert "3 tries" in text(client.get(reverse("webhooks")))


def test_another_secret_is_shown_once(client: Client, webhook: Webhook) -> None:
    before = webhook.secret
    response = client.post(reverse("webhook-secret", args=[webhook.pk]))

    webhook.refresh_from_db()
    assert webhook.secret != before
    assert webhook.secret in text(response)


def test_deleted_webhook_is_gone(client: Client, webhook: Webhook) -> None:
    page = reverse("webhook-delete", args=[webhook.pk])
    assert "Delete this webhook?" in text(client.get(page))
    client.post(page)

    assert client.get(reverse("webhook", args=[webhook.pk])).status_code == 404


@pytest.mark.usefixtures("message")
def test_pages_have_nothing_inline(client: Client, webhook: Webhook) -> None:
    for name in ("webhook", "webhook-edit", "webhook-delete"):
        assert_nothing_inline(client.get(reverse(name, args=[webhook.pk])).content)
    for name in ("webhooks", "webhook-new"):
        assert_nothing_inline(client.get(reverse(name)).content)


def test_lists_cost_the_same_however_long_they_are(
    client: Client, ada: User, webhook: Webhook, django_assert_max_num_queries: Any
) -> None:
    for _ in range(10):
        webhooks.create(owner=ada, data={"name": "Chat", "url": URL}, now=NOW)
        Delivery.objects.create(webhook=webhook, kind="run.failed", payload="{}", created_at=NOW)

    with django_assert_max_num_queries(8):
        client.get(reverse("webhooks"))
    with django_assert_max_num_queries(8):
        client.get(reverse("webhook", args=[webhook.pk]))
