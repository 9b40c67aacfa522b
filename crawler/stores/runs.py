"""The run rows that slices touch: begun, counted up once a batch, and finished when nothing waits."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crawler.models import ACTIVE_RUN_STATES, TIME_LIMIT, OutboxMessage, RequestState, Run, RunState
from crawler.queue import Work
from crawler.stores import cookies, deadlines, events, sql, states

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

MOST_LANDINGS = 100
COUNTERS = (
    "discovered", "done", "failed", "skipped", "dead", "pages", "pages_unchanged", "redirected", "retries",
    "stale", "items", "items_new", "items_changed", "items_restored", "problems",
    "bytes", "out_of_scope", "over_budget", "sitemaps",
)  # fmt: skip

USED = "discovered - skipped - redirected - sitemaps"
"""How much of its page limit a run has used up: what is skipped, elsewhere or a sitemap is no page."""

IS_OPEN = f"(state IN ('queued', 'running') AND reason <> '{TIME_LIMIT}' AND NOT awaits_login)"
"""Whether a run's backlogs are open, by the columns of its row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """How much of its page limit a run has used up, and whether links may wait for what is left of it."""

    used: int
    lacks_room: bool


@dataclass(slots=True)
class Tallies:
    """What one transaction adds to the counters of its runs."""

    _by_run: dict[int, Counter[str]] = field(default_factory=dict)

    def add(self, run: int, **counts: int) -> None:
        added = self._by_run.setdefault(run, Counter())
        for name, count in counts.items():
            if count:  # most are nothing, and Counter.update asks more than that of each
                added[name] += count

    def of(self, run: int, name: str) -> int:
        return self._by_run.get(run, Counter())[name]

    def write(self, *, now: datetime) -> None:
        """Add everything up and finish the runs that are done; the last thing a transaction does."""
        self.add_up()
        self.finish(now=now)

    def add_up(self) -> dict[int, Spent]:
        """Add everything up in the rows, in the order of their ids; return what each has spent.

        A run's row is the one that all slices share: what is locked after it can deadlock. A run
        that was settled already is not any more when it gets a new request.
        """
        spent: dict[int, Spent] = {}
        for run in sorted(self._by_run):
            counts = self._by_run[run]
            names = [name for name in COUNTERS if counts[name]]
            if names:
                assignments = [f"{name} = {name} + %s" for name in names]
                assignments += ["settled = FALSE"] if counts["discovered"] or counts["done"] < 0 else []
                rows = sql.select(
                    f"UPDATE crawler_run SET {', '.join(assignments)} WHERE id = %s "
                    f"RETURNING {USED}, over_budget > 0 AND reason <> '{TIME_LIMIT}'",
                    [*(counts[name] for name in names), run],
                )
                spent.update((run, Spent(used=row[0], lacks_room=bool(row[1]))) for row in rows)
        return spent

    def finish(self, *, now: datetime) -> None:
        """Finish the runs that are done."""
        for run in sorted(self._by_run):
            finish_if_done(run, now=now)


def landings(ids: Iterable[int]) -> dict[int, str]:
    """Return for each run, as JSON, where its start URLs led to outside of its scope; often empty."""
    found: dict[int, str] = {}
    for chunk in sql.chunks(sorted(ids)):
        rows = sql.select(
            f"SELECT id, {sql.json_member('settings', 'landings')} FROM crawler_run "
            f"WHERE id IN ({sql.marks(chunk)})",
            chunk,
        )
        found |= {row[0]: row[1] or "" for row in rows}
    return found


def add_landings(run: int, urls: Iterable[str]) -> None:
    """Note where start URLs led to, so that links there are followed; the caller has locked the run."""
    settings = Run.objects.values_list("settings", flat=True).filter(pk=run).first()
    if settings is not None:
        known = dict.fromkeys([*settings.get("landings", ()), *urls])
        Run.objects.filter(pk=run).update(settings=settings | {"landings": list(known)[:MOST_LANDINGS]})


