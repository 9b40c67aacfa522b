"""Statements for many rows at once do on PostgreSQL what one for each row does on SQLite."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum

import pytest
from django.db import DataError, IntegrityError, connection, transaction

from crawler.models import Snapshot
from crawler.stores import claims, hosts, items, results, snapshots, sql, statements
from crawler.stores.statements import Many

pytestmark = pytest.mark.django_db

MORE = statements.update(
    "crawler_snapshot",
    "size = size + {more}, body = {body}",
    where="hash = {hash}",
    given={"more": "integer", "body": "bytea", "hash": "bytea"},
)
NAME_HOST = statements.insert(
    "crawler_host",
    {"origin": "text", "robots_body": "bytea", "crawl_delay_seconds": "double precision"},
    fixed={
        **dict.fromkeys(("top_priority", "lease_epoch", "turns", "failures"), 0),
        **dict.fromkeys(("circuit_openings", "robots_failures"), 0),
        **dict.fromkeys(("lease_owner", "last_status", "hold_reason", "robots_state"), "''"),
    },
    then="ON CONFLICT (origin) DO NOTHING",
)


def bodies(count: int, *, size: int = 3) -> list[sql.Row]:
    """Return rows of snapshots in the reverse order of their hashes."""
    moment = sql.adapt(datetime(2026, 3, 1, tzinfo=UTC))
    numbers = reversed(range(count))
    return [(b"%016d" % number, b"x" * size, number, moment) for number in numbers]


def test_rows_are_inserted_in_their_order_however_many_there_are() -> None:
    rows = bodies(2 * statements.MOST_ROWS + 1)

    assert snapshots.insertion().run(rows) == len(rows)

    stored = Snapshot.objects.order_by("id").values_list("hash", "body", "size")
    assert [(bytes(hash_), bytes(body), size) for hash_, body, size in stored] == [row[:3] for row in rows]


def test_only_what_is_new_is_counted() -> None:
    snapshots.insertion().run(bodies(3))

    assert snapshots.insertion().run(bodies(5)) == 2
    assert snapshots.insertion().run([]) == 0


def test_values_that_are_large_together_are_sent_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "MOST_BYTES", 100)

    assert snapshots.insertion().run(bodies(9, size=60)) == 9
    assert sorted(Snapshot.objects.values_list("size", flat=True)) == list(range(9))


def test_each_row_is_changed_by_its_own_values() -> None:
    snapshots.insertion().run(bodies(3))

    touched = MORE.run([(10, b"a", b"%016d" % 1), (20, b"b", b"%016d" % 2), (30, b"c", b"missing")])

    assert touched == 2
    stored = Snapshot.objects.order_by("size").values_list("size", "body")
    assert [(size, bytes(body)) for size, body in stored] == [(0, b"xxx"), (11, b"a"), (22, b"b")]


@pytest.mark.parametrize("count", [1, 2, 63, 64, 65, 130])
def test_as_many_rows_are_changed_as_are_given(count: int) -> None:
    snapshots.insertion().run(bodies(count + 1))

    touched = MORE.run([(1_000, b"y", b"%016d" % number) for number in range(count)])

    assert touched == count
    stored = sorted(Snapshot.objects.values_list("size", flat=True))
    assert stored == [count, *(1_000 + number for number in range(count))]


@pytest.mark.parametrize(
    "changes",
    [
        results.END, results.MOVE, results.POSTPONE, claims.SERVED, claims.DEALT,
        hosts.STAND, hosts.WRITE_LEDGER, items.TOUCH,
    ],
    ids=["end", "move", "postpone", "served", "dealt", "stand", "ledger", "touch"],
)  # fmt: skip
def test_sqlite_finds_what_it_changes_by_the_keys_that_are_given(changes: Many) -> None:
    """Without statistics it might walk through the table for each statement."""
    if connection.vendor != "sqlite":
        pytest.skip("asks SQLite")
    statement = changes.of_sqlite(8)

    plan = sql.select(f"EXPLAIN QUERY PLAN {statement.replace('?', '1')}")

    assert [row[3] for row in plan if row[3].startswith(("SCAN crawler", "SEARCH crawler"))] == [
        f"SEARCH {statement.split()[1]} USING INTEGER PRIMARY KEY (rowid=?)"
    ]


def test_what_has_json_is_written_to_sqlite_row_by_row() -> None:
    assert items.CHANGE.of_sqlite(1) == items.CHANGE.of_sqlite(8)


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 3, 1, 12, 30, 59, 123_456, tzinfo=UTC),
        datetime(2026, 3, 1, 12, 30, tzinfo=UTC),
        datetime(2026, 3, 1, 12, 30, 0, 5, tzinfo=timezone(timedelta(hours=2))),
        None,
    ],
)
def test_moments_are_given_to_the_database_as_django_gives_them(moment: datetime | None) -> None:
    assert sql.adapt(moment) == connection.ops.adapt_datetimefield_value(moment)


def test_a_column_may_be_empty_in_every_row_or_in_some() -> None:
    assert NAME_HOST.run([("http://a.test", b"", None), ("http://b.test", b"", None)]) == 2
    assert NAME_HOST.run([("http://c.test", b"", None), ("http://d.test", b"", 1.5)]) == 2

    delays = sql.select("SELECT crawl_delay_seconds FROM crawler_host ORDER BY origin")
    assert delays == [(None,), (None,), (None,), (1.5,)]


@pytest.mark.parametrize("origin", ["x" * 301, "http://\0.test"], ids=["too long", "NUL"])
def test_what_the_database_refuses_is_refused_with_an_error_of_djangos(origin: str) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("asks PostgreSQL: SQLite takes both")
    with pytest.raises(DataError), transaction.atomic():
        NAME_HOST.run([(origin, b"", None)])


def test_a_row_without_a_value_that_it_must_have_is_refused() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        NAME_HOST.run([(None, b"", None)])


class Name(StrEnum):
    """A name that is text of another type."""

    LAST = "http://z.test"


def test_values_of_one_column_may_differ_in_type_where_they_mean_the_same() -> None:
    assert (
        NAME_HOST.run([("http://a.test", b"", 1), (Name.LAST, b"", 1.5), ("http://b.test", b"", None)]) == 3
    )

    delays = sql.select("SELECT origin, crawl_delay_seconds FROM crawler_host ORDER BY origin")
    assert delays == [("http://a.test", 1.0), ("http://b.test", None), ("http://z.test", 1.5)]
