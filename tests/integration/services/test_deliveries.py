"""Messages to webhooks: one for each event, until it is taken or given up, seen by a real receiver."""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from datetime import timedelta
from hashlib import sha256
from typing import Any

import orjson
import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone
from pytest_django import Settings

from crawler.errors import TimedOut
from crawler.http import Failed, Fetched, Headers
from crawler.models import Delivery, DeliveryState, Event, EventKind, Target, Webhook
from crawler.policy.webhooks import TRIES
from crawler.services import deliveries, events, retention, webhooks
from crawler.services.deliveries import sending
from tests.crawling import a_run, a_target
from tests.site import HostileSite

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def ada(db: None) -> User:
    return User.objects.create_user("ada")


@pytest.fixture
def target(ada: User) -> Target:
    return a_target(owner=ada, name="Shop")


def a_webhook(owner: User, url: str = "https://hooks.example/x", **data: Any) -> Webhook:
    before = NOW - timedelta(hours=1)
    return webhooks.create(owner=owner, data={"name": "Chat", "url": url, **data}, now=before).webhook


def an_event(target: Target, kind: EventKind = EventKind.FRESHNESS_LATE, **data: Any) -> int:
    event = events.record(kind, target=target.pk, now=NOW, **data)
    assert event is not None
    return event


def only() -> Delivery:
    return Delivery.objects.get()


def test_event_is_sent_signed_and_noted(ada: User, target: Target, hostile_site: HostileSite) -> None:
    hostile_site.serve("/hook", status=204)
    webhook = a_webhook(ada, hostile_site.url("/hook"))
    event = an_event(target, since="2026-03-01T00:00:00Z")

    assert sending.work(now=NOW) == 1

    [received] = hostile_site.requests
    assert received.method == "POST"
    document = orjson.loads(received.body)
    assert document["type"] == "freshness.late"
    assert document["timestamp"].endswith("Z")
    assert document["data"] == {
        "since": "2026-03-01T00:00:00Z",
        "event": event,
        "target": {"id": target.pk, "name": "Shop"},
        "run": None,
    }
    assert is_ours(received.headers, received.body, secret=webhook.secret)
    delivery = only()
    assert (delivery.state, delivery.status, delivery.tries) == ("delivered", 204, 1)
    assert delivery.next_try_at is None
    assert delivery.message_id == received.header("webhook-id")
    assert [entry["status"] for entry in delivery.log] == [204]
    webhook.refresh_from_db()
    assert webhook.delivered_at is not None


def is_ours(headers: tuple[tuple[str, str], ...], body: bytes, *, secret: str) -> bool:
    """Verify as a receiver does, written from the specification."""
    said = {name.lower(): value for name, value in headers}
    signed = b".".join([said["webhook-id"].encode(), said["webhook-timestamp"].encode(), body])
    expected = hmac.new(b64decode(secret.removeprefix("whsec_")), signed, sha256).digest()
    return said["webhook-signature"] == "v1," + b64encode(expected).decode()


def test_each_event_is_announced_once_however_often_that_is_tried(ada: User, target: Target) -> None:
    first, second = a_webhook(ada), a_webhook(ada, target=target.pk)
    for _ in range(3):
        an_event(target)

    assert [deliveries.announce(now=NOW) for _ in range(3)] == [3, 0, 0]
    Event.objects.update(announced=False)  # as if the process had died between the two
    deliveries.announce(now=NOW)

    assert Delivery.objects.filter(webhook=first).count() == 3
    assert Delivery.objects.filter(webhook=second).count() == 3
    assert Delivery.objects.values("message_id").distinct().count() == 6


def test_database_refuses_a_second_message_of_an_event(ada: User, target: Target) -> None:
    a_webhook(ada)
    an_event(target)
    deliveries.announce(now=NOW)
    delivery = only()
    delivery.pk = None

    with pytest.raises(IntegrityError), transaction.atomic():
        delivery.save(force_insert=True)


def test_only_what_a_webhook_asks_for_is_sent_to_it(ada: User, target: Target) -> None:
    eve, admin = User.objects.create_user("eve"), User.objects.create_superuser("root")
    a_webhook(ada, name="all")
    a_webhook(ada, name="failures", kinds=["run.failed"])
    a_webhook(ada, name="other target", target=a_target(owner=ada).pk)
    a_webhook(ada, name="off", enabled=False)
    a_webhook(eve, name="stranger")
    a_webhook(admin, name="administrator, all of their own")
    a_webhook(admin, name="administrator, this one", target=target.pk)
    late = a_webhook(ada, name="registered later")
    Webhook.objects.filter(pk=late.pk).update(created_at=NOW + timedelta(seconds=1))
    an_event(target)

    deliveries.announce(now=NOW)

    told = set(Delivery.objects.values_list("webhook__name", flat=True))
    assert told == {"all", "administrator, this one"}