def begin(ids: Iterable[int], *, now: datetime) -> None:
    """Say that these runs are running, if they were only queued."""
    for chunk in sql.chunks(sorted(ids)):
        queued = sql.select(
            f"SELECT id FROM crawler_run WHERE id IN ({sql.marks(chunk)}) AND state = 'queued' ORDER BY id",
            chunk,
        )
        sql.execute_many(
            "UPDATE crawler_run SET state = 'running', started_at = %s WHERE id = %s AND state = 'queued'",
            [(sql.adapt(now), row[0]) for row in queued],
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
    """Move a run that is not final to a final state, with the one event that tells of it."""
    moved = Run.objects.filter(pk=run).move(
        ACTIVE_RUN_STATES,
        state,
        reason=reason[:300],
        finished_at=now,
        settled=True,
    )
    if moved:
        tell_of_end(run, now=now)
    return moved


def tell_of_end(run: int, *, now: datetime) -> None:
    """Write what follows from the end of a run: its event, and the message that asks for its report."""
    cookies.forget(run)
    events.record_end(run, now=now)
    deadlines.decide_at_end(run, now=now)
    OutboxMessage.objects.create(work=Work.REPORT_RUN.value, kwargs={"run": run}, created_at=now)


def _why_nothing(run: int) -> str:
    rows = sql.select(
        f"SELECT reason FROM crawler_request WHERE run_id = %s AND {states.TROUBLED} AND kind = 0 "
        "ORDER BY id LIMIT 1",
        [run],
    )
    return f"no start URL could be fetched ({rows[0][0]})" if rows else "no start URL could be fetched"


def add_dead(counts: Mapping[int, int], *, now: datetime) -> None:
    """Count requests that died with their processes."""
    tallies = Tallies()
    for run, count in counts.items():
        tallies.add(run, dead=count)
    tallies.write(now=now)


def settle_waiting(run: int, *, reason: str, leased: bool, limit: int, now: datetime) -> tuple[int, int]:
    """Skip up to `limit` waiting requests of a run whose backlogs are closed.

    Return how many they were, and how many of them were sitemaps.

    With `leased`, what is in flight is skipped as well: whoever holds it finds its claim gone and
    drops the result.
    """
    ids: set[int] = set()
    for statement in (QUEUED, DELAYED, LEASED) if leased else (QUEUED, DELAYED):
        if len(ids) < limit:
            ids |= {row[0] for row in sql.select(statement, [run, limit - len(ids)])}
    waiting: dict[int, int] = {}
    for chunk in sql.chunks(sorted(ids)):
        states = "(0, 1)" if leased else "(0)"
        lock = f"SELECT id, kind FROM crawler_request WHERE id IN ({sql.marks(chunk)}) AND state IN {states}"
        waiting |= dict(sql.select(f"{lock} ORDER BY id{sql.for_update()}", chunk))
    for chunk in sql.chunks(sorted(waiting)):
        sql.execute(SKIP.format(sql.marks(chunk)), [reason, sql.adapt(now), *chunk])
    return len(waiting), sum(kind > 0 for kind in waiting.values())


SKIP = (
    f"UPDATE crawler_request SET state = {RequestState.SKIPPED.value}, reason = %s, settled_at = %s "
    "WHERE id IN ({})"
)
# by way of the backlogs, because only those have an index of what waits
_OF_RUN = (
    "SELECT r.id FROM crawler_backlog b JOIN crawler_request r ON {} WHERE b.run_id = %s AND {} LIMIT %s"
)
QUEUED = _OF_RUN.format("r.backlog_id = b.id", f"r.{states.QUEUED} AND r.not_before IS NULL")
DELAYED = _OF_RUN.format("r.backlog_id = b.id", f"r.{states.QUEUED} AND r.not_before IS NOT NULL")
LEASED = _OF_RUN.format("r.host_id = b.host_id", f"r.{states.LEASED} AND r.run_id = b.run_id")
