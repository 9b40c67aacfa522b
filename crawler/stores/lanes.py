"""The bell of each lane: one ring at a time, and only the one who rang sends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q

from crawler.models import LaneState
from crawler.queue import DEFAULT_FLOOR, MOST_URGENT, URGENT_FLOOR, Lane
from crawler.stores import sql

if TYPE_CHECKING:
    from datetime import datetime, timedelta

PRIORITIES = {
    Lane.URGENT: (URGENT_FLOOR, 9),
    Lane.DEFAULT: (DEFAULT_FLOOR, URGENT_FLOOR - 1),
    Lane.BULK: (0, DEFAULT_FLOOR - 1),
}


def ring(lane: Lane, *, now: datetime, lasts: timedelta) -> bool:
    """Say whether the caller is to send the lane's message; False for as long as an earlier one `lasts`.

    One that was rung by a clock which was ahead lasts no longer.
    """
    silent = Q(rung_at=None) | Q(rung_at__lt=now - lasts) | Q(rung_at__gt=now + lasts)
    return LaneState.objects.filter(silent, name=lane.value).update(rung_at=now) == 1


def unring(lane: Lane) -> None:
    """Take a ring back whose message could not be sent."""
    LaneState.objects.filter(name=lane.value).update(rung_at=None)


def answer(lane: Lane, *, takes: Lane, now: datetime) -> None:
    """Note that a slice has started that was asked for in `lane`, and takes the hosts that `takes` does."""
    LaneState.objects.filter(name=lane.value).update(rung_at=None)
    LaneState.objects.filter(name=takes.value).update(started_at=now)


def last_starts() -> dict[Lane, datetime]:
    """Return when a slice last started that takes the hosts of a lane, for each in which one did."""
    rows = LaneState.objects.exclude(started_at=None).values_list("name", "started_at")
    return {Lane(name): at for name, at in rows if at is not None}


def with_work(*, now: datetime) -> list[Lane]:
    """Return the lanes that have a free host with something due."""
    return [lane for lane in Lane if has_work(lane, now=now)]


def oldest_due(*, now: datetime) -> dict[int, datetime]:
    """Return since when the free host that has waited longest is due, for each priority with one."""
    rows = sql.select(OLDEST_DUE, [sql.adapt(now)] * (MOST_URGENT + 1))
    return {priority: at for priority, text in rows if (at := sql.moment(text)) is not None}


# one range scan a priority: a single one over all of them would read every host that is due
OLDEST_DUE = " UNION ALL ".join(
    f"SELECT {priority}, due_at FROM (SELECT due_at FROM crawler_host WHERE lease_owner = '' "
    f"AND top_priority = {priority} AND due_at <= %s ORDER BY due_at LIMIT 1) AS of_priority"
    for priority in range(MOST_URGENT + 1)
)


def has_work(lane: Lane, *, now: datetime) -> bool:
    """Say whether a free host with something due belongs to the lane."""
    low, high = PRIORITIES[lane]
    return any(sql.select(FREE_DUE, [priority, sql.adapt(now)]) for priority in range(low, high + 1))


FREE_DUE = (
    "SELECT id FROM crawler_host WHERE lease_owner = '' AND top_priority = %s AND due_at <= %s "
    "ORDER BY due_at LIMIT 1"
)
