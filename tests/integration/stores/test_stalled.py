"""Connections of clients that stand still."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import F

from crawler.models import Host
from crawler.stores import sql, stalled
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.django_db(transaction=True)
on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="asks PostgreSQL")
STANDING = [("active", "ClientRead")]
AT_ONCE = timedelta(0)
STATE = "SELECT state, wait_event FROM pg_stat_activity WHERE pid = %s"
LOCK = "UPDATE crawler_host SET origin = origin"


@contextmanager
def other(**options: str) -> Iterator[psycopg.Connection]:
    """Connect once more to the test's database."""
    with psycopg.connect(**(connection.get_connection_params() | options)) as made:
        yield made


def is_locked() -> bool:
    try:
        with transaction.atomic():
            list(Host.objects.select_for_update(nowait=True))
    except DatabaseError:
        return True
    return False


def stand_still_within_a_batch(client: psycopg.Connection) -> int:
    """Send a part of a pipeline and wait until the server waits for the rest; return its process."""
    client.execute(LOCK)
    client.pgconn.send_flush_request()
    client.pgconn.flush()
    pid = client.info.backend_pid
    until(lambda: sql.select(STATE, [pid]) == STANDING, what="the client to stand still")
    return pid


@pytest.fixture(autouse=True)
def host() -> None:
    Host.objects.create(origin="http://a.test")


@on_postgresql
def test_client_that_stands_still_within_a_batch_loses_its_locks() -> None:
    with ExitStack() as stack:
        client = stack.enter_context(other())
        stack.enter_context(suppress(psycopg.OperationalError))  # at the end of the pipeline, too
        stack.enter_context(client.pipeline())
        pid = stand_still_within_a_batch(client)

        assert stalled.end() == 0, "it has stood for a moment only"
        assert sql.select(STATE, [pid]) == STANDING
        assert is_locked()
        assert stalled.end(after=AT_ONCE) == 1

        until(lambda: not is_locked(), what="the locks to be free")
        with pytest.raises(psycopg.OperationalError):
            client.execute("SELECT 1").fetchone()


@on_postgresql
def test_client_that_stands_still_between_two_statements_loses_its_locks() -> None:
    with other() as client:
        client.execute(LOCK)
        assert stalled.end() == 0
        assert stalled.end(after=AT_ONCE) == 1
        until(lambda: not is_locked(), what="the locks to be free")
        with pytest.raises(psycopg.OperationalError):
            client.execute("SELECT 1")


@on_postgresql
def test_client_that_waits_outside_of_a_transaction_or_for_a_lock_is_left_alone() -> None:
    with other() as idle, other() as waiting, ThreadPoolExecutor() as thread:
        with transaction.atomic():
            Host.objects.update(origin=F("origin"))
            locking = thread.submit(waiting.execute, LOCK)
            pid = waiting.info.backend_pid
            until(lambda: sql.select(STATE, [pid])[0][1] == "transactionid", what="it to wait for the lock")
            assert stalled.end(after=AT_ONCE) == 0
        assert locking.result(timeout=60).rowcount == 1
        assert idle.execute("SELECT 1").fetchone() == (1,)


@on_postgresql
def test_person_at_another_program_is_left_alone() -> None:
    with other(application_name="psql") as person:
        person.execute(LOCK)
        assert stalled.end(after=AT_ONCE) == 0
        assert person.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="asks SQLite")
def test_sqlite_has_none() -> None:
    assert stalled.end(after=AT_ONCE) == 0
