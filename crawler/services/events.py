"""Events: what others are told of. Written here and in `stores/`, removed when they are old."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler import conf
from crawler.models import Event
from crawler.stores.events import record

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["forget", "record"]

BATCH = 2_000


def forget(*, now: datetime) -> int:
    """Remove a batch of the events that are past their keeping time; return how many."""
    old = Event.objects.filter(created_at__lt=now - conf.crawl().keep_events).order_by("id")
    return Event.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:BATCH])).delete()[0]
