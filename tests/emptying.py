"""Tables as migrations left them, given back in milliseconds after each test that writes for good.

Django would empty every table and put what migrations made back object by object before the next such test,
which takes as long as most of these tests; and a test that comes between two of them would miss it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.db import connection, transaction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.backends.utils import CursorWrapper

LARGE_BYTES: Final = 256 * 1024
"""What a table of PostgreSQL may keep of deleted rows; beyond it plans and times would change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """What the tables of all models held at one time, as statements that store it anew."""

    tables: tuple[str, ...]
    inserts: tuple[str, ...]

    @classmethod
    def kept(cls) -> Rows:
        """Return what they hold now."""
        tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
        with connection.cursor() as cursor:
            inserts = [insert for table in tables for insert in _inserts(cursor, table)]
        return cls(tables=tuple(tables), inserts=tuple(inserts))

    def give_back(self) -> None:
        """Have the tables hold this and nothing else; constraints are checked as a whole, if at all."""
        statements = [*(f"DELETE FROM {_name(table)}" for table in self.tables), *self.inserts]
        with transaction.atomic(), connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                self._cut_large(cursor)
                statements = ["; ".join(("SET LOCAL session_replication_role = replica", *statements))]
            for statement in statements:
                cursor.execute(statement)

    def _cut_large(self, cursor: CursorWrapper) -> None:
        cursor.execute(
            "SELECT relname FROM pg_class"
            " WHERE relkind = 'r' AND relname = ANY(%s) AND pg_relation_size(oid) > %s",
            [list(self.tables), LARGE_BYTES],
        )
        if large := ", ".join(_name(table) for (table,) in cursor.fetchall()):
            cursor.execute(f"TRUNCATE {large} CASCADE")


def _inserts(cursor: CursorWrapper, table: str) -> Iterator[str]:
    """Yield one statement, with values as the database writes them; none for an empty table."""
    columns = [column.name for column in connection.introspection.get_table_description(cursor, table)]
    literal = "quote({})" if connection.vendor == "sqlite" else "quote_nullable({}::text)"
    names = [_name(column) for column in columns]
    cursor.execute(f"SELECT {', '.join(map(literal.format, names))} FROM {_name(table)}")
    if rows := sorted(f"({', '.join(map(str, row))})" for row in cursor.fetchall()):
        yield f"INSERT INTO {_name(table)} ({', '.join(names)}) VALUES {', '.join(rows)}"


def _name(name: str) -> str:
    return connection.ops.quote_name(name)
