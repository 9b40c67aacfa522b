"""What waits to be fetched: by lane, run and host, why, and when it goes on. No request is ever counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Max

from crawler.errors import explain
from crawler.frontier import waiting
from crawler.frontier.waiting import Holder, Place, Reason
from crawler.models import TIME_LIMIT, Backlog, BacklogKind, Run, RunState, Slice
from crawler.queries import health
from crawler.queries.paging import Listing, listing
from crawler.queue import WORKERS, Lane, lane_for
from crawler.stores import backlogs, processes
from crawler.stores.lanes import PRIORITIES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
    from django.db.models import QuerySet

    from crawler.frontier.waiting import Wait
    from crawler.models import Host, Request

FIRST_HOSTS = 3
MOST_COUNTED = 100
BROWSER = "worker-browser"
OF_THE_RUN = frozenset({Reason.PAUSED, Reason.LOGGING_IN, Reason.ENDING})
"""Reasons for which no host matters: nobody who has one has it for this run."""
NOT_SHOWN = ("settings", "headers", "secrets", "report")


@dataclass(frozen=True, slots=True, kw_only=True)
class HostLine:
    """What a run has waiting on one host, and why.

    `node` is the name of the machine that has the host, where the run waits for the host at all.
    """

    backlog: Backlog
    wait: Wait
    node: str

    @property
    def host(self) -> Host:
        return self.backlog.host

    @property
    def words(self) -> str:
        """Return why it waits, in words; with what kept robots.txt away where that is known."""
        words, cause = self.wait.reason.words, self.host.robots_reason
        known = self.wait.reason is Reason.ROBOTS_UNREACHABLE and cause
        return f"{words}: {explain(cause)}" if known else words


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLine:
    """A run under way, and the first of the hosts it waits for. Of very many, `many` counts only so far."""

    run: Run
    hosts: tuple[HostLine, ...]
    many: int

    @property
    def lane(self) -> Lane:
        return lane_for(self.run.priority)

    @property
    def is_more(self) -> bool:
        return self.many > len(self.hosts)

    @property
    def is_uncounted(self) -> bool:
        return self.many >= MOST_COUNTED


def page(
    user: AbstractBaseUser | AnonymousUser,
    *,
    now: datetime,
    lane: Lane | None = None,
    cursor: str | None = None,
    size: int = 20,
) -> Listing[RunLine]:
    """Return a page of the runs of `user` that are not over, the most urgent first. Raises BadCursor."""
    found = Run.objects.visible_to(user).active().filter(settled=False)
    if lane is not None:
        found = found.filter(priority__range=PRIORITIES[lane])
    found = found.select_related("target").defer(*NOT_SHOWN)
    rows = listing(found, order=("-priority", "id"), cursor=cursor, size=size)
    ids = [run.pk for run in rows.rows]
    many = backlogs.how_many(ids, most=MOST_COUNTED)
    first = _backlogs(backlogs.first_of(ids, most=FIRST_HOSTS))
    around = _around(first, now=now)
    of_run: dict[int, list[Backlog]] = {run: [] for run in ids}
    for row in first:
        of_run[row.run_id].append(row)
    return rows.map(
        lambda run: RunLine(
            run=run,
            hosts=tuple(around.line(row, run) for row in of_run[run.pk]),
            many=many.get(run.pk, 0),
        )
    )


def hosts(run: Run, *, now: datetime, cursor: str | None = None, size: int = 100) -> Listing[HostLine]:
    """Return a page of the hosts that `run` waits for, the first due first. Raises BadCursor."""
    found = Backlog.objects.filter(run=run, due_at__isnull=False)
    rows = listing(_with_hosts(found), order=("due_at", "id"), cursor=cursor, size=size)
    around = _around(rows.rows, now=now)
    return rows.map(lambda row: around.line(row, run))


def line_of(request: Request, run: Run, *, now: datetime) -> HostLine:
    """Return why one request of `run` that is queued waits."""
    row = _with_hosts(Backlog.objects.all()).get(pk=request.backlog_id)
    row.due_at = request.not_before or now  # its own, not that of the first on this host
    return _around([row], now=now).line(row, run)


def _backlogs(ids: Sequence[int]) -> list[Backlog]:
    found = _with_hosts(Backlog.objects.all()).in_bulk(ids)
    return [found[id_] for id_ in ids if id_ in found]


def _with_hosts(found: QuerySet[Backlog]) -> QuerySet[Backlog]:
    return found.select_related("host").defer("host__robots_body")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Around:
    """What is around the rows of one page, read once for all of them."""

    now: datetime
    alive: Collection[str]
    tops: Mapping[int, int]
    slices: Mapping[str, Slice]

    def line(self, row: Backlog, run: Run) -> HostLine:
        holder = self.slices.get(row.host.lease_owner)
        place = Place(
            priority=row.priority,
            due_at=row.due_at or self.now,  # it may have been emptied since it was found
            paused=run.state == RunState.PAUSED,
            logging_in=run.awaits_login,
            ending=run.reason == TIME_LIMIT,
            served=_is_served(row, self.alive),
            holder=_holder(row.host.lease_owner, holder),
            top=self.tops.get(row.host_id, 0),
            next_at=row.host.next_at,
            hold_reason=row.host.hold_reason,
            wanted_at=row.host.wanted_at,
        )
        wait = waiting.why(place, now=self.now)
        node = processes.machine(holder.node) if holder and wait.reason not in OF_THE_RUN else ""
        return HostLine(backlog=row, wait=wait, node=node)


def _around(rows: Sequence[Backlog], *, now: datetime) -> _Around:
    return _Around(
        now=now,
        alive=health.workers_alive(now),
        tops=_tops({row.host_id for row in rows}, now=now),
        slices=_slices({row.host.lease_owner for row in rows} - {""}),
    )


def _is_served(row: Backlog, alive: Collection[str]) -> bool:
    if row.kind == BacklogKind.BROWSER:
        return BROWSER in alive
    lane = lane_for(row.priority).value
    return any(worker.name in alive and lane in worker.queues for worker in WORKERS)


def _holder(owner: str, found: Slice | None) -> Holder:
    """Return who has a host; a slice whose row is gone was a worker's more likely than not."""
    if not owner:
        return Holder.NOBODY
    return Holder.WORKER if found is None or found.lane in set(Lane) else Holder.OTHER


def _slices(owners: Iterable[str]) -> dict[str, Slice]:
    return {found.owner: found for found in Slice.objects.filter(owner__in=list(owners))}


def _tops(ids: Iterable[int], *, now: datetime) -> dict[int, int]:
    """Return the priority of the most urgent due work that http workers have on each of these hosts."""
    due = Backlog.objects.filter(
        host__in=list(ids), open=True, due_at__isnull=False, due_at__lte=now, kind=BacklogKind.HTTP
    )
    return dict(due.values_list("host").annotate(Max("priority")).order_by())
