"""Who holds which host: slices begin, are renewed, end, and are cleared away when they vanish."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from crawler.engine.work import HostLease
from crawler.frontier import losses
from crawler.frontier.politeness import CIRCUIT_FIRST, Pace
from crawler.models import Slice
from crawler.stores import backlogs, hosts, runs, sql, states

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping
    from datetime import datetime

    from crawler.engine.work import HostNews
    from crawler.queue import Lane

LOST = "worker_lost"
HUNG = "reader_hung"


@dataclass(frozen=True, slots=True, kw_only=True)
class Freed:
    """What was taken back from a slice that vanished."""

    hosts: int = 0
    requests: int = 0
    dead: int = 0


def begin(*, owner: str, lane: Lane | str, node: str, now: datetime, run: int | None = None) -> None:
    """Announce a slice, so that it may lease hosts; `run` is the only one it serves, if there is one."""
    Slice.objects.create(owner=owner, lane=str(lane), node=node, run=run, started_at=now, renewed_at=now)


def is_attended(run: int) -> bool:
    """Say whether a slice serves just this run."""
    return Slice.objects.filter(run=run).exists()


def renew(*, owner: str, now: datetime, lease_time: timedelta) -> bool:
    """Say that a slice is alive; False when nothing is its own any more.

    What was not renewed for a whole lease stays lost, even where nobody has cleared it away yet: who
    does so may have begun.
    """
    alive = Slice.objects.filter(owner=owner, renewed_at__gt=now - lease_time)
    return alive.update(renewed_at=now) == 1


def end(*, owner: str, now: datetime) -> None:
    """Take leave: whatever is still held goes back, and no request counts as lost."""
    free(owner, now=now, lost=False)


def expired(*, now: datetime, lease_time: timedelta) -> list[str]:
    """Return the owners of slices that were not renewed for a whole lease."""
    return list(Slice.objects.filter(renewed_at__lt=now - lease_time).values_list("owner", flat=True))


def last_renewal(owner: str) -> datetime | None:
    """Return when a slice was last renewed; None when it is gone."""
    return Slice.objects.filter(owner=owner).values_list("renewed_at", flat=True).first()


def orphaned() -> list[str]:
    """Return the owners of hosts that no slice's row stands for: they came back after they were given up."""
    return [row[0] for row in sql.select(ORPHANED)]


ORPHANED = (
    "SELECT DISTINCT lease_owner FROM crawler_host WHERE lease_owner <> '' "
    "AND NOT EXISTS (SELECT 1 FROM crawler_slice WHERE owner = lease_owner)"
)


def of_node(node: str) -> list[str]:
    """Return the owners of a node's slices."""
    return list(Slice.objects.filter(node=node).values_list("owner", flat=True))


def free(owner: str, *, now: datetime, lost: bool) -> Freed:
    """Take everything back that `owner` holds, in transactions of at most 100 hosts.

    Its leased requests are queued again; when it vanished (`lost`) each loss is counted, and a
    request lost too often alone is dead. A host is next asked no sooner than one delay later.
    """
    total = Freed()
    while True:
        held = [row[0] for row in sql.select(HELD_BY, [owner])]
        if not held:
            Slice.objects.filter(owner=owner).delete()
            return total
        part = sql.atomically(partial(_free_hosts, held, owner=owner, now=now, lost=lost))
        total = Freed(
            hosts=total.hosts + part.hosts,
            requests=total.requests + part.requests,
            dead=total.dead + part.dead,
        )


def give_back(news: HostNews, *, owner: str, now: datetime) -> None:
    """Write what `owner` learnt of a host that it holds, and let go of it; nothing when it lost it."""

    def work() -> None:
        if hosts.lock([news.id]).get(news.id) == (owner, news.epoch):
            hosts.write_ledgers([news])
            release([news.id], now=now)

    sql.atomically(work)


def take_back(owner: str, *, hosts_known: Mapping[int, int], in_hand: Container[int], now: datetime) -> None:
    """Take back what `owner` leased and does not know of: hosts not known by id and epoch, and requests."""

    def work() -> None:
        held = hosts.lock(row[0] for row in sql.select(ALL_HELD_BY, [owner]))
        mine = {host: epoch for host, (holder, epoch) in held.items() if holder == owner}
        unknown = {host for host, epoch in mine.items() if hosts_known.get(host) != epoch}
        rows = [row for row in _leased_requests([*mine]) if row[4] in unknown or row[0] not in in_hand]
        _queue_again(rows, lost=False, now=now)
        release(unknown, now=now)

    sql.atomically(work)


ALL_HELD_BY = "SELECT id FROM crawler_host WHERE lease_owner = %s ORDER BY id"
HELD_BY = "SELECT id FROM crawler_host WHERE lease_owner = %s ORDER BY id LIMIT 100"


def _free_hosts(ids: list[int], *, owner: str, now: datetime, lost: bool) -> Freed:
    mine = [host for host, (holder, _epoch) in hosts.lock(ids).items() if holder == owner]
    leased = _leased_requests(mine)
    dead = [row for row in leased if lost and losses.is_dead(row[3] + 1)]
    _queue_again([row for row in leased if row not in dead], lost=lost, now=now)
    _bury([row[0] for row in dead], reason=LOST, now=now)
    release(mine, now=now, politely=True)
    runs.add_dead(_count_by_run(dead), now=now)
    return Freed(hosts=len(mine), requests=len(leased), dead=len(dead))


