"""Marks items as removed that runs did not see any more, a few hundred to a transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from crawler.models import ItemChangeKind
from crawler.stores import changes, sql

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

ROWS_AT_ONCE: Final = 5_000
_UNSEEN: Final = "removed_at IS NULL AND last_seen < %s AND changed_at < %s"
_UPTO: Final = (
    "SELECT max(id) FROM (SELECT id FROM crawler_item WHERE target_id = %s AND id > %s "
    "ORDER BY id LIMIT %s) AS part"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """An item that has not been seen for long enough, and the page that it was on."""

    id: int
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Of the items up to one, those that have not been seen."""

    items: tuple[Unseen, ...]
    upto: int


def unseen(target: int, *, since: datetime, after: int) -> Part | None:
    """Look at the next items of a target after this one, for those neither seen nor changed since.

    None once there are no more. Each part is a look of its own: no transaction stays open.
    """
    moment = sql.adapt(since)
    upto = sql.select(_UPTO, [target, after, ROWS_AT_ONCE])[0][0]
    if upto is None:
        return None
    rows = sql.select(
        f"SELECT id, url FROM crawler_item WHERE target_id = %s AND id > %s AND id <= %s AND {_UNSEEN} "
        "ORDER BY id",
        [target, after, upto, moment, moment],
    )
    return Part(items=tuple(Unseen(id=id_, url=url) for id_, url in rows), upto=upto)


def without_page(runs: Sequence[int], keys: Sequence[bytes], *, excused: Sequence[str]) -> set[bytes]:
    """Return those of the pages (by key) that one of the runs asked for and did not get.

    Where the reason is one of `excused`, the page is gone: that is what was asked.
    """
    found: set[bytes] = set()
    for chunk in sql.chunks(keys):
        rows = sql.select(
            f"SELECT key FROM crawler_request WHERE run_id IN ({sql.marks(runs)}) "
            f"AND key IN ({sql.marks(chunk)}) AND state >= 3 AND reason NOT IN ({sql.marks(excused)})",
            [*runs, *chunk, *excused],
        )
        found |= {sql.data(row[0]) for row in rows}
    return found


def remove(target: int, ids: Sequence[int], *, since: datetime, run: int, now: datetime) -> int:
    """Mark these items as removed, as far as nobody saw them meanwhile; return how many were."""
    return sql.atomically(lambda: _remove(target, ids, since=since, run=run, now=now))


def _remove(target: int, ids: Sequence[int], *, since: datetime, run: int, now: datetime) -> int:
    moment = sql.adapt(since)
    rows = sql.select(
        f"SELECT id, version FROM crawler_item WHERE id IN ({sql.marks(ids)}) AND {_UNSEEN} "
        f"ORDER BY key_hash{sql.for_update()}",
        [*ids, moment, moment],
    )
    if not rows:
        return 0
    gone = [row[0] for row in rows]
    # the moment by another node's clock may come before the last change, which came before `since`
    sql.execute(
        f"UPDATE crawler_item SET removed_at = %s WHERE id IN ({sql.marks(gone)})",
        [sql.adapt(max(now, since)), *gone],
    )
    changes.note([(target, *row, run) for row in rows], ItemChangeKind.REMOVED, now=now)
    sql.execute("UPDATE crawler_run SET items_removed = items_removed + %s WHERE id = %s", [len(gone), run])
    return len(gone)
