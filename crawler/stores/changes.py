"""Notes what becomes of items, and gives what is committed numbers in an order that holds.

On PostgreSQL transactions commit in another order than that of their ids: a reader who goes on after the
greatest id would miss what commits later. So crawls write rows without numbers, and numbers are given to
what is committed, by one transaction after the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crawler.stores import sql, statements

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from crawler.models import ItemChangeKind

BATCH: Final = 2_000

COLUMNS: Final = {
    "target": "bigint",
    "item": "bigint",
    "version": "integer",
    "run": "bigint",
    "kind": "smallint",
    "at": "timestamptz",
}
NOTE: Final = statements.insert("crawler_unnumberedchange", COLUMNS, then="")
NUMBER: Final = statements.insert(
    "crawler_itemchange",
    {
        "number": "bigint",
        "target_id": "bigint",
        "item_id": "bigint",
        "version": "integer",
        "kind": "smallint",
        "run": "bigint",
        "by_name": "text",
        "at": "timestamptz",
    },
    then="",
)
WAITING: Final = (
    "SELECT id, target, item, version, kind, run, by_name, at FROM crawler_unnumberedchange "
    "ORDER BY id LIMIT %s"
)
PAST: Final = "SELECT number, at < %s FROM crawler_itemchange WHERE number > %s ORDER BY number LIMIT %s"

Noted = tuple[int, int, int, int | None]
"""Target, item, version and run of a change."""


def note(changes: Sequence[Noted], kind: ItemChangeKind, *, now: datetime) -> None:
    """Write what became of items, in the transaction that changes them, which has locked their rows.

    So of one item a later version comes after an earlier one.
    """
    code, moment = kind.value, sql.adapt(now)
    NOTE.run([(*change, code, moment) for change in changes])


def wait() -> bool:
    """Say whether a change has no number yet."""
    return bool(sql.select("SELECT 1 FROM crawler_unnumberedchange LIMIT 1"))


def number(*, most: int = BATCH) -> int:
    """Give up to `most` changes their numbers; return how many got one.

    The feed's row is locked until they are committed: the next numbers are greater, and come later.
    """
    return sql.atomically(lambda: _number(most))


def _number(most: int) -> int:
    last, _forgotten = _locked()
    rows = sql.select(WAITING, [most])
    if rows:
        NUMBER.run([(last + place, *row[1:]) for place, row in enumerate(rows, start=1)])
        for chunk in sql.chunks([row[0] for row in rows]):
            sql.execute(f"DELETE FROM crawler_unnumberedchange WHERE id IN ({sql.marks(chunk)})", chunk)
        sql.execute("UPDATE crawler_changefeed SET last = %s WHERE id = 1", [last + len(rows)])
    return len(rows)


def forget(*, before: datetime, most: int = BATCH) -> int:
    """Remove up to `most` of the first changes, as far as they are older; return how many.

    What a reader may have missed is told by how far that went.
    """
    return sql.atomically(lambda: _forget(before, most))


def _forget(before: datetime, most: int) -> int:
    _last, forgotten = _locked()
    old = []
    for number_, is_old in sql.select(PAST, [sql.adapt(before), forgotten, most]):
        if not is_old:
            break
        old.append(number_)
    if old:
        sql.execute("DELETE FROM crawler_itemchange WHERE number <= %s", [old[-1]])
        sql.execute("UPDATE crawler_changefeed SET forgotten = %s WHERE id = 1", [old[-1]])
    return len(old)


def _locked() -> tuple[int, int]:
    rows = sql.select(f"SELECT last, forgotten FROM crawler_changefeed WHERE id = 1{sql.for_update()}")
    return rows[0][0], rows[0][1]
