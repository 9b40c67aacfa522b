"""The run rows that slices touch: begun, counted up once a batch, and finished when nothing waits."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crawler.models import OutboxMessage, RequestState, Run, RunState
from crawler.queue import Work
from crawler.stores import sql

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

COUNTERS = (
    "discovered", "done", "failed", "skipped", "dead", "pages", "pages_unchanged", "redirected", "retries", "stale",
    "items", "items_new", "items_changed", "problems", "bytes", "out_of_scope", "over_budget",
)  # fmt: skip


@dataclass(slots=True)
class Tallies:
    """What one transaction adds to the counters of its runs."""

    _by_run: dict[int, Counter[str]] = field(default_factory=dict)

    def add(self, run: int, **counts: int) -> None:
        self._by_run.setdefault(run, Counter()).update(counts)

    def of(self, run: int, name: str) -> int:
        return self._by_run.get(run, Counter())[name]

    def write(self, *, now: datetime) -> None:
        """Add everything up in the rows, in the order of their ids, and finish the runs that are done.

        Call it last in a transaction: a run's row is the one that all slices share.
        """
        for run in sorted(self._by_run):
            counts = self._by_run[run]
            assignments = ", ".join(f"{name} = {name} + %s" for name in COUNTERS if counts[name])
            if assignments:
                values = [counts[name] for name in COUNTERS if counts[name]]
                sql.execute(f"UPDATE crawler_run SET {assignments} WHERE id = %s", [*values, run])
                finish_if_done(run, now=now)


def begin(ids: Iterable[int], *, now: datetime) -> None:
    """Say that these runs are running, if they were only queued."""
    listed = sorted(ids)
    if listed:
        sql.execute(
            f"UPDATE crawler_run SET state = 'running', started_at = %s WHERE id IN ({sql.marks(listed)}) AND state = 'queued'",
            [sql.adapt(now), *listed],
        )


def finish_if_done(run: int, *, now: datetime) -> bool:
    """Finish a running run none of whose requests waits; say whether this call did."""
    row = sql.select(UNFINISHED, [run])
    if not row:
        return False
    pages, reason = row[0]
    state = RunState.FINISHED if pages else RunState.FAILED
    reason = reason or ("" if pages else _why_nothing(run))
    return finish(run, state=state, reason=reason, now=now)


UNFINISHED = (
    "SELECT pages, reason FROM crawler_run WHERE id = %s AND state IN ('running', 'queued') "
    "AND discovered = done + failed + skipped + dead"
)


def finish(run: int, *, state: RunState, reason: str, now: datetime) -> bool:
    """Move a run that is not final to a final state, with the one message that tells of it."""
    moved = Run.objects.filter(pk=run).move(
        (RunState.QUEUED, RunState.RUNNING, RunState.PAUSED),
        state,
        reason=reason[:300],
        finished_at=now,
        settled=True,
    )
    if moved:
        OutboxMessage.objects.create(work=Work.REPORT_RUN.value, kwargs={"run": run}, created_at=now)
    return moved


def _why_nothing(run: int) -> str:
    rows = sql.select(
        "SELECT reason FROM crawler_request WHERE run_id = %s AND state >= 3 ORDER BY id LIMIT 1", [run]
    )
    return f"no start URL could be fetched ({rows[0][0]})" if rows else "no start URL could be fetched"


def add_dead(counts: Mapping[int, int], *, now: datetime) -> None:
    """Count requests that died with their processes."""
    tallies = Tallies()
    for run, count in counts.items():
        tallies.add(run, dead=count)
    tallies.write(now=now)


def settle_waiting(run: int, *, state: RequestState, reason: str, limit: int, now: datetime) -> int:
    """End up to `limit` waiting requests of a run whose backlogs are closed; return how many.

    Leased ones are ended as well: whoever holds them finds its claim gone and drops the result.
    """
    rows = sql.select(
        "SELECT id FROM crawler_request WHERE run_id = %s AND state IN (0, 1) ORDER BY id LIMIT %s"
        + sql.for_update(),
        [run, limit],
    )
    sql.execute_many(
        "UPDATE crawler_request SET state = %s, reason = %s, settled_at = %s WHERE id = %s",
        [(state.value, reason, sql.adapt(now), row[0]) for row in rows],
    )
    return len(rows)
