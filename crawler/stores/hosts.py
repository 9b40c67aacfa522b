"""The rows of hosts: created, locked in order, and given their place in the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.engine.work import Ledger
from crawler.frontier.standing import standing
from crawler.models import BacklogKind
from crawler.stores import sql, statements

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from crawler.engine.work import HostNews
    from crawler.stores.statements import Many

LEDGER_COLUMNS = (
    "next_at, last_at, last_status, latency_seconds, failures, circuit_openings, unavailable_since, "
    "hold_reason, delay_seconds, delay_reason, crawl_delay_seconds, robots_state, robots_body, "
    "robots_fetched_at, robots_until, robots_failures, robots_failed_at, robots_reason, "
    "http1_until"
)


def ids_of(origins: Iterable[str]) -> dict[str, int]:
    """Return the host of each origin, made when it is new; call it outside of any lock."""
    wanted = sorted(set(origins))
    found: dict[str, int] = {}
    for chunk in sql.chunks(wanted):
        found |= _known(chunk)
    missing = [origin for origin in wanted if origin not in found]
    if missing:
        INSERT.run([(origin, b"") for origin in missing])
        for chunk in sql.chunks(missing):
            found |= _known(chunk)
    return found


INSERT = statements.insert(
    "crawler_host",
    {"origin": "text", "robots_body": "bytea"},
    fixed={
        **dict.fromkeys(("top_priority", "lease_epoch", "turns"), 0),
        **dict.fromkeys(("failures", "circuit_openings", "robots_failures"), 0),
        **dict.fromkeys(("lease_owner", "last_status", "hold_reason", "robots_state"), "''"),
    },
    then="ON CONFLICT (origin) DO NOTHING",
)


def _known(origins: Sequence[str]) -> dict[str, int]:
    return dict(
        sql.select(f"SELECT origin, id FROM crawler_host WHERE origin IN ({sql.marks(origins)})", origins)
    )


def lock(ids: Iterable[int]) -> dict[int, tuple[str, int]]:
    """Lock host rows in the order of their ids; return the lease owner and epoch of each."""
    found: dict[int, tuple[str, int]] = {}
    for chunk in sql.chunks(sorted(ids)):
        rows = sql.select(
            "SELECT id, lease_owner, lease_epoch FROM crawler_host "
            f"WHERE id IN ({sql.marks(chunk)}) ORDER BY id" + sql.for_update(),
            chunk,
        )
        found |= {row[0]: (row[1], row[2]) for row in rows}
    return found


def free_among(ids: Iterable[int]) -> list[int]:
    """Return those of these hosts that nobody holds."""
    free: list[int] = []
    for chunk in sql.chunks(sorted(set(ids))):
        rows = sql.select(
            f"SELECT id FROM crawler_host WHERE id IN ({sql.marks(chunk)}) AND lease_owner = ''", chunk
        )
        free += [row[0] for row in rows]
    return free


def set_standing(ids: Iterable[int], *, now: datetime) -> None:
    """Write when each of these hosts, which the caller has locked, is due and how urgent it is."""
    for chunk in sql.chunks(sorted(ids)):
        waiting: dict[int, list[tuple[int, datetime]]] = {host: [] for host in chunk}
        rows = sql.select(
            f"SELECT host_id, priority, due_at FROM crawler_backlog WHERE host_id IN ({sql.marks(chunk)}) "
            f"AND open AND due_at IS NOT NULL AND kind = {BacklogKind.HTTP.value}",
            chunk,
        )
        for host, priority, due_at in rows:
            moment = sql.moment(due_at)
            if moment is not None:
                waiting[host].append((priority, moment))
        _write_standing(chunk, waiting, now=now)


def _write_standing(
    ids: Sequence[int], waiting: dict[int, list[tuple[int, datetime]]], *, now: datetime
) -> None:
    next_at: dict[int, object] = dict(
        sql.select(f"SELECT id, next_at FROM crawler_host WHERE id IN ({sql.marks(ids)})", ids)
    )
    places = [(standing(waiting[host], next_at=sql.moment(next_at.get(host)), now=now), host) for host in ids]
    STAND.run(
        [
            (sql.adapt(place.due_at), place.priority, sql.adapt(place.rises_at), host)
            for place, host in places
        ],
    )


STAND = statements.update(
    "crawler_host",
    "due_at = {due}, top_priority = {priority}, rises_at = {rises}",
    where="id = {id}",
    given={"due": "timestamptz", "priority": "smallint", "rises": "timestamptz", "id": "bigint"},
)


def raise_standing(*, now: datetime) -> None:
    """Renew the standing of free hosts on which something more urgent has become due.

    The caller holds a transaction; this waits for nobody in it.
    """
    rows = sql.select(RISEN + sql.for_update(skip_locked=True), [sql.adapt(now)])
    set_standing([row[0] for row in rows], now=now)


RISEN = (
    "SELECT id FROM crawler_host WHERE lease_owner = '' AND rises_at IS NOT NULL AND rises_at <= %s "
    "ORDER BY rises_at LIMIT 500"
)


def read_ledger(row: sql.Row) -> Ledger:
    """Return the ledger from the columns of LEDGER_COLUMNS."""
    next_at, last_at, last_status, latency, failures, openings, since, reason, *rest = row
    delay, delay_reason, crawl_delay, *of_robots, http1_until = rest
    state, body, fetched_at, until, tries, failed_at, cause = of_robots
    return Ledger(
        next_at=sql.moment(next_at),
        last_at=sql.moment(last_at),
        last_status=str(last_status),
        latency_seconds=latency,
        failures=failures,
        circuit_openings=openings,
        unavailable_since=sql.moment(since),
        hold_reason=str(reason),
        delay_seconds=delay,
        delay_reason=str(delay_reason),
        crawl_delay_seconds=crawl_delay,
        robots_state=str(state),
        robots_body=sql.data(body),
        robots_fetched_at=sql.moment(fetched_at),
        robots_until=sql.moment(until),
        robots_failures=tries,
        robots_failed_at=sql.moment(failed_at),
        robots_reason=str(cause),
        http1_until=sql.moment(http1_until),
    )


def write_ledgers(news: Sequence[HostNews]) -> None:
    """Write what a slice learnt of the hosts it holds; a host it lost keeps what its new holder says."""
    WRITE_LEDGER.run([_ledger_row(entry) for entry in news])
    WRITE_ROBOTS.run([_robots_row(entry) for entry in news if entry.robots])
    shapes = [(kept, backlog, entry.id, entry.epoch) for entry in news for backlog, kept in entry.shapes]
    sql.execute_many(WRITE_SHAPES, shapes)


def _write(columns: dict[str, str]) -> Many:
    """Return the statement that writes these columns of hosts held under the epoch that comes last."""
    return statements.update(
        "crawler_host",
        ", ".join(f"{name} = {{{name}}}" for name in columns),
        where="id = {id} AND lease_epoch = {epoch}",
        given={**columns, "id": "bigint", "epoch": "bigint"},
    )


WRITE_LEDGER = _write(
    {
        "next_at": "timestamptz",
        "last_at": "timestamptz",
        "last_status": "text",
        "latency_seconds": "double precision",
        "failures": "integer",
        "circuit_openings": "smallint",
        "unavailable_since": "timestamptz",
        "hold_reason": "text",
        "delay_seconds": "double precision",
        "delay_reason": "text",
        "http1_until": "timestamptz",
    }
)
WRITE_ROBOTS = _write(
    {
        "crawl_delay_seconds": "double precision",
        "robots_state": "text",
        "robots_body": "bytea",
        "robots_fetched_at": "timestamptz",
        "robots_until": "timestamptz",
        "robots_failures": "smallint",
        "robots_failed_at": "timestamptz",
        "robots_reason": "text",
    }
)

WRITE_SHAPES = (
    "UPDATE crawler_backlog SET shapes = %s WHERE id = %s "
    "AND EXISTS (SELECT 1 FROM crawler_host WHERE id = %s AND lease_epoch = %s)"
)


def _ledger_row(news: HostNews) -> tuple[object, ...]:
    ledger = news.ledger
    return (
        sql.adapt(ledger.next_at),
        sql.adapt(ledger.last_at),
        ledger.last_status[:60],
        ledger.latency_seconds,
        ledger.failures,
        ledger.circuit_openings,
        sql.adapt(ledger.unavailable_since),
        ledger.hold_reason[:60],
        ledger.delay_seconds,
        ledger.delay_reason,
        sql.adapt(ledger.http1_until),
        news.id,
        news.epoch,
    )


def _robots_row(news: HostNews) -> tuple[object, ...]:
    ledger = news.ledger
    return (
        ledger.crawl_delay_seconds,
        ledger.robots_state,
        ledger.robots_body,
        sql.adapt(ledger.robots_fetched_at),
        sql.adapt(ledger.robots_until),
        ledger.robots_failures,
        sql.adapt(ledger.robots_failed_at),
        ledger.robots_reason[:60],
        news.id,
        news.epoch,
    )
