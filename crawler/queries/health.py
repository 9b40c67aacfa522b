"""Whether the service works: what is alive, what is due, and how much was done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from django.db.models import Count, Min, Q, Sum
from django_celery_beat.models import PeriodicTask

from crawler import conf
from crawler.models import Delivery, DeliveryState, Heartbeat, Host, Run, RunState, Target, Webhook
from crawler.queries import freshness
from crawler.queue import MOST_URGENT, URGENT_FLOOR, Lane, Work, lane_for
from crawler.stores import lanes, sweeps

if TYPE_CHECKING:
    from collections.abc import Mapping

ALIVE: Final = timedelta(seconds=60)
"""How long a process that was heard of counts as alive."""

BEAT: Final = "beat"

UNDONE_FOR: Final = {Work.TICK: timedelta(seconds=120), Work.RECONCILE: timedelta(seconds=300)}
"""How long what beat asks for every few seconds may go undone; the reconciler may take a while each time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What `/metrics` tells of the installation.

    `oldest_due` is None when nothing is due, `late_for` when no data is late.
    """

    runs: Mapping[str, int]
    requests: Mapping[str, int]
    pages: int
    items: int
    bytes: int
    due_hosts: Mapping[str, int]
    leased_hosts: int
    workers: Mapping[str, int]
    oldest_due: timedelta | None
    freshness: Mapping[str, int]
    late_for: timedelta | None
    held: int
    deadlines: Mapping[str, int]
    deliveries_waiting: int
    webhooks_failing: int
    versions_removed: int
    last_ran: Mapping[str, datetime]


def beat_alive(now: datetime) -> bool:
    """Say whether beat was heard of: by its own heartbeat, or by the tick it sends."""
    ticked = PeriodicTask.objects.filter(task=Work.TICK.value, last_run_at__gte=now - ALIVE)
    return Heartbeat.objects.filter(kind=BEAT, seen_at__gte=now - ALIVE).exists() or ticked.exists()


def left_undone(now: datetime) -> dict[Work, timedelta]:
    """Return for how long nobody has done what beat asks for every few seconds, where that is too long."""
    alive = Heartbeat.objects.filter(kind=BEAT, seen_at__gte=now - ALIVE)
    asked_since = alive.aggregate(first=Min("started_at"))["first"]
    ran = sweeps.last_ran()
    lengths = {
        work: undone_for(last_ran=ran.get(work), asked_since=asked_since, now=now) for work in UNDONE_FOR
    }
    return {work: length for work, length in lengths.items() if length >= UNDONE_FOR[work]}


def undone_for(*, last_ran: datetime | None, asked_since: datetime | None, now: datetime) -> timedelta:
    """Return how long work was asked for in vain: since it was last done, or beat began to ask.

    `last_ran` is None when it never was done, `asked_since` when nobody asks.
    """
    if asked_since is None:
        return timedelta()
    return now - max(asked_since, last_ran or asked_since)


def is_heard(name: str, *, since: datetime) -> bool:
    """Say whether a process whose name begins with `name` was heard of since then."""
    return Heartbeat.objects.filter(name__startswith=name, seen_at__gte=since).exists()


def workers_alive(now: datetime) -> dict[str, int]:
    """Return how many processes of each kind were heard of within the last minute."""
    heard = Heartbeat.objects.filter(seen_at__gte=now - ALIVE).values_list("kind")
    return dict(heard.annotate(Count("pk")).order_by("kind"))


def figures(now: datetime) -> Figures:
    """Return the figures of the whole installation."""
    sums = Run.objects.aggregate(
        **{
            name: Sum(name, default=0)
            for name in ("done", "failed", "skipped", "dead", "pages", "items", "bytes")
        }
    )
    oldest, due = _due(now)
    ages = freshness.summary()
    states = dict(Run.objects.values_list("state").annotate(Count("pk")).order_by())
    return Figures(
        runs={state.value: states.get(state.value, 0) for state in RunState},
        requests={name: sums[name] for name in ("done", "failed", "skipped", "dead")},
        pages=sums["pages"],
        items=sums["items"],
        bytes=sums["bytes"],
        due_hosts=due,
        leased_hosts=Host.objects.filter(~Q(lease_owner="")).count(),
        workers=workers_alive(now),
        oldest_due=oldest,
        freshness=ages.by_state,
        deadlines=_deadlines(),
        deliveries_waiting=Delivery.objects.filter(state=DeliveryState.WAITING).count(),
        webhooks_failing=Webhook.objects.filter(enabled=True, failing_since__isnull=False).count(),
        versions_removed=Target.objects.aggregate(all=Sum("versions_removed", default=0))["all"],
        held=Run.objects.held().count(),
        late_for=now - ages.late_since if ages.late_since else None,
        last_ran={work.value: at for work, at in sweeps.last_ran().items()},
    )


def _deadlines() -> dict[str, int]:
    """Return how many deadlines of runs were met and how many missed."""
    decided = Run.objects.filter(deadline_met__isnull=False).values_list("deadline_met")
    counts = dict(decided.annotate(Count("pk")).order_by())
    return {"met": counts.get(True, 0), "missed": counts.get(False, 0)}


def is_standing_still(
    *, due_since: datetime | None, last_start: datetime | None, now: datetime, still: timedelta
) -> bool:
    """Say whether work waits and nobody does it: due for `still`, and no slice started for as long.

    `due_since` is since when a free host has waited, None when none is due; `last_start` is when a slice
    last started, None for never.
    """
    if due_since is None or now - due_since < still:
        return False
    return last_start is None or now - last_start >= still


def is_crawling(now: datetime) -> bool:
    """Say whether what is due is being crawled; true also when nothing is due.

    What is not urgent counts by itself: workers that take urgent hosts alone do nothing of it.
    """
    due, starts, still = lanes.oldest_due(now=now), lanes.last_starts(), conf.crawl().still_time
    for lane in (Lane.URGENT, Lane.DEFAULT):
        upto = MOST_URGENT if lane is Lane.URGENT else URGENT_FLOOR - 1
        since = min((at for priority, at in due.items() if priority <= upto), default=None)
        last = max((at for name, at in starts.items() if name.floor <= lane.floor), default=None)
        if is_standing_still(due_since=since, last_start=last, now=now, still=still):
            return False
    return True


def _due(now: datetime) -> tuple[timedelta | None, dict[str, int]]:
    """Return for how long the host that has waited longest has been due, and how many are due by lane."""
    counts = dict.fromkeys((lane.value for lane in Lane), 0)
    waiting = Host.objects.filter(lease_owner="", due_at__lte=now).values_list("top_priority")
    oldest: datetime | None = None
    for priority, hosts, since in waiting.annotate(Count("pk"), Min("due_at")).order_by():
        counts[lane_for(priority).value] += hosts
        oldest = since if oldest is None else min(oldest, since)
    return (now - oldest if oldest else None), counts
