"""How pages tell of webhooks and of their messages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.utils.html import format_html

from crawler.errors import explain
from crawler.models import GONE, TEST_KIND, Delivery, DeliveryState, Webhook
from webui.pages.templatetags.trawl_events import event_badge

register = template.Library()

STATES = {DeliveryState.WAITING: "", DeliveryState.DELIVERED: "good", DeliveryState.FAILED: "bad"}


@register.filter
def webhook_badge(webhook: Webhook) -> str:
    """Return the badge of how a webhook fares."""
    if not webhook.enabled:
        kind, words = ("bad", "off: gone") if webhook.disabled_reason == GONE else ("", "off")
    elif webhook.failing_since is not None:
        kind, words = "bad", "failing"
    else:
        kind, words = ("good", "works") if webhook.delivered_at else ("", "not tried yet")
    return format_html('<span class="state {}">{}</span>', kind, words)


@register.filter
def delivery_badge(message: Delivery) -> str:
    """Return the badge of where a message stands."""
    state = DeliveryState(message.state)
    words = "to be tried again" if state is DeliveryState.WAITING and message.tries else state.label
    return format_html('<span class="state {}">{}</span>', STATES[state], words)


@register.filter
def message_badge(message: Delivery) -> str:
    """Return the badge of what a message tells of."""
    if message.kind == TEST_KIND:
        return format_html('<span class="state">{}</span>', "test event")
    return event_badge(message.kind)


@register.filter
def try_words(entry: dict[str, Any]) -> str:
    """Return what came of one try."""
    if entry.get("reason"):
        return explain(str(entry["reason"]))
    return f"taken, with status {entry.get('status')}"


@register.filter
def moment(written: str) -> datetime:
    """Return the time of a try."""
    return datetime.fromisoformat(written)