def test_target_that_was_handed_over_is_not_told_of_any_more(ada: User, target: Target) -> None:
    a_webhook(ada, target=target.pk)
    Target.objects.update(owner=User.objects.create_user("eve"))
    an_event(target)

    deliveries.announce(now=NOW)

    assert not Delivery.objects.exists()


def test_message_names_the_run_and_who_started_it(ada: User, target: Target) -> None:
    a_webhook(ada)
    run = a_run(owner=ada, name="Second")
    events.record(EventKind.RUN_FAILED, target=run.target_id, run=run.pk, now=NOW, reason="status-404")
    deliveries.announce(now=NOW)

    document = orjson.loads(only().payload)
    assert document["data"]["run"] == {"id": run.pk, "trigger": "manual"}
    assert document["data"]["reason"] == "status-404"


def test_receiver_that_fails_is_asked_again_later_with_the_same_message(
    ada: User, target: Target, hostile_site: HostileSite
) -> None:
    webhook = a_webhook(ada, hostile_site.url("/flaky/hook/500/2"))
    an_event(target)

    assert sending.work(now=NOW) == 1
    first = only()
    assert (first.state, first.status, first.reason, first.tries) == ("waiting", 500, "status-500", 1)
    webhook.refresh_from_db()
    assert (webhook.failed_tries, webhook.failing_since is None) == (1, False)
    assert sending.work(now=NOW) == 0  # it is not due
    for hours in (1, 2):
        sending.work(now=NOW + timedelta(hours=hours))

    delivery = only()
    assert (delivery.state, delivery.tries) == ("delivered", 3)
    assert [entry["status"] for entry in delivery.log] == [500, 500, 200]
    sent = [request.header("webhook-id") for request in hostile_site.requests]
    assert sent == [delivery.message_id] * 3
    assert len({request.body for request in hostile_site.requests}) == 1
    webhook.refresh_from_db()
    assert (webhook.failed_tries, webhook.failing_since) == (0, None)


def claimed(tries: int = 1) -> sending.Claim:
    """Claim the only message as its try number `tries`."""
    Delivery.objects.update(tries=tries - 1, next_try_at=NOW)
    [claim] = sending.claim(now=NOW)
    return claim


def answered(status: int) -> Fetched:
    return Fetched(url="", status=status, headers=Headers(), body=b"", wire_bytes=0, elapsed_seconds=0.1234)


def test_eighth_failure_is_the_last(ada: User, target: Target) -> None:
    a_webhook(ada)
    an_event(target)
    deliveries.announce(now=NOW)

    sending.record(claimed(TRIES), Failed(url="", error=TimedOut(), elapsed_seconds=15.0), now=NOW)

    delivery = only()
    assert (delivery.state, delivery.tries, delivery.reason) == ("failed", 8, "timed_out")
    assert (delivery.status, delivery.settled_at, delivery.next_try_at) == (None, NOW, None)


def test_gone_turns_the_webhook_off(ada: User, target: Target) -> None:
    webhook = a_webhook(ada)
    an_event(target)
    deliveries.announce(now=NOW)

    sending.record(claimed(), answered(410), now=NOW)

    webhook.refresh_from_db()
    assert (webhook.enabled, webhook.disabled_reason) == (False, "gone")
    assert (only().state, only().status) == ("failed", 410)
    an_event(target)
    deliveries.announce(now=NOW)
    assert Delivery.objects.count() == 1
    with pytest.raises(deliveries.WebhookIsOff):
        deliveries.replay(delivery=only(), now=NOW)


def test_what_waits_for_a_webhook_that_is_off_waits_on(ada: User, target: Target) -> None:
    a_webhook(ada)
    an_event(target)
    deliveries.announce(now=NOW)
    Webhook.objects.update(enabled=False)
    assert sending.claim(now=NOW) == []

    Webhook.objects.update(enabled=True)
    assert len(sending.claim(now=NOW)) == 1


