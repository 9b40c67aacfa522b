"""The one step to all tables leaves the same database as the many migrations that it replaces."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from django.db.backends.base.base import BaseDatabaseWrapper

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(900)]

REPLACING = "0001_squashed_0049_repair_seconds"
HALFWAY = ("crawler", "0013_refresh")
COLUMNS = """
    SELECT table_name || ' ' || concat_ws(' ', column_name, data_type, character_maximum_length, is_nullable,
        column_default, is_identity) FROM information_schema.columns WHERE table_schema = 'public'
"""
CONSTRAINTS = """
    SELECT conrelid::regclass::text || ' ' || conname || ' ' || pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
"""
INDEXES = "SELECT tablename || ' ' || indexdef FROM pg_indexes WHERE schemaname = 'public'"
ENTRIES = """
    SELECT entry.name, task, queue, expire_seconds, description, every, period
    FROM django_celery_beat_periodictask entry
    JOIN django_celery_beat_intervalschedule ON django_celery_beat_intervalschedule.id = interval_id
"""
ROWS = ("SELECT name FROM crawler_lanestate", "SELECT id FROM crawler_changefeed", ENTRIES)


@contextmanager
def empty(path: Path) -> Iterator[BaseDatabaseWrapper]:
    """Make an empty database, and let it be the one that models and migrations use."""
    here, there = connections[DEFAULT_DB_ALIAS], connections.create_connection(DEFAULT_DB_ALIAS)
    name = f"{here.settings_dict['NAME']}_{path.name}" if on_postgresql() else str(path)
    administer(f'DROP DATABASE IF EXISTS "{name}"', f'CREATE DATABASE "{name}"')
    there.settings_dict = {**there.settings_dict, "NAME": name}
    connections[DEFAULT_DB_ALIAS] = there
    try:
        yield there
    finally:
        connections[DEFAULT_DB_ALIAS] = here
        there.close()
        administer(f'DROP DATABASE "{name}" WITH (FORCE)')


def on_postgresql() -> bool:
    return bool(connection.vendor == "postgresql")


def administer(*statements: str) -> None:
    """Let PostgreSQL do what it does outside of transactions alone; SQLite makes what is opened."""
    if on_postgresql():
        with psycopg.connect(**connection.get_connection_params(), autocommit=True) as server:
            for statement in statements:
                server.execute(statement.encode())


def asked(database: BaseDatabaseWrapper, look: str) -> list[Any]:
    with database.cursor() as cursor:
        cursor.execute(look)
        return list(cursor.fetchall())


def tables(database: BaseDatabaseWrapper) -> list[str]:
    """Return all columns, constraints and indexes of ours; a table's columns may be in any order."""
    if on_postgresql():
        found = [row[0] for look in (COLUMNS, CONSTRAINTS, INDEXES) for row in asked(database, look)]
    else:
        made = asked(database, "SELECT tbl_name || ' ' || name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        found = [f"{name} {part}" for name, statement in made for part in parts(statement)]
    return sorted(line for line in found if line.startswith("crawler_"))


def rows(database: BaseDatabaseWrapper) -> list[Any]:
    return [sorted(asked(database, look)) for look in ROWS]


def parts(statement: str) -> Iterator[str]:
    """Yield what stands between the commas of a statement that no inner bracket holds."""
    depth, part = 0, ""
    for letter in statement.replace(" (", "(,", 1):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 1:
            yield part.strip()
            part = ""
        else:
            part += letter
    yield part.strip().removesuffix(")").strip()


def newest(executor: MigrationExecutor) -> list[str]:
    """Apply what is missing up to the crawler's newest, and return which of the crawler's that was."""
    leaves = executor.loader.graph.leaf_nodes("crawler")
    plan = executor.migration_plan(leaves)
    executor.migrate(leaves, plan)
    return [migration.name for migration, _ in plan if migration.app_label == "crawler"]


def stop_halfway(database: BaseDatabaseWrapper) -> None:
    """Apply some of the old migrations, as a version before this one did."""
    executor = MigrationExecutor(database)
    executor.loader = MigrationLoader(database, replace_migrations=False)
    executor.migrate([HALFWAY])


def test_a_database_of_some_old_migrations_goes_on_to_what_an_empty_one_gets_at_once(tmp_path: Path) -> None:
    assert ("crawler", REPLACING) in MigrationExecutor(connection).loader.applied_migrations
    at_once = tables(connection), rows(connection)
    with empty(tmp_path / "old") as old:
        stop_halfway(old)
        one_by_one = newest(MigrationExecutor(old))
        assert one_by_one[0] == "0014_backlog_waiting"
        assert REPLACING not in one_by_one

        assert (tables(old), rows(old)) == at_once
        assert ("crawler", REPLACING) in MigrationExecutor(old).loader.applied_migrations
        assert newest(MigrationExecutor(old)) == []
    assert len(at_once[0]) > 300
