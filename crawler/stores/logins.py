"""What slices know of the logins of runs, and how they say that one is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.models import RunTrigger
from crawler.queue import Work
from crawler.stores import outbox, sql

if TYPE_CHECKING:
    from datetime import datetime


def number(run: int) -> int:
    """Return how often a run was found to be logged in."""
    rows = sql.select("SELECT number FROM crawler_runlogin WHERE run_id = %s", [run])
    return int(rows[0][0]) if rows else 0


def ask_again(run: int, *, number: int, now: datetime) -> bool:
    """Have a run log in again, whose login of this `number` is over; the caller has locked the run.

    Who comes late, after others said so or the run has logged in again, changes nothing: then False.
    """
    found = sql.select(AWAIT, [run, number])
    if not found:
        return False
    sql.execute(ASK, [sql.adapt(now), run])
    if found[0][0] != RunTrigger.TERMINAL:  # which logs its run in itself
        outbox.post(Work.LOG_IN, now=now, run=run)
    return True


AWAIT = (
    "UPDATE crawler_run SET awaits_login = TRUE WHERE id = %s AND NOT awaits_login "
    "AND state IN ('queued', 'running', 'paused') "
    "AND EXISTS (SELECT 1 FROM crawler_runlogin l WHERE l.run_id = crawler_run.id AND l.number = %s) "
    'RETURNING "trigger"'
)
ASK = "UPDATE crawler_runlogin SET asked_at = %s, working = FALSE, tries = 0 WHERE run_id = %s"
