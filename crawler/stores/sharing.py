"""The hosts of a worker's slice: the most urgent that are due, and no more than its share of them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from crawler.frontier import share
from crawler.frontier.tenure import WANTED_FOR
from crawler.models import BacklogKind
from crawler.queue import MOST_URGENT, WORKERS, Lane
from crawler.stores import hosts, sql

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from crawler.engine.ports import Clock, Look

COUNT_EVERY_SECONDS = 0.5
MOST_COUNTED = 5_000
HEARD_WITHIN = timedelta(seconds=60)


class SharedHosts:
    """Finds hosts of at least priority `floor` for one of many slices."""

    kind = BacklogKind.HTTP
    run: int | None = None

    def __init__(self, *, floor: int, clock: Clock) -> None:
        self._floor = floor
        self._clock = clock
        self._share = share.MOST_HOSTS
        self._counted_at = -COUNT_EVERY_SECONDS

    def surplus(self, held: int, *, now: datetime) -> int:
        """Return how many hosts the slice holds beyond its share; negative when it may lease more.

        Twice a second it counts anew, and sees to hosts that have become more urgent meanwhile.
        """
        if self._clock.monotonic() - self._counted_at >= COUNT_EVERY_SECONDS:
            self._counted_at = self._clock.monotonic()
            hosts.raise_standing(now=now)
            slices = sharing_slices(self._floor)
            self._share = share.fair_share(hosts=due_hosts(self._floor, now=now), slices=slices)
        return held - self._share

    def find(self, room: int, *, now: datetime) -> list[int]:
        """Lock up to `room` free hosts that are due, the most urgent first.

        When there are more, those that have waited longest have their part.
        """
        found: list[int] = []
        priority = MOST_URGENT
        while len(found) < room and priority >= self._floor:
            parameters = [priority, *_due(now), room - len(found)]
            found += [row[0] for row in sql.select(FREE + sql.for_update(skip_locked=True), parameters)]
            priority -= 1
        if len(found) == room and (aged := share.aged(room)):
            older = _lock(_oldest(range(self._floor, priority + 1), aged, now=now))
            found = [*found[: room - len(older)], *older]
        return found

    def giving_way(self, held: Mapping[int, int], *, now: datetime) -> frozenset[int]:  # noqa: ARG002 - see there
        """Return nothing: what others are to have is the surplus."""
        return frozenset()

    def note(self, look: Look, *, now: datetime) -> None:
        """Remember nothing of a look."""


def _due(now: datetime) -> tuple[object, object]:
    return sql.adapt(now), sql.adapt(now - WANTED_FOR)


def _oldest(priorities: Iterable[int], count: int, *, now: datetime) -> list[int]:
    """Return the free hosts of these priorities that have been due longest."""
    rows: list[sql.Row] = []
    for priority in priorities:
        rows += sql.select(FREE, [priority, *_due(now), count])
    return [row[0] for row in sorted(rows, key=lambda row: row[1])[:count]]


def _lock(ids: list[int]) -> list[int]:
    """Lock those of the hosts that are still free."""
    if not ids:
        return []
    statement = f"SELECT id FROM crawler_host WHERE id IN ({sql.marks(ids)}) AND lease_owner = ''"
    return [row[0] for row in sql.select(statement + sql.for_update(skip_locked=True), ids)]


FREE = (
    "SELECT id, due_at FROM crawler_host WHERE lease_owner = '' AND top_priority = %s AND due_at <= %s "
    "AND (wanted_at IS NULL OR wanted_at < %s) ORDER BY due_at LIMIT %s"
)
DUE_HOSTS = (
    "SELECT count(*) FROM (SELECT 1 FROM crawler_host WHERE (lease_owner <> '' OR due_at <= %s) "
    f"AND top_priority >= %s LIMIT {MOST_COUNTED}) AS due"
)
OF_WORKERS = "lane IN ({})".format(", ".join(f"'{lane}'" for lane in Lane))
CRAWLERS = tuple(worker.name for worker in WORKERS if set(worker.queues) & {*map(str, Lane)})


def due_hosts(floor: int, *, now: datetime) -> int:
    """Return how many hosts of at least priority `floor` are due or held, counted no further than 5,000."""
    return int(sql.select(DUE_HOSTS, [sql.adapt(now), floor])[0][0])


def live_slices() -> int:
    """Return how many slices of workers there are."""
    return int(sql.select(f"SELECT count(*) FROM crawler_slice WHERE {OF_WORKERS}")[0][0])


def sharing_slices(floor: int) -> int:
    """Return how many slices share the hosts of at least priority `floor`.

    Those of the urgent lane leave all others alone.
    """
    if floor >= Lane.URGENT.floor:
        return live_slices()
    statement = f"SELECT count(*) FROM crawler_slice WHERE {OF_WORKERS} AND lane <> '{Lane.URGENT}'"
    return int(sql.select(statement)[0][0])


def has_workers(*, now: datetime) -> bool:
    """Say whether anybody would take a host that is given back: a slice that runs, or a worker that lives."""
    return bool(sql.select(ALIVE, [*CRAWLERS, sql.adapt(now - HEARD_WITHIN)]))


ALIVE = (
    f"SELECT 1 FROM crawler_slice WHERE {OF_WORKERS} UNION ALL "
    f"SELECT 1 FROM crawler_heartbeat WHERE kind IN ({sql.marks(CRAWLERS)}) AND seen_at >= %s LIMIT 1"
)
