"""Ends connections to PostgreSQL whose clients stand still in a transaction, and hold locks.

`idle_in_transaction_session_timeout` ends what stands still between two statements. It does not while a
batch is sent: there the server waits for the next message as for a part of a statement, for ever, though
it may call the connection idle. Only connections of the same name are ended: what a person does in psql
with the same role is none of ours.
"""

from __future__ import annotations

from datetime import timedelta

from crawler.stores import sql

STANDS_AFTER = timedelta(seconds=15)
END = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
      AND application_name = current_setting('application_name')
      AND state IN ('active', 'idle in transaction', 'idle in transaction (aborted)')
      AND wait_event = 'ClientRead' AND state_change < clock_timestamp() - %s
"""


def end(*, after: timedelta = STANDS_AFTER) -> int:
    """End what has stood still for longer than `after`; return how many connections. SQLite has none."""
    return len(sql.select(END, [after])) if sql.is_postgres() else 0
