"""The rows of backlogs: made with the first request on a host, and kept in line with their run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.stores import runs, sql

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


def on_hosts(run: int, ids: Iterable[int], *, kind: int, priority: int) -> tuple[dict[int, int], set[int]]:
    """Return the run's backlog on each of these hosts, which the caller has locked, and which are new."""
    found: dict[int, int] = {}
    new: set[int] = set()
    for chunk in sql.chunks(sorted(ids)):
        statement = (
            "SELECT host_id, id FROM crawler_backlog "
            f"WHERE run_id = %s AND kind = %s AND host_id IN ({sql.marks(chunk)})"
        )
        known: dict[int, int] = dict(sql.select(statement, [run, kind, *chunk]))
        missing = [host for host in chunk if host not in known]
        if missing:
            sql.execute(INSERT.format(sql.marks(missing)), [kind, priority, *missing, run])
            known = dict(sql.select(statement, [run, kind, *chunk]))
            new |= {known[host] for host in missing}
        found |= known
    return found, new


INSERT = (
    "INSERT INTO crawler_backlog (run_id, host_id, kind, priority, open, turn) "
    f"SELECT r.id, h.id, %s, %s, {runs.IS_OPEN}, 0 FROM crawler_run r JOIN crawler_host h ON h.id IN ({{}}) "
    "WHERE r.id = %s ORDER BY h.id ON CONFLICT (run_id, host_id, kind) DO NOTHING"
)


def of_run(run: int, *, hosts: Iterable[int]) -> list[int]:
    """Return the run's backlogs on these hosts."""
    found: list[int] = []
    for chunk in sql.chunks(sorted(hosts)):
        statement = f"SELECT id FROM crawler_backlog WHERE run_id = %s AND host_id IN ({sql.marks(chunk)})"
        found += [row[0] for row in sql.select(statement, [run, *chunk])]
    return found


def make_due(ids: Iterable[int], *, now: datetime) -> None:
    """Say that these backlogs have something due now."""
    moment = sql.adapt(now)
    for chunk in sql.chunks(sorted(ids)):
        sql.execute(MAKE_DUE.format(sql.marks(chunk)), [moment, *chunk, moment])


MAKE_DUE = "UPDATE crawler_backlog SET due_at = %s WHERE id IN ({}) AND (due_at IS NULL OR due_at > %s)"


def misaligned(run: int) -> list[tuple[int, int]]:
    """Return the run's backlogs, as (host, id), that are open or urgent in another way than the run."""
    return [(row[0], row[1]) for row in sql.select(MISALIGNED, [run])]


MISALIGNED = (
    "SELECT b.host_id, b.id FROM crawler_backlog b JOIN crawler_run r ON r.id = b.run_id "
    f"WHERE b.run_id = %s AND (b.open <> {runs.IS_OPEN} OR b.priority <> r.priority) ORDER BY b.host_id"
)


def align(ids: Iterable[int]) -> None:
    """Open or close these backlogs and move their priority as their runs' rows say now.

    The caller has locked their hosts.
    """
    for chunk in sql.chunks(sorted(ids)):
        sql.execute(ALIGN.format(sql.marks(chunk)), chunk)


ALIGN = (
    "UPDATE crawler_backlog SET (open, priority) = "
    f"(SELECT {runs.IS_OPEN}, r.priority FROM crawler_run r WHERE r.id = run_id) WHERE id IN ({{}})"
)


def first_of(runs: Iterable[int], *, most: int) -> list[int]:
    """Return up to `most` backlogs of each of these runs in which something waits, the first due first."""
    found: list[int] = []
    for chunk in sql.chunks(list(runs), RUNS_A_QUERY):
        statement = " UNION ALL ".join([FIRST] * len(chunk))
        found += [row[0] for row in sql.select(statement, [value for run in chunk for value in (run, most)])]
    return found


def how_many(runs: Iterable[int], *, most: int) -> dict[int, int]:
    """Return in how many backlogs of each of these runs something waits, counted no further than `most`."""
    found: dict[int, int] = {}
    for chunk in sql.chunks(list(runs), RUNS_A_QUERY):
        statement = " UNION ALL ".join([HOW_MANY] * len(chunk))
        found |= dict(sql.select(statement, [value for run in chunk for value in (run, run, most)]))
    return found


RUNS_A_QUERY = 50
_WAITING = "crawler_backlog WHERE run_id = %s AND due_at IS NOT NULL"
FIRST = f"SELECT id FROM (SELECT id FROM {_WAITING} ORDER BY due_at, id LIMIT %s) AS first"
HOW_MANY = f"SELECT %s, count(*) FROM (SELECT 1 FROM {_WAITING} LIMIT %s) AS counted"
