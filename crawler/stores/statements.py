"""Statements that write many rows: some in each on SQLite, all in one over arrays on PostgreSQL."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING, Any

from django.db import connection

from crawler.stores import sql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

MOST_ROWS = 500
MOST_HERE = 64
MOST_BYTES = 16 << 20
SIZED = frozenset({"bytea", "json", "text"})
PLAIN: Mapping[str, Callable[[Any], object]] = {
    **dict.fromkeys(("json", "text"), str),
    **dict.fromkeys(("bigint", "integer", "smallint"), int),
    "double precision": float,
}


class Many:
    """One statement for many rows, whose values come in the order of `given`: names, with PostgreSQL's types.

    To PostgreSQL a statement for each row costs up to ten times as much as a row of one statement for
    all. SQLite has no way to a server to save, but with each statement its thread lets go of the
    interpreter, and must wait where another has taken it. So there are some rows in each there too, by
    `several`, its statement for so many: a fifth less processor time while the lock is held.
    """

    def __init__(
        self,
        *,
        each: str,
        at_once: str,
        given: Mapping[str, str],
        key: str = "",
        several: Callable[[int], str] | None = None,
    ) -> None:
        arrays = ", ".join(f"%b::{kind}[]" for kind in given.values())
        source = f"unnest({arrays}) WITH ORDINALITY AS given ({', '.join(map(_new, given))}, place)"
        self._each = each
        self._several = several and cache(several)
        self._at_once = at_once.replace("{source}", source) + (f" RETURNING {key}" if key else "")
        self._key = list(given).index(key) if key else None
        self._plain = [PLAIN.get(kind) for kind in given.values()]
        self._sized = [place for place, kind in enumerate(given.values()) if kind in SIZED]

    def run(self, rows: Sequence[Sequence[Any]]) -> int:
        """Write `rows` and return how many were touched."""
        if not sql.is_postgres():
            return self._run_here(rows)
        return sum(count for count, _keys in self._sent(rows))

    def written(self, rows: Sequence[Sequence[Any]]) -> list[Any]:
        """Write `rows`, none of which the caller found, and return the keys of those that were written.

        Only on PostgreSQL others can have written some of them since.
        """
        if sql.is_postgres():
            return [key for _count, keys in self._sent(rows) for key in keys]
        self._run_here(rows)
        return [row[self._key] for row in rows] if self._key is not None else []

    def of_sqlite(self, count: int) -> str:
        """Return what SQLite is told for so many rows; without `several` that is the same for each."""
        return self._several(count) if self._several else self._each.replace("%s", "?")

    def _run_here(self, rows: Sequence[Sequence[Any]]) -> int:
        """Write rows to SQLite: by powers of two, so that it meets the same few statements again."""
        if not self._several:
            return sql.execute_many(self._each, rows)
        touched = start = 0
        while left := len(rows) - start:
            count = min(MOST_HERE, 1 << left.bit_length() - 1)
            values = [value for row in rows[start : start + count] for value in row]
            touched += sql.execute_here(self.of_sqlite(count), values)
            start += count
        return touched

    def _sent(self, rows: Sequence[Sequence[Any]]) -> Iterator[tuple[int, list[Any]]]:
        for chunk in sql.chunks(rows, MOST_ROWS):
            yield from self._write(chunk)

    def _write(self, rows: Sequence[Sequence[Any]]) -> Iterator[tuple[int, list[Any]]]:
        """Send the values of each column as one array; an array holds 1 GB at most, so large ones are cut."""
        columns = list(map(_alike, zip(*rows, strict=True), self._plain))
        size = sum(len(value or "") for place in self._sized for value in columns[place])
        if size > MOST_BYTES and len(rows) > 1:
            half = len(rows) // 2
            yield from self._write(rows[:half])
            yield from self._write(rows[half:])
        else:
            yield _send(self._at_once, columns)


def _alike(values: tuple[Any, ...], plain: Callable[[Any], object] | None) -> list[Any]:
    """Return the values, plain where their types differ: the driver refuses 1 beside 1.5, and text of two."""
    if plain is None or len({*map(type, values)} - {type(None)}) < 2:
        return list(values)
    return [value if value is None else plain(value) for value in values]


def _send(statement: str, columns: list[list[Any]]) -> tuple[int, list[Any]]:
    """Run a statement on PostgreSQL; return how many rows it touched, and what it returns of each.

    Values are in binary form: text takes the client twice as long.
    """
    from psycopg import Cursor  # a driver that SQLite does without

    plain: Any = Cursor(connection.connection)  # sends values apart, where Django's writes them into the text
    with connection.make_cursor(plain) as cursor:
        cursor.execute(statement, columns)
        return int(cursor.rowcount), [row[0] for row in cursor.fetchall()] if cursor.description else []


def insert(
    table: str,
    given: Mapping[str, str],
    *,
    fixed: Mapping[str, object] | None = None,
    then: str,
    key: str = "",
) -> Many:
    """Return the statement that inserts rows, one after the other.

    `given` are the columns of the rows, `fixed` what others hold in each of them, as SQL; `then` is what
    becomes of a row that is there, `key` the column that `written` returns.
    """
    columns = [*given, *(fixed or {})]
    constants = [str(value) for value in (fixed or {}).values()]
    into = f"INSERT INTO {table} ({', '.join(columns)}) "
    each, names = ["%s"] * len(given) + constants, [*map(_new, given), *constants]
    row = f"({', '.join(['?'] * len(given) + constants)})"
    return Many(
        each=f"{into}VALUES ({', '.join(each)}) {then}",
        at_once=f"{into}SELECT {', '.join(names)} FROM {{source}} ORDER BY place {then}",
        several=lambda count: f"{into}VALUES {', '.join([row] * count)} {then}",
        given=given,
        key=key,
    )


def update(table: str, changes: str, *, where: str, given: Mapping[str, str]) -> Many:
    """Return the statement that changes rows, which the caller has locked: in any order.

    `changes` and `where` name the values of a row in braces, each once and in the order of `given`.
    """
    marks = dict.fromkeys(given, "%s")
    names = {name: f"given.{_new(name)}" for name in given} | {"source": "{source}"}
    return Many(
        each=f"UPDATE {table} SET {changes} WHERE {where}".format_map(marks),
        at_once=f"UPDATE {table} SET {changes} FROM {{source}} WHERE {where}".format_map(names),
        several=None if "json" in given.values() else partial(_changing, table, changes, where, tuple(given)),
        given=given,
    )


def _changing(table: str, changes: str, where: str, given: Sequence[str], count: int) -> str:
    """Return SQLite's statement that changes so many rows."""
    names = {name: f"given.column{place}" for place, name in enumerate(given, start=1)}
    rows = ", ".join([f"({', '.join('?' * len(given))})"] * count)
    return f"UPDATE {table} SET {changes} FROM (VALUES {rows}) AS given WHERE {where}".format_map(names)


def _new(name: str) -> str:
    """Return the name of a given value beside that of its column, which has one of its own."""
    return f"new_{name}"
