"""The queue: what waits to be fetched, why, and when it goes on."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import Field

from crawler.queries import dashboard
from crawler.queries import queue as queries
from crawler.queries.queue import HostLine, RunLine
from crawler.queue import Lane
from webui.api.auth import caller
from webui.api.runs import run_of
from webui.api.schemas import Paged

router = Router(tags=["queue"])


class LaneOut(Schema):
    """What the whole installation has in one lane: runs, requests that wait, and slices that crawl."""

    lane: str
    runs: int
    waiting: int
    slices: int


class HostWaiting(Schema):
    """Why a run's requests on one host wait, and until when; null where no clock decides that."""

    host: str
    reason: str
    detail: str
    until: datetime | None
    due_at: datetime | None
    node: Annotated[str | None, Field(description="The machine whose worker has the host.")]


class RunWaiting(Schema):
    """A run under way, with the first of the hosts that it waits for."""

    run: int
    target: int
    name: str
    state: str
    priority: int
    lane: str
    waiting: Annotated[int, Field(description="Requests that are queued or being fetched.")]
    hosts: list[HostWaiting]
    more_hosts: bool


class QueueOut(Schema):
    lanes: list[LaneOut]
    items: list[RunWaiting]
    next: str | None


class HostsOut(Schema):
    items: list[HostWaiting]
    next: str | None


class QueueFilter(Paged):
    lane: Lane | None = None


@router.get("/queue", response=QueueOut)
def show_queue(request: HttpRequest, filters: Query[QueueFilter]) -> QueueOut:
    """List the runs that are not over, the most urgent first, with what they wait for."""
    now = timezone.now()
    found = queries.page(
        caller(request).user, now=now, lane=filters.lane, cursor=filters.cursor, size=filters.limit
    )
    lanes = [
        LaneOut(lane=line.lane.value, runs=line.runs, waiting=line.waiting, slices=line.slices)
        for line in dashboard.lanes(now)
    ]
    return QueueOut(lanes=lanes, items=[_run(line) for line in found.rows], next=found.next)


@router.get("/runs/{int:run_id}/queue", response=HostsOut)
def show_queue_of_run(request: HttpRequest, run_id: int, filters: Query[Paged]) -> HostsOut:
    """List the hosts that a run waits for, the first due first."""
    found = queries.hosts(
        run_of(request, run_id), now=timezone.now(), cursor=filters.cursor, size=filters.limit
    )
    return HostsOut(items=[_host(line) for line in found.rows], next=found.next)


def _run(line: RunLine) -> RunWaiting:
    return RunWaiting(
        run=line.run.pk,
        target=line.run.target_id,
        name=line.run.target.name,
        state=line.run.state,
        priority=line.run.priority,
        lane=line.lane.value,
        waiting=line.run.waiting,
        hosts=[_host(host) for host in line.hosts],
        more_hosts=line.is_more,
    )


def _host(line: HostLine) -> HostWaiting:
    return HostWaiting(
        host=line.host.origin,
        reason=line.wait.reason.value,
        detail=line.words,
        until=line.wait.until,
        due_at=line.backlog.due_at,
        node=line.node or None,
    )