def _leased_requests(ids: list[int]) -> list[sql.Row]:
    if not ids:
        return []
    return sql.select(
        "SELECT id, run_id, backlog_id, losses, host_id FROM crawler_request "
        f"WHERE host_id IN ({sql.marks(ids)}) AND {states.LEASED} ORDER BY id" + sql.for_update(),
        ids,
    )


def _queue_again(rows: list[sql.Row], *, lost: bool, now: datetime) -> None:
    for chunk in sql.chunks([row[0] for row in rows]):
        sql.execute(QUEUE_AGAIN.format(sql.marks(chunk)), [int(lost), *chunk])
    backlogs.make_due({row[2] for row in rows}, now=now)


QUEUE_AGAIN = f"UPDATE crawler_request SET {states.QUEUED}, losses = losses + %s WHERE id IN ({{}})"


def _bury(ids: list[int], *, reason: str, now: datetime) -> None:
    sql.execute_many(
        f"UPDATE crawler_request SET {states.DEAD}, losses = losses + 1, reason = %s, "
        "settled_at = %s WHERE id = %s",
        [(reason, sql.adapt(now), request) for request in ids],
    )


def _count_by_run(rows: list[sql.Row]) -> dict[int, int]:
    counts: dict[int, int] = {}
    for row in rows:
        counts[row[1]] = counts.get(row[1], 0) + 1
    return counts


def take(ids: Iterable[int], *, owner: str) -> dict[int, tuple[HostLease, int]]:
    """Lease hosts that the caller has locked and found free; return each with the turns it has dealt."""
    leased: dict[int, tuple[HostLease, int]] = {}
    for chunk in sql.chunks(sorted(ids)):
        rows = sql.select(TAKE.format(sql.marks(chunk)), [owner, *chunk])
        for id_, origin, epoch, turns, *ledger in rows:
            lease = HostLease(id=id_, origin=origin, epoch=epoch, ledger=hosts.read_ledger(tuple(ledger)))
            leased[id_] = (lease, turns)
    return leased


TAKE = (
    "UPDATE crawler_host SET lease_owner = %s, lease_epoch = lease_epoch + 1, wanted_at = NULL "
    "WHERE id IN ({}) AND lease_owner = '' "
    f"RETURNING id, origin, lease_epoch, turns, {hosts.LEDGER_COLUMNS}"
)


def want(ids: Iterable[int], *, now: datetime) -> None:
    """Ask whoever holds these hosts, which the caller has locked, to give them back."""
    sql.execute_many(
        "UPDATE crawler_host SET wanted_at = %s WHERE id = %s", [(sql.adapt(now), host) for host in ids]
    )


def lease_one(origin: str, *, owner: str, now: datetime) -> HostLease | None:
    """Lease one host by name; where somebody holds it, ask for it and return None.

    What `owner` holds itself is not asked for: it comes free when that is done.
    """
    host = hosts.ids_of([origin])[origin]

    def work() -> HostLease | None:
        holder = hosts.lock([host])[host][0]
        if holder:
            want([host] if holder != owner else [], now=now)
            return None
        return next(lease for lease, _turns in take([host], owner=owner).values())

    return sql.atomically(work)


def release(ids: Iterable[int], *, now: datetime, politely: bool = False) -> None:
    """Let go of hosts that the caller has locked and that have no leased request any more.

    `politely` is for a host whose last request is not known: it waits one delay.
    """
    released = sorted(ids)
    for chunk in sql.chunks(released):
        if politely:
            _wait_one_delay(chunk, now=now)
        sql.execute(
            "UPDATE crawler_host SET lease_owner = '', lease_epoch = lease_epoch + 1 "
            f"WHERE id IN ({sql.marks(chunk)})",
            chunk,
        )
    hosts.set_standing(released, now=now)


def _wait_one_delay(ids: Iterable[int], *, now: datetime) -> None:
    listed = list(ids)
    rows = sql.select(
        "SELECT id, next_at, delay_seconds, crawl_delay_seconds FROM crawler_host "
        f"WHERE id IN ({sql.marks(listed)})",
        listed,
    )
    changes = []
    for host, next_at, delay, crawl_delay in rows:
        pace = Pace().delay_seconds if delay is None else delay
        earliest = now + timedelta(seconds=max(pace, crawl_delay or 0.0))
        changes.append((sql.adapt(max(earliest, sql.moment(next_at) or earliest)), host))
    sql.execute_many("UPDATE crawler_host SET next_at = %s WHERE id = %s", changes)


def bury_hung(request: int, *, owner: str, now: datetime) -> None:
    """Mark the request dead whose reader hangs; the caller then frees the rest and ends the process.

    Its host is left alone as one that fails: each of its pages might cost all others a process. One that
    is to be left alone for longer stays so.
    """

    def work() -> None:
        row = sql.select("SELECT host_id, run_id FROM crawler_request WHERE id = %s", [request])
        if not row or hosts.lock([row[0][0]]).get(row[0][0], ("", 0))[0] != owner:
            return
        _bury([request], reason=HUNG, now=now)
        until = sql.adapt(now + CIRCUIT_FIRST)
        sql.execute(REST, [until, HUNG, row[0][0], until])
        runs.add_dead({row[0][1]: 1}, now=now)

    sql.atomically(work)


REST = (
    "UPDATE crawler_host SET next_at = %s, hold_reason = %s WHERE id = %s "
    "AND (next_at IS NULL OR next_at < %s)"
)
