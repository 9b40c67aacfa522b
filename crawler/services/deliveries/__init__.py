"""Messages to webhooks: written from events, asked for again by people, removed when they are old."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import orjson
from django.db import transaction

from crawler import conf
from crawler.models import TEST_KIND, Delivery, DeliveryState, Event, Target, Webhook

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

EVENTS_AT_ONCE = 200
BATCH = 2_000
MOST_WAITING_TESTS = 5


class WebhookIsOff(Exception):
    """Nothing is sent to a webhook that is off."""

    def __init__(self) -> None:
        super().__init__("this webhook is off; turn it on first")


class TooManyTests(Exception):
    """Test events wait already."""

    def __init__(self) -> None:
        super().__init__("test events are waiting already; wait until they are sent")


def announce(*, now: datetime) -> int:
    """Write the messages of the events that nobody was told of yet; return how many events there were.

    Messages and mark are written in one transaction, and the database refuses a second message of an
    event to the same webhook: so there is one for each, whoever runs this, how often, and killed when.
    """
    fresh = Event.objects.filter(announced=False)
    if not fresh.exists():
        return 0
    with transaction.atomic():
        events = list(fresh.select_related("target", "run").order_by("id")[:EVENTS_AT_ONCE])
        webhooks = _listening()
        messages = [message for event in events for message in _messages(event, webhooks, now=now)]
        Delivery.objects.bulk_create(messages, ignore_conflicts=True)
        Event.objects.filter(pk__in=[event.pk for event in events]).update(announced=True)
    return len(events)


def _listening() -> list[Webhook]:
    """Return the webhooks that are on, locked so that none is removed before its messages are written."""
    found = Webhook.objects.filter(enabled=True, owner__is_active=True).select_related("owner")
    return list(found.select_for_update(of=("self",), no_key=True).order_by("id"))


def _messages(event: Event, webhooks: list[Webhook], *, now: datetime) -> Iterator[Delivery]:
    for webhook in webhooks:
        if _wants(webhook, event):
            yield _message(webhook, kind=event.kind, payload=_payload(event), now=now, event=event.pk)


def _wants(webhook: Webhook, event: Event) -> bool:
    """Say whether a webhook is for this event: registered before it, and of a target its owner may see."""
    target = event.target
    if event.created_at < webhook.created_at or target.hidden or target.deleted_at is not None:
        return False
    if webhook.kinds and event.kind not in webhook.kinds:
        return False
    is_own = target.owner_id == webhook.owner_id
    if webhook.target_id is None or is_own:
        return is_own and webhook.target_id in {None, target.pk}
    is_this = webhook.target_id == target.pk
    return is_this and Target.objects.visible_to(webhook.owner).filter(pk=target.pk).exists()


def _payload(event: Event) -> dict[str, object]:
    run = {"id": event.run_id, "trigger": event.run.trigger} if event.run else None
    about = {"event": event.pk, "target": {"id": event.target_id, "name": event.target.name}, "run": run}
    return {"type": event.kind, "timestamp": event.created_at, "data": {**event.data, **about}}


def _message(
    webhook: Webhook, *, kind: str, payload: dict[str, object], now: datetime, event: int | None = None
) -> Delivery:
    return Delivery(
        webhook=webhook,
        event=event,
        message_id=f"msg_{uuid4().hex}",
        kind=kind,
        payload=orjson.dumps(payload, option=orjson.OPT_UTC_Z).decode(),
        next_try_at=now,
        created_at=now,
    )


def test(*, webhook: Webhook, now: datetime) -> Delivery:
    """Have a test event sent. Raises WebhookIsOff and TooManyTests."""
    _require_on(webhook)
    waiting = Delivery.objects.filter(webhook=webhook, event=None, state=DeliveryState.WAITING)
    if waiting.count() >= MOST_WAITING_TESTS:
        raise TooManyTests
    said: dict[str, object] = {"webhook": {"id": webhook.pk, "name": webhook.name}}
    payload = {"type": TEST_KIND, "timestamp": now, "data": said}
    message = _message(webhook, kind=TEST_KIND, payload=payload, now=now)
    message.save()
    return message


def replay(*, delivery: Delivery, now: datetime) -> None:
    """Have a message sent once more, at once and with the same id; its tries begin anew.

    Raises WebhookIsOff.
    """
    _require_on(delivery.webhook)
    Delivery.objects.filter(pk=delivery.pk).update(
        state=DeliveryState.WAITING, tries=0, next_try_at=now, settled_at=None
    )


def _require_on(webhook: Webhook) -> None:
    if not webhook.enabled:
        raise WebhookIsOff


def forget(*, now: datetime) -> int:
    """Remove a batch of the messages that are past the keeping time of events; return how many."""
    old = Delivery.objects.filter(created_at__lt=now - conf.crawl().keep_events).order_by("id")
    return Delivery.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:BATCH])).delete()[0]
