"""Messages that are written with the change that asks for them, and sent once it is committed."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.db import transaction
from kombu.exceptions import OperationalError

from crawler import queue
from crawler.models import OutboxMessage
from crawler.queue import Work

if TYPE_CHECKING:
    from datetime import datetime

log = logging.getLogger(__name__)


def post(work: Work, *, now: datetime, task_id: str = "", **kwargs: int | str) -> OutboxMessage:
    """Write a message within the caller's transaction, and try to send it once that is committed."""
    message = OutboxMessage.objects.create(work=work.value, kwargs=kwargs, task_id=task_id, created_at=now)
    transaction.on_commit(lambda: publish(message, now=now))
    return message


def publish(message: OutboxMessage, *, now: datetime) -> bool:
    """Send one message and note it; sent twice after a crash between the two, never not at all."""
    try:
        queue.send(Work(message.work), task_id=message.task_id or None, **message.kwargs)
    except (OperationalError, OSError) as error:
        log.warning(
            "the broker takes no message; the outbox waits",
            extra={"work": message.work, "error": str(error)},
        )
        return False
    OutboxMessage.objects.filter(pk=message.pk).update(published_at=now)
    return True
