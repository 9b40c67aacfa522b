"""Writes events, within the transaction of the change they tell of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from crawler.models import EventKind, RunState
from crawler.stores import sql

if TYPE_CHECKING:
    from datetime import datetime

OF_STATE = {
    RunState.FINISHED: EventKind.RUN_FINISHED,
    RunState.FAILED: EventKind.RUN_FAILED,
    RunState.CANCELLED: EventKind.RUN_CANCELLED,
}

OF_RUN = "SELECT target_id, state, reason, pages, items, failed + dead FROM crawler_run WHERE id = %s"


def record(
    kind: EventKind, *, target: int, now: datetime, run: int | None = None, **data: object
) -> int | None:
    """Write an event and return its id; None when there is one already that excludes it.

    Call it in the transaction that changes what it tells of: then there is an event exactly when
    the change was made.
    """
    rows = sql.select(
        "INSERT INTO crawler_event (kind, target_id, run_id, created_at, data) "
        f"VALUES (%s, %s, %s, %s, {sql.json_mark()}) ON CONFLICT DO NOTHING RETURNING id",
        [kind.value, target, run, sql.adapt(now), orjson.dumps(data).decode()],
    )
    return rows[0][0] if rows else None


def record_end(run: int, *, now: datetime) -> int | None:
    """Write how a run ended, from its row, which is in a final state; None when that was told before."""
    target, state, reason, pages, items, failed = sql.select(OF_RUN, [run])[0]
    kind = OF_STATE[RunState(state)]
    return record(
        kind, target=target, run=run, now=now, reason=reason, pages=pages, items=items, failed=failed
    )