def test_process_that_vanishes_while_sending_repeats_it(ada: User, target: Target) -> None:
    a_webhook(ada)
    an_event(target)
    deliveries.announce(now=NOW)
    [lost] = sending.claim(now=NOW)

    assert sending.claim(now=NOW + timedelta(seconds=30)) == []  # it may still be under way
    [again] = sending.claim(now=NOW + timedelta(minutes=2))
    assert (again.message_id, again.body, again.tries) == (lost.message_id, lost.body, 2)
    sending.record(lost, answered(200), now=NOW)  # it had not vanished after all
    assert only().state == DeliveryState.WAITING
    sending.record(again, answered(200), now=NOW)
    assert only().state == DeliveryState.DELIVERED


def test_one_receiver_with_much_to_hear_holds_up_no_other(ada: User, target: Target) -> None:
    busy = a_webhook(ada, name="busy")
    for _ in range(50):
        an_event(target)
    deliveries.announce(now=NOW - timedelta(minutes=5))
    other = a_webhook(ada, name="other")
    an_event(target, EventKind.FRESHNESS_RECOVERED)
    deliveries.announce(now=NOW)

    owners = [claim.webhook for claim in sending.claim(now=NOW)]

    assert owners.count(busy.pk) == sending.MOST_OF_ONE
    assert owners.count(other.pk) == 1


def test_message_is_sent_anew_when_a_person_asks(
    ada: User, target: Target, hostile_site: HostileSite
) -> None:
    a_webhook(ada, hostile_site.url("/ok"))
    an_event(target)
    sending.work(now=NOW)
    deliveries.replay(delivery=only(), now=NOW)
    assert (only().state, only().tries) == ("waiting", 0)

    sending.work(now=NOW)

    ids = [request.header("webhook-id") for request in hostile_site.requests]
    assert ids == [only().message_id] * 2
    assert len(only().log) == 2


def test_test_event_needs_no_event_and_they_do_not_pile_up(ada: User, hostile_site: HostileSite) -> None:
    webhook = a_webhook(ada, hostile_site.url("/ok"))
    for _ in range(deliveries.MOST_WAITING_TESTS):
        deliveries.test(webhook=webhook, now=NOW)
    with pytest.raises(deliveries.TooManyTests):
        deliveries.test(webhook=webhook, now=NOW)

    assert sending.work(now=NOW) == deliveries.MOST_WAITING_TESTS
    assert {orjson.loads(request.body)["type"] for request in hostile_site.requests} == {"webhook.test"}


def test_forbidden_address_is_not_contacted_and_the_log_does_not_say_which_it_was(
    ada: User, hostile_site: HostileSite, settings: Settings
) -> None:
    webhook = a_webhook(ada, hostile_site.url("/ok"))
    deliveries.test(webhook=webhook, now=NOW)
    settings.EGRESS_ALLOW = ""

    sending.work(now=NOW)

    assert hostile_site.connections == 0
    assert only().reason == "address_refused"
    assert "127.0.0.1" not in str(only().log)


def test_redirect_is_a_failure(ada: User, hostile_site: HostileSite) -> None:
    webhook = a_webhook(ada, hostile_site.url("/redirect/1"))
    deliveries.test(webhook=webhook, now=NOW)

    sending.work(now=NOW)

    assert (only().state, only().reason) == ("waiting", "status-302")
    assert hostile_site.asked("/ok") == []


def test_deleted_webhook_hears_nothing_more_and_its_messages_go(ada: User, target: Target) -> None:
    webhook = a_webhook(ada)
    an_event(target)
    deliveries.announce(now=NOW)
    webhooks.delete(webhook=webhook, now=NOW)
    an_event(target)
    deliveries.announce(now=NOW)
    assert Delivery.objects.count() == 1
    assert sending.claim(now=NOW) == []

    retention.clean_up(now=NOW)

    assert not Delivery.objects.exists()
    assert not Webhook.objects.exists()


def test_old_messages_are_removed_and_those_of_a_deleted_target(ada: User, target: Target) -> None:
    a_webhook(ada, target=target.pk)
    an_event(target)
    deliveries.announce(now=NOW)
    retention.clean_up(now=NOW + timedelta(days=10))
    assert Delivery.objects.exists()
    retention.clean_up(now=NOW + timedelta(days=91))
    assert not Delivery.objects.exists()

    an_event(target)
    deliveries.announce(now=NOW)
    Target.objects.update(deleted_at=NOW)
    retention.clean_up(now=NOW)

    assert not Webhook.objects.exists()
    assert not Target.objects.exists()
