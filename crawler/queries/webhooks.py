"""Webhooks and their messages for display."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.models import Delivery, DeliveryState, Webhook
from crawler.queries.paging import Listing, listing

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser


def page(
    user: AbstractBaseUser | AnonymousUser, *, cursor: str | None = None, size: int = 50
) -> Listing[Webhook]:
    """Return a page of the webhooks `user` may see, newest first. Raises BadCursor."""
    found = Webhook.objects.visible_to(user).select_related("target", "owner").defer("url", "secret")
    return listing(found, order=("-id",), cursor=cursor, size=size)


def deliveries(
    webhook: Webhook, *, state: str = "", cursor: str | None = None, size: int = 50
) -> Listing[Delivery]:
    """Return a page of the messages to `webhook`, newest first. Raises BadCursor."""
    found = Delivery.objects.filter(webhook=webhook)
    if state in DeliveryState.values:
        found = found.filter(state=state)
    return listing(found, order=("-id",), cursor=cursor, size=size)
