"""What the database itself says of how this process is connected to it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from django.db import connection, transaction

from tests.unit.meta import tree

on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="asks SQLite")
on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="asks PostgreSQL")
WHETHER_POOLED = "from webui.settings import DATABASES; print('pool' in DATABASES['default']['OPTIONS'])"


@on_sqlite
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 1),
        ("temp_store", 2),
        ("mmap_size", 134_217_728),
        ("cache_size", -20_000),
        ("journal_size_limit", 67_108_864),
        ("busy_timeout", 20_000),
        ("foreign_keys", 1),
    ],
)
def test_sqlite_is_set_up_to_lose_no_writes(pragma: str, value: object) -> None:
    with connection.cursor() as cursor:
        assert cursor.execute(f"PRAGMA {pragma}").fetchone() == (value,)


@on_sqlite
@pytest.mark.django_db(transaction=True)
def test_transaction_has_the_write_lock_from_its_beginning() -> None:
    with (
        transaction.atomic(),
        closing(sqlite3.connect(connection.settings_dict["NAME"], timeout=0)) as other,
        pytest.raises(sqlite3.OperationalError, match="locked"),
    ):
        other.execute("BEGIN IMMEDIATE")


@on_postgresql
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("setting", "value"), [("idle_in_transaction_session_timeout", "15s"), ("lock_timeout", "10s")]
)
def test_postgresql_ends_what_waits_too_long(setting: str, value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SHOW {setting}")
        assert cursor.fetchone() == (value,)


@pytest.mark.django_db
def test_no_request_is_a_transaction_as_a_whole() -> None:
    assert connection.settings_dict["ATOMIC_REQUESTS"] is False


@pytest.mark.parametrize(("variables", "pooled"), [({}, "False"), ({"DATABASE_POOL": "1"}, "True")])
def test_connections_to_postgresql_are_pooled_only_where_asked_for(
    variables: dict[str, str], pooled: str
) -> None:
    environment = {"DATABASE_URL": "postgresql://a@localhost/a", "SECRET_KEY": "x" * 60, "DEBUG": "1"}
    done = subprocess.run(
        [sys.executable, "-c", WHETHER_POOLED],
        cwd=tree.ROOT,
        env=environment | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == pooled, done.stderr


def test_the_site_alone_pools_its_connections_in_containers() -> None:
    compose = tree.text(tree.ROOT / "docker-compose.yml")
    before = compose[: compose.index("DATABASE_POOL:")]
    services = [line for line in before.splitlines() if line.startswith("  ") and line[2:3].isalpha()]
    assert compose.count("DATABASE_POOL:") == 1
    assert services[-1] == "  web:"
