"""When a host is due and how urgent it is, from what waits on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A host's place in the queue of hosts; `due_at` is None when nothing waits on it.

    `rises_at` is when something more urgent than `priority` becomes due; None when nothing will.
    """

    due_at: datetime | None
    priority: int
    rises_at: datetime | None = None


def standing(waiting: Sequence[tuple[int, datetime]], *, next_at: datetime | None, now: datetime) -> Standing:
    """Return the standing of a host from the (priority, due time) of its open backlogs.

    Work that is due counts before work that is not, however urgent; among due work the most
    urgent counts. A host is never due before `next_at`.
    """
    if not waiting:
        return Standing(due_at=None, priority=0)
    due = [entry for entry in waiting if entry[1] <= now]
    if due:
        priority, first = max(due, key=lambda entry: entry[0])[0], min(entry[1] for entry in due)
    else:
        priority, first = min(waiting, key=lambda entry: (entry[1], -entry[0]))
    rises_at = min((when for urgency, when in waiting if urgency > priority), default=None)
    return Standing(due_at=max(first, next_at) if next_at else first, priority=priority, rises_at=rises_at)
