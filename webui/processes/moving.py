"""Takes everything of an SQLite database over into an empty PostgreSQL one."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import psycopg
from django.apps import apps
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction

from crawler.models import Target
from crawler.stores import schema
from webui.processes import database

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from django.db.backends.utils import CursorWrapper


class CannotMove(Exception):
    """Nothing was taken over; the message is one line and names what to do."""


def move(file: Path, *, say: Callable[[str], None]) -> int:
    """Copy all rows of the SQLite database `file` into the database of the settings; return how many.

    That one gets its tables first and may hold nothing that a person made. It is one transaction: either all
    is there afterwards, or nothing. The file is only read. Raises CannotMove, and CannotStart where the
    database is away.
    """
    if connection.vendor != "postgresql":
        raise CannotMove("DATABASE_URL names no PostgreSQL database; set it to postgresql://… and try again")
    if not file.is_file():
        raise CannotMove(f"there is no file {file}")
    database.require_reachable()
    if schema.is_behind():
        say("Making the tables ...")
        database.migrate()
    if User.objects.exists() or Target.objects.exists():
        raise CannotMove(
            "the database of DATABASE_URL is in use already: it has people or targets; name an empty one"
        )
    with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as source:
        try:
            return _copied(source, say)
        except sqlite3.DatabaseError as error:
            raise CannotMove(f"{file} cannot be read: {error}") from error
        except IntegrityError as error:  # of a row that leads to none, when all are there
            raise CannotMove(f"{file} has rows that do not fit together: {_first_line(error)}") from error


def _copied(source: sqlite3.Connection, say: Callable[[str], None]) -> int:
    source.execute("BEGIN")  # one moment of it all
    _require_same_tables(source)
    tables = sorted(connection.introspection.django_table_names(only_existing=True, include_views=False))
    copied = 0
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL TIME ZONE 'UTC'")
        cursor.execute(f"TRUNCATE {', '.join(map(_name, tables))}")
        for table in tables:
            count = _copy(source, cursor, table)
            if count:
                say(f"{table}: {count:,} row{'' if count == 1 else 's'}")
            copied += count
        _go_on_counting(cursor, tables)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return copied


def _require_same_tables(source: sqlite3.Connection) -> None:
    """Raise CannotMove unless the file has seen the migrations that this version has, and no others."""
    ours = {app.label for app in apps.get_app_configs()}
    look = "SELECT app, name FROM django_migrations"
    with connection.cursor() as cursor:
        cursor.execute(look)
        here = {row for row in cursor.fetchall() if row[0] in ours}
    there = {row for row in source.execute(look) if row[0] in ours}
    if here - there:
        raise CannotMove(
            "the file is from an earlier version; start ./run up of this version with it once, stop it, "
            "and try again"
        )
    if {row for row in there - here if "_squashed_" not in row[1]}:
        raise CannotMove("the file is from a later version of Trawl than this one")


def _copy(source: sqlite3.Connection, cursor: CursorWrapper, table: str) -> int:
    """Copy the rows of one table; return how many."""
    cursor.execute(
        "SELECT column_name, data_type FROM information_schema.columns"
        " WHERE table_schema = current_schema() AND table_name = %s ORDER BY ordinal_position",
        [table],
    )
    columns = dict(cursor.fetchall())
    names = ", ".join(map(_name, columns))
    copied = 0
    try:
        with cursor.copy(f"COPY {_name(table)} ({names}) FROM STDIN") as copy:
            # one by one: a body may have megabytes
            for row in source.execute(f"SELECT {names} FROM {_name(table)}"):  # noqa: S608 - names of our own
                copy.write_row(
                    [_value(value, kind) for value, kind in zip(row, columns.values(), strict=True)]
                )
                copied += 1
    except (psycopg.DataError, psycopg.IntegrityError) as error:
        raise CannotMove(f"{table} has a row that PostgreSQL does not take: {_first_line(error)}") from error
    return copied


def _value(value: object, kind: str) -> object:
    """Return a value as PostgreSQL reads it in a column of this kind; most it reads as SQLite has them."""
    if value is not None and kind == "boolean":
        return bool(value)
    if value is not None and kind == "interval":
        return f"{value} microseconds"
    return value


def _go_on_counting(cursor: CursorWrapper, tables: list[str]) -> None:
    """Let each table number its next row after the last that is there."""
    for table in tables:
        for sequence in connection.introspection.get_sequences(cursor, table):
            last = f"max({_name(sequence['column'])})"
            cursor.execute(
                f"SELECT setval(%s, coalesce({last}, 1), {last} IS NOT NULL) FROM {_name(table)}",  # noqa: S608
                [sequence["name"]],
            )


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _name(name: str) -> str:
    return connection.ops.quote_name(name)
