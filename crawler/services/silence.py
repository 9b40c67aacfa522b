"""Asks again for background work of many steps with which nobody goes on any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db import transaction

from crawler.services import outbox

if TYPE_CHECKING:
    from datetime import datetime, timedelta
    from typing import Any

    from django.db.models import QuerySet

    from crawler.queue import Work

BATCH: Final = 200


def ask_again(under_way: QuerySet[Any], work: Work, *, of: str, silent: timedelta, now: datetime) -> int:
    """Have a batch of `under_way` gone on with that was last gone on with so long ago; return how many.

    Its rows say so in `beat_at`, and their key is what the work is asked for by, as `of`.
    """
    rows = under_way.filter(beat_at__lt=now - silent)
    asked = 0
    for pk in list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic():
            if rows.filter(pk=pk).update(beat_at=now):
                outbox.post(work, now=now, **{of: pk})
                asked += 1
    return asked
