"""What differs between SQLite and PostgreSQL in the hot statements, and nothing else."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import OperationalError, connection, transaction
from django.utils import timezone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from django.db.models import Model

T = TypeVar("T")
Row = tuple[Any, ...]
TRIES = 5
RETRY_SECONDS = 0.05
_pause = threading.Event()  # never set: waits in the writer's thread
DEADLOCK_STATES = frozenset({"40P01", "40001"})


@cache
def is_postgres() -> bool:
    return connection.vendor == "postgresql"


def for_update(*, skip_locked: bool = False) -> str:
    """Return the clause that locks the selected rows; SQLite has locked the whole database already."""
    if not is_postgres():
        return ""
    return " FOR UPDATE SKIP LOCKED" if skip_locked else " FOR UPDATE"


def marks(values: Sequence[object]) -> str:
    """Return as many placeholders as there are `values`, for an IN list."""
    return ", ".join(["%s"] * len(values))


def json_mark() -> str:
    """Return the placeholder of a JSON value given as text."""
    return "%s::json" if is_postgres() else "%s"


def json_member(column: str, name: str) -> str:
    """Return the expression for a member of a JSON object, as text; NULL where it has none."""
    return f"{column} ->> '{name}'" if is_postgres() else f"json_extract({column}, '$.{name}')"


def joined(column: str) -> str:
    """Return the expression for the texts of a column in all rows, with commas between them."""
    return f"string_agg({column}, ',')" if is_postgres() else f"group_concat({column}, ',')"


def seconds_between(earlier: str, later: str) -> str:
    """Return the expression for the seconds from one column's moment to another's."""
    if is_postgres():
        return f"EXTRACT(EPOCH FROM {later} - {earlier})::double precision"
    return f"(julianday({later}) - julianday({earlier})) * 86400"


def adapt(moment: datetime | None) -> Any:
    """Return a moment as a parameter of a raw statement.

    For SQLite it is what Django makes of it, in a quarter of the time: a batch has several for each host.
    """
    if moment is not None and moment.tzinfo is UTC and not is_postgres():
        return str(moment.replace(tzinfo=None))
    return connection.ops.adapt_datetimefield_value(moment) if moment is not None else None


def moment(value: Any) -> datetime | None:
    """Return a moment from a column of a raw statement, in UTC."""
    if value is None:
        return None
    read: datetime = datetime.fromisoformat(value) if isinstance(value, str) else value
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read


def data(value: Any) -> bytes:
    """Return the bytes of a binary column."""
    return bytes(value) if value is not None else b""


def select(statement: str, parameters: Sequence[Any] = ()) -> list[Row]:
    """Return all rows of a query."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())


def execute(statement: str, parameters: Sequence[Any] = ()) -> int:
    """Run a statement and return how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)


def execute_many(statement: str, rows: Sequence[Sequence[Any]]) -> int:
    """Run a statement for each of `rows` and return how many rows they touched together."""
    if not rows:
        return 0
    with connection.cursor() as cursor:
        cursor.executemany(statement, rows)
        return max(int(cursor.rowcount), 0)


def execute_here(statement: str, values: Sequence[Any]) -> int:
    """Run a statement on SQLite, with its own marks, and return how many rows it touched.

    Those that Django knows it would look for in the text, at every call: there may be a thousand.
    """
    connection.ensure_connection()
    with connection.make_cursor(connection.connection.cursor()) as cursor:
        cursor.execute(statement, values)
        return max(int(cursor.rowcount), 0)


def delete(table: type[Model], ids: Sequence[Any]) -> None:
    """Remove the rows with these ids and nothing that refers to them; the caller holds a transaction."""
    name, key = table._meta.db_table, table._meta.pk.column  # noqa: SLF001 - the documented way to a table
    for chunk in chunks(ids):
        execute(f"DELETE FROM {name} WHERE {key} IN ({marks(chunk)})", chunk)


def chunks(values: Sequence[T], size: int = 500) -> Iterable[Sequence[T]]:
    """Cut a list for IN clauses."""
    return (values[start : start + size] for start in range(0, len(values), size))


def atomically(work: Callable[[], T]) -> T:
    """Return `work()`, run in one transaction; repeated when the database chose it to break a deadlock."""
    for attempt in range(TRIES):
        try:
            with transaction.atomic():
                return work()
        except OperationalError as error:
            if attempt == TRIES - 1 or not _is_transient(error):
                raise
            _pause.wait(RETRY_SECONDS * 2**attempt)
    raise AssertionError("the last attempt returns or raises")


def _is_transient(error: OperationalError) -> bool:
    state = getattr(error.__cause__, "sqlstate", None)
    return state in DEADLOCK_STATES or "locked" in str(error)


def database_now() -> datetime:
    """Return the time by the database's clock, which all leases are measured with."""
    if not is_postgres():
        return timezone.now()
    return select("SELECT clock_timestamp()")[0][0]  # type: ignore[no-any-return]
