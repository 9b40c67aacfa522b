"""The outbox: what nobody sent after the change that asks for it is sent from here."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from crawler.models import OutboxMessage
from crawler.queue import Work
from crawler.stores.outbox import post, publish

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["forget", "post", "publish_waiting"]

GRACE = timedelta(seconds=5)
BATCH = 200
KEEP = timedelta(days=1)


def publish_waiting(*, now: datetime, grace: timedelta = GRACE) -> int:
    """Send what nobody sent within `grace` of being written; return how many were sent.

    Work that only another version knows waits for that version, and keeps nobody else waiting.
    """
    waiting = OutboxMessage.objects.filter(
        published_at=None, created_at__lte=now - grace, work__in=list(Work)
    )
    sent = 0
    for message in waiting.order_by("id")[:BATCH]:
        if not publish(message, now=now):
            break
        sent += 1
    return sent


def forget(*, now: datetime) -> int:
    """Remove what was sent more than a day ago, at most a batch of it."""
    old = (
        OutboxMessage.objects.filter(published_at__lt=now - KEEP)
        .order_by("id")
        .values_list("pk", flat=True)[:BATCH]
    )
    return OutboxMessage.objects.filter(pk__in=list(old)).delete()[0]
