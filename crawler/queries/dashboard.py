"""What an installation does now, at a glance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, F, Sum

from crawler.models import FINAL_RUN_STATES, Heartbeat, Run, Slice
from crawler.queries import freshness, health, holding, rates
from crawler.queries import runs as runs_shown
from crawler.queries.health import ALIVE, BEAT
from crawler.queue import Lane, Work, lane_for

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

MOST_RUNS = 12
MOST_HELD = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneLine:
    """What waits and runs in one lane."""

    lane: Lane
    runs: int
    waiting: int
    slices: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerLine:
    """How many processes of one kind are alive; beat is one, though it does no work itself."""

    kind: str
    alive: int
    nodes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The dashboard. Runs are those the person may see; lanes, workers and speed are everyone's."""

    active: tuple[runs_shown.Progress, ...]
    ended: tuple[Run, ...]
    lanes: tuple[LaneLine, ...]
    workers: tuple[WorkerLine, ...]
    pages_per_minute: float | None
    standing_still: bool
    schedules_rest: bool
    late: freshness.Late
    held: tuple[Run, ...]

    @property
    def runs(self) -> int:
        return sum(line.runs for line in self.lanes)

    @property
    def waiting(self) -> int:
        return sum(line.waiting for line in self.lanes)

    @property
    def workers_alive(self) -> int:
        return sum(line.alive for line in self.workers if line.kind != BEAT)


def overview(user: AbstractBaseUser | AnonymousUser, now: datetime) -> Overview:
    """Return what the dashboard shows to `user`."""
    seen = Run.objects.visible_to(user).select_related("target")
    active = seen.active().order_by("-priority", "-id")[:MOST_RUNS]
    ended = seen.whole().filter(state__in=FINAL_RUN_STATES).order_by("-id")[:8]
    return Overview(
        active=tuple(runs_shown.progress(run, now) for run in active),
        ended=tuple(ended),
        lanes=lanes(now),
        workers=workers(now),
        pages_per_minute=rates.per_minute(now),
        standing_still=not health.is_crawling(now),
        schedules_rest=Work.TICK in health.left_undone(now),
        late=freshness.late(user),
        held=holding.runs(user, most=MOST_HELD),
    )


def lanes(now: datetime) -> tuple[LaneLine, ...]:
    """Return what waits and runs in each lane, most urgent first; the terminals' runs are in none."""
    waits = F("discovered") - F("done") - F("failed") - F("skipped") - F("dead")
    unsettled = Run.objects.active().filter(settled=False, target__hidden=False).values_list("priority")
    grouped = unsettled.annotate(many=Count("pk"), left=Sum(waits)).order_by()
    begun = dict(
        Slice.objects.filter(renewed_at__gte=now - ALIVE).values_list("lane").annotate(Count("pk")).order_by()
    )
    rows = [(lane_for(priority), many, waiting) for priority, many, waiting in grouped]
    return tuple(_lane(lane, rows, begun.get(lane.value, 0)) for lane in Lane)


def workers(now: datetime) -> tuple[WorkerLine, ...]:
    """Return the processes that were heard of within the last minute, by kind."""
    heard = Heartbeat.objects.filter(seen_at__gte=now - ALIVE).values_list("kind")
    grouped = heard.annotate(Count("pk"), Count("node", distinct=True)).order_by("kind")
    return tuple(WorkerLine(kind=kind, alive=alive, nodes=nodes) for kind, alive, nodes in grouped)


def _lane(lane: Lane, rows: Iterable[tuple[Lane, int, int]], slices: int) -> LaneLine:
    mine = [(many, waiting) for its, many, waiting in rows if its is lane]
    return LaneLine(
        lane=lane,
        runs=sum(many for many, _ in mine),
        waiting=sum(waiting for _, waiting in mine),
        slices=slices,
    )
