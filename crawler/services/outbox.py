"""The outbox: work is written with the change that asks for it, and sent afterwards."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from kombu.exceptions import OperationalError

from crawler import queue
from crawler.models import OutboxMessage
from crawler.queue import Work

if TYPE_CHECKING:
    from datetime import datetime

log = logging.getLogger(__name__)
GRACE = timedelta(seconds=5)
BATCH = 200
KEEP = timedelta(days=1)


def post(work: Work, *, now: datetime, task_id: str = "", **kwargs: int | str) -> OutboxMessage:
    """Write a message within the caller's transaction, and try to send it once that is committed."""
    message = OutboxMessage.objects.create(work=work.value, kwargs=kwargs, task_id=task_id, created_at=now)
    transaction.on_commit(lambda: _publish(message, now=now))
    return message


def publish_waiting(*, now: datetime, grace: timedelta = GRACE) -> int:
    """Send what nobody sent within `grace` of being written; return how many were sent.

    Work that only another version knows waits for that version, and keeps nobody else waiting.
    """
    waiting = OutboxMessage.objects.filter(
        published_at=None, created_at__lte=now - grace, work__in=list(Work)
    )
    sent = 0
    for message in waiting.order_by("id")[:BATCH]:
        if not _publish(message, now=now):
            break
        sent += 1
    return sent


def _publish(message: OutboxMessage, *, now: datetime) -> bool:
    """Send one message and note it; sent twice after a crash between the two, never not at all."""
    try:
        queue.send(Work(message.work), task_id=message.task_id or None, **message.kwargs)
    except (OperationalError, OSError) as error:
        log.warning(
            "the broker cannot be reached; the outbox waits",
            extra={"work": message.work, "error": str(error)},
        )
        return False
    OutboxMessage.objects.filter(pk=message.pk).update(published_at=now)
    return True


def forget(*, now: datetime) -> int:
    """Remove what was sent more than a day ago, at most a batch of it."""
    old = (
        OutboxMessage.objects.filter(published_at__lt=now - KEEP)
        .order_by("id")
        .values_list("pk", flat=True)[:BATCH]
    )
    return OutboxMessage.objects.filter(pk__in=list(old)).delete()[0]
