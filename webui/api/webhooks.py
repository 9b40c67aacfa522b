"""Webhooks: register, read, change, delete, try out; what was sent, and sending it again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Query, Router, Schema, Status
from pydantic import BaseModel, ConfigDict

from crawler.models import Delivery, DeliveryState, EventKind, Webhook
from crawler.queries import webhooks as listed
from crawler.services import deliveries, webhooks
from webui.api.auth import caller
from webui.api.schemas import Paged, body

router = Router(tags=["webhooks"])

WEBHOOK_SCHEMA = body(
    name={"type": "string", "maxLength": 200},
    url={"type": "string", "maxLength": 2_048, "description": "http or https; write-only."},
    target={"type": ["integer", "null"], "description": "null: all targets that are yours."},
    kinds={
        "type": "array",
        "items": {"type": "string", "enum": EventKind.values},
        "description": "Empty: every kind.",
    },
    enabled={"type": "boolean"},
)


class WebhookIn(BaseModel):
    """A webhook's settings."""

    model_config = ConfigDict(extra="allow", json_schema_extra=lambda schema: schema.update(WEBHOOK_SCHEMA))

    @property
    def given(self) -> dict[str, Any]:
        """Return the body as it was sent."""
        return dict(self.model_extra or {})


class WebhookOut(Schema):
    """A webhook. Of its URL only the origin can be read.

    `failing_since` is null unless the last try failed; `disabled_reason` is `gone` where the receiver
    answered 410.
    """

    id: int
    name: str
    origin: str
    target: int | None
    kinds: list[str]
    enabled: bool
    disabled_reason: str
    failing_since: datetime | None
    failed_tries: int
    delivered_at: datetime | None
    created_at: datetime
    updated_at: datetime


class RegisteredOut(WebhookOut):
    """A new webhook with its signing secret, which cannot be read again."""

    secret: str


class SecretOut(Schema):
    """A signing secret, which cannot be read again."""

    secret: str


class WebhookList(Schema):
    items: list[WebhookOut]
    next: str | None


class TryOut(Schema):
    """One try: the status it was answered with, or why there was no answer."""

    at: datetime
    status: int | None
    reason: str
    seconds: float


class DeliveryOut(Schema):
    """One message: how often it was tried, when it is next, and what came of the last twenty tries."""

    id: int
    message_id: str
    kind: str
    event: int | None
    state: DeliveryState
    tries: int
    next_try_at: datetime | None
    status: int | None
    reason: str
    log: list[TryOut]
    created_at: datetime
    settled_at: datetime | None


class DeliveryList(Schema):
    items: list[DeliveryOut]
    next: str | None


class DeliveryFilter(Paged):
    state: DeliveryState | None = None


@router.post("/webhooks", response={201: RegisteredOut})
def create_webhook(request: HttpRequest, data: WebhookIn, response: HttpResponse) -> Status[RegisteredOut]:
    """Register a webhook. The answer alone has its signing secret."""
    registered = webhooks.create(owner=caller(request).user, data=data.given, now=timezone.now())
    response["Location"] = f"/api/v1/webhooks/{registered.webhook.pk}"
    return Status(201, RegisteredOut(**_said(registered.webhook), secret=registered.secret))


@router.get("/webhooks", response=WebhookList)
def list_webhooks(request: HttpRequest, filters: Query[Paged]) -> WebhookList:
    """List your webhooks, newest first."""
    found = listed.page(caller(request).user, cursor=filters.cursor, size=filters.limit)
    return WebhookList(items=[WebhookOut(**_said(webhook)) for webhook in found.rows], next=found.next)


@router.get("/webhooks/{int:webhook_id}", response=WebhookOut)
def get_webhook(request: HttpRequest, webhook_id: int) -> WebhookOut:
    """Read one webhook."""
    return WebhookOut(**_said(_webhook(request, webhook_id)))


@router.patch("/webhooks/{int:webhook_id}", response=WebhookOut)
def update_webhook(request: HttpRequest, webhook_id: int, data: WebhookIn) -> WebhookOut:
    """Change the keys that are given. What waits while a webhook is off is sent when it is on again."""
    webhook = _webhook(request, webhook_id)
    webhooks.update(webhook=webhook, data=data.given, by=caller(request).user, now=timezone.now())
    return WebhookOut(**_said(webhook))


@router.delete("/webhooks/{int:webhook_id}", response={204: None})
def delete_webhook(request: HttpRequest, webhook_id: int) -> Status[None]:
    """Remove a webhook with its messages."""
    webhooks.delete(webhook=_webhook(request, webhook_id), now=timezone.now())
    return Status(204, None)


@router.post("/webhooks/{int:webhook_id}/secret", response=SecretOut)
def change_secret(request: HttpRequest, webhook_id: int) -> SecretOut:
    """Make another signing secret. The one before signs nothing any more, from now on."""
    return SecretOut(secret=webhooks.change_secret(webhook=_webhook(request, webhook_id), now=timezone.now()))


@router.post("/webhooks/{int:webhook_id}/test", response={202: DeliveryOut})
def send_test(request: HttpRequest, webhook_id: int) -> Status[DeliveryOut]:
    """Send a message of the kind `webhook.test`."""
    message = deliveries.test(webhook=_webhook(request, webhook_id), now=timezone.now())
    return Status(202, delivery_out(message))


@router.get("/webhooks/{int:webhook_id}/deliveries", response=DeliveryList)
def list_deliveries(request: HttpRequest, webhook_id: int, filters: Query[DeliveryFilter]) -> DeliveryList:
    """List what was sent to a webhook or waits for it, newest first."""
    found = listed.deliveries(
        _webhook(request, webhook_id),
        state=filters.state.value if filters.state else "",
        cursor=filters.cursor,
        size=filters.limit,
    )
    return DeliveryList(items=[delivery_out(message) for message in found.rows], next=found.next)


@router.post("/webhooks/{int:webhook_id}/deliveries/{int:delivery_id}/replay", response={202: DeliveryOut})
def replay_delivery(request: HttpRequest, webhook_id: int, delivery_id: int) -> Status[DeliveryOut]:
    """Send a message once more, at once and with the same `webhook-id`."""
    message = get_object_or_404(_webhook(request, webhook_id).deliveries, pk=delivery_id)
    deliveries.replay(delivery=message, now=timezone.now())
    message.refresh_from_db()
    return Status(202, delivery_out(message))


def delivery_out(message: Delivery) -> DeliveryOut:
    """Return what the API says of a message."""
    names = [name for name in DeliveryOut.model_fields if name not in {"id", "log"}]
    values = {name: getattr(message, name) for name in names}
    return DeliveryOut(id=message.pk, log=[TryOut(**entry) for entry in message.log], **values)


def _said(webhook: Webhook) -> dict[str, Any]:
    names = [name for name in WebhookOut.model_fields if name not in {"id", "target"}]
    values = {name: getattr(webhook, name) for name in names}
    return {"id": webhook.pk, "target": webhook.target_id, **values}


def _webhook(request: HttpRequest, webhook_id: int) -> Webhook:
    return get_object_or_404(Webhook.objects.visible_to(caller(request).user), pk=webhook_id)
