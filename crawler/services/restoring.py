"""Brings a target back to what it was after an earlier change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.models import TargetChange
from crawler.services import history, targets

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import User

    from crawler.models import Target


def restore(*, target: Target, change: TargetChange, by: User, now: datetime) -> tuple[str, ...]:
    """Bring `target` to what it was after `change`; return the secrets that could not be brought back.

    It is a change as any other: checked whole, noted, and it can be taken back. Raises InvalidTarget.
    """
    later = TargetChange.objects.filter(target=target, pk__gt=change.pk).order_by("-pk")
    data, lost = history.undone(later, current=target)
    if data:
        targets.update(target=target, data=data, by=by, now=now, restores=change.pk)
    return lost
