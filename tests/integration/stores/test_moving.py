"""What an SQLite database holds is taken over into an empty PostgreSQL one, or nothing is."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from crawler.models import RunTrigger, Target
from crawler.services import runs, targets
from tests.emptying import Rows
from webui.processes import moving

if TYPE_CHECKING:
    from pathlib import Path

on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="moves into PostgreSQL")


def tables() -> list[str]:
    return sorted(connection.introspection.django_table_names(only_existing=True, include_views=False))


def held(table: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT * FROM "{table}"')
        names = [column[0] for column in cursor.description]
        return names, [tuple(map(as_sqlite, row)) for row in cursor.fetchall()]


def as_sqlite(value: Any) -> Any:
    """Return a value as it lies in a file that Django wrote."""
    match value:
        case datetime():
            return str(value.astimezone(UTC).replace(tzinfo=None))
        case dict() | list():
            return json.dumps(value)
        case memoryview():
            return bytes(value)
        case bool():
            return int(value)
    return value


def everything() -> dict[str, list[str]]:
    return {table: sorted(map(repr, held(table)[1])) for table in tables()}


@pytest.fixture
def crawled() -> Target:
    """A target that is being crawled, with secrets, flags, moments, keys of bytes and JSON."""
    owner = User.objects.create_user("ada")
    data = {"name": "Möbel \\ “shop”", "start_urls": ["https://shop.test/"], "headers": {"Cookie": "a=b"}}
    target = targets.create(owner=owner, data=data, now=timezone.now())
    runs.start(target=target, trigger=RunTrigger.API, now=timezone.now())
    return target


@pytest.fixture
def file(tmp_path: Path, crawled: Target) -> Path:
    """The database as a file of SQLite; the one of the settings is left as migrations made it."""
    path = tmp_path / "trawl.sqlite3"
    with closing(sqlite3.connect(path)) as kept:
        for table in (*tables(), "django_migrations"):
            names, rows = held(table)
            columns = ", ".join(f'"{name}"' for name in names)
            kept.execute(f'CREATE TABLE "{table}" ({columns})')
            marks = ", ".join("?" * len(names))
            kept.executemany(f'INSERT INTO "{table}" ({columns}) VALUES ({marks})', rows)
        kept.commit()
    return path


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_all_rows_are_there_and_counting_goes_on(file: Path, crawled: Target) -> None:
    before = everything()
    _empty()

    told: list[str] = []
    copied = moving.move(file, say=told.append)

    assert everything() == before
    assert "auth_user: 1 row" in told
    assert copied == sum(map(len, before.values()))
    assert Target.objects.get().headers == {"Cookie": "a=b"}
    assert Target.objects.create(owner=User.objects.get(), name="next").pk == crawled.pk + 1


@on_postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("DELETE FROM django_migrations WHERE app = 'auth'", "from an earlier version"),
        ("INSERT INTO django_migrations (app, name) VALUES ('crawler', '9999_x')", "from a later version"),
        ("UPDATE crawler_run SET created_at = 'yesterday, or so'", "crawler_run has a row"),
        ("UPDATE crawler_run SET created_at = NULL", "crawler_run has a row"),
        ("UPDATE crawler_run SET target_id = 99", "has rows that do not fit together"),
        ("DROP TABLE crawler_item", "cannot be read: no such table"),
    ],
)
def test_file_that_does_not_fit_leaves_the_database_as_it_was(file: Path, change: str, told: str) -> None:
    _empty()
    before = everything()
    with closing(sqlite3.connect(file)) as kept:
        kept.execute(change)
        kept.commit()

    with pytest.raises(moving.CannotMove, match=told):
        moving.move(file, say=lambda _line: None)
    assert everything() == before


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_database_that_is_in_use_is_left_alone(file: Path) -> None:
    with pytest.raises(moving.CannotMove, match="in use already"):
        moving.move(file, say=lambda _line: None)
    assert Target.objects.exists()


@pytest.mark.skipif(connection.vendor == "postgresql", reason="tries SQLite as the place to move to")
def test_only_postgresql_is_moved_into(tmp_path: Path) -> None:
    with pytest.raises(moving.CannotMove, match="DATABASE_URL names no PostgreSQL database"):
        moving.move(tmp_path / "trawl.sqlite3", say=lambda _line: None)


def _empty() -> None:
    Rows(tables=tuple(tables()), inserts=()).give_back()
