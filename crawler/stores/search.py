"""Reads what is to be searched, and writes its marks, each segment in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace as replaced
from typing import TYPE_CHECKING, Final

from crawler.models import SearchKind
from crawler.policy import signatures
from crawler.stores import sql

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

ROWS_AT_ONCE: Final = 50
"""Rows that are read together: each may have megabytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A table that is searched: what of a row is read, and what tells that it is still as it was."""

    kind: int
    table: str
    texts: tuple[str, ...]
    state: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A row as it was read."""

    id: int
    target: int
    text: str
    state: tuple[object, ...]

    def without_text(self) -> Read:
        return replaced(self, text="")


SOURCES: Final = (
    Source(
        kind=SearchKind.ITEMS.value, table="crawler_item", texts=("url", "data"), state=("version", "url")
    ),
    Source(kind=SearchKind.PAGES.value, table="crawler_page", texts=("url", "title"), state=("url", "title")),
)


def waiting(source: Source, *, most: int) -> list[int]:
    """Return the ids of the first rows whose marks are not written."""
    return [
        row[0]
        for row in sql.select(
            f"SELECT id FROM {source.table} WHERE searchable IS NULL ORDER BY id LIMIT %s", [most]
        )
    ]


def of_segment(source: Source, segment: int) -> list[int]:
    """Return the ids of all rows of a segment."""
    first = segment * signatures.ROWS_A_SEGMENT
    last = first + signatures.ROWS_A_SEGMENT - 1
    return [
        row[0]
        for row in sql.select(
            f"SELECT id FROM {source.table} WHERE id BETWEEN %s AND %s ORDER BY id", [first, last]
        )
    ]


def read(source: Source, ids: Sequence[int]) -> Iterator[Read]:
    """Yield these rows in the order of their ids, as far as they are still there."""
    texts = ", ".join(f"CAST({name} AS text)" for name in source.texts)
    state = ", ".join(source.state)
    for chunk in sql.chunks(ids, ROWS_AT_ONCE):
        for row in sql.select(
            f"SELECT id, target_id, {texts}, {state} FROM {source.table} "
            f"WHERE id IN ({sql.marks(chunk)}) ORDER BY id",
            chunk,
        ):
            id_, target, *rest = row
            many = len(source.texts)
            yield Read(id=id_, target=target, text="\n".join(rest[:many]), state=tuple(rest[many:]))


def changes_of(source: Source, segment: int) -> int | None:
    """Return the count that tells whether a segment is as it was; None where there is none."""
    rows = sql.select(
        "SELECT changes FROM crawler_searchsegment WHERE kind = %s AND number = %s", [source.kind, segment]
    )
    return rows[0][0] if rows else None


def marks_of(source: Source, segment: int) -> dict[int, int]:
    """Return all marks of a segment by place."""
    rows = sql.select(
        "SELECT place, marks FROM crawler_searchmarks WHERE kind = %s AND segment = %s",
        [source.kind, segment],
    )
    return {place: signatures.decode(sql.data(marks)) for place, marks in rows}


def write(
    source: Source, segment: int, marks: Mapping[int, int], *, rows: Mapping[int, Read], now: datetime
) -> bool:
    """Add `marks` to those of a segment, and note which of `rows` are still as they were read.

    False when somebody else wrote to the segment meanwhile: then nothing was.
    """
    before = changes_of(source, segment)
    known = marks_of(source, segment) if before is not None else {}
    added = {place: known.get(place, 0) | mark for place, mark in marks.items()}
    encoded = [
        (source.kind, place, segment, signatures.encode(mark))
        for place, mark in sorted(added.items())
        if mark != known.get(place)
    ]

    def work() -> bool:
        if not _advance(source, segment, before=before, by=len(rows), now=now):
            return False
        sql.execute_many(UPSERT, encoded)
        _note(source, rows)
        return True

    return sql.atomically(work)


def replace(
    source: Source, segment: int, marks: Mapping[int, int], *, before: int, rows: int, now: datetime
) -> bool:
    """Put `marks` in the place of all that a segment has; without rows it goes. False as in `write`."""
    encoded = [
        (source.kind, place, segment, signatures.encode(mark)) for place, mark in sorted(marks.items())
    ]

    def work() -> bool:
        if not sql.execute(RESTART, [rows, sql.adapt(now), source.kind, segment, before]):
            return False
        sql.execute(
            "DELETE FROM crawler_searchmarks WHERE kind = %s AND segment = %s", [source.kind, segment]
        )
        sql.execute_many(UPSERT, encoded)
        if not rows:
            sql.execute(
                "DELETE FROM crawler_searchsegment WHERE kind = %s AND number = %s", [source.kind, segment]
            )
        return True

    return sql.atomically(work)


def postpone(source: Source, segment: int, *, before: int, rows: int, now: datetime) -> bool:
    """Leave a segment as it is, as if it had been built anew. False as in `write`."""
    return bool(sql.execute(RESTART, [rows, sql.adapt(now), source.kind, segment, before]))


UPSERT: Final = (
    "INSERT INTO crawler_searchmarks (kind, place, segment, marks) VALUES (%s, %s, %s, %s) "
    "ON CONFLICT (kind, place, segment) DO UPDATE SET marks = excluded.marks"
)
RESTART: Final = (
    "UPDATE crawler_searchsegment SET changes = %s, built_at = %s "
    "WHERE kind = %s AND number = %s AND changes = %s"
)


def worn(source: Source, *, most_changes: int, before: datetime) -> tuple[int, int] | None:
    """Return the number and the changes of a segment that is to be built again; None without one."""
    for condition, value in (("changes > %s", most_changes), ("built_at < %s", sql.adapt(before))):
        rows = sql.select(
            f"SELECT number, changes FROM crawler_searchsegment WHERE kind = %s AND {condition} "
            "ORDER BY built_at LIMIT 1",
            [source.kind, value],
        )
        if rows:
            return rows[0][0], rows[0][1]
    return None


def _advance(source: Source, segment: int, *, before: int | None, by: int, now: datetime) -> bool:
    if before is None:
        return bool(
            sql.execute(
                "INSERT INTO crawler_searchsegment (kind, number, changes, built_at) "
                "VALUES (%s, %s, %s, %s) ON CONFLICT (kind, number) DO NOTHING",
                [source.kind, segment, by, sql.adapt(now)],
            )
        )
    return bool(
        sql.execute(
            "UPDATE crawler_searchsegment SET changes = changes + %s "
            "WHERE kind = %s AND number = %s AND changes = %s",
            [by, source.kind, segment, before],
        )
    )


def _note(source: Source, rows: Mapping[int, Read]) -> None:
    """Note that rows are searchable; one that a crawl has locked just now waits for the next time."""
    state = ", ".join(source.state)
    for chunk in sql.chunks(sorted(rows)):
        found = sql.select(
            f"SELECT id, {state} FROM {source.table} WHERE id IN ({sql.marks(chunk)}) "
            f"AND searchable IS NULL ORDER BY id{sql.for_update(skip_locked=True)}",
            chunk,
        )
        same = [id_ for id_, *now in found if tuple(now) == rows[id_].state]
        if same:
            sql.execute(
                f"UPDATE {source.table} SET searchable = %s WHERE id IN ({sql.marks(same)})", [True, *same]
            )
