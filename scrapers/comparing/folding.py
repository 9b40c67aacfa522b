"""A difference as it is shown: what changed, some lines around it, and how many others there are."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from scrapers.comparing.differing import Difference, Marked, Row, RowKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

AROUND: Final = 2
MOST_SHOWN: Final = 1_000
MOST_MARKED: Final = 250_000
"""So many characters of changed lines are compared word by word."""


class ShownKind(StrEnum):
    """What a shown line is."""

    SAME = "same"
    REMOVED = "removed"
    ADDED = "added"
    CHANGED = "changed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of a comparison: each side in parts, of which those that differ are marked.

    None for a side that does not have the line; of `skipped` ones only the count is told.
    """

    kind: ShownKind
    before: Marked | None = None
    after: Marked | None = None
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How two versions differ. `is_cut` where more changed than is shown.

    `whole_lines` are the changed lines that are marked whole, as they have no room left to be compared.
    """

    lines: tuple[Line, ...]
    added: int
    removed: int
    changed: int
    is_cut: bool
    whole_lines: int = 0

    @property
    def is_empty(self) -> bool:
        return not (self.added or self.removed or self.changed)


def folded(difference: Difference, *, around: int = AROUND, most: int = MOST_SHOWN) -> Comparison:
    """Return what is to be shown of a difference; `most` lines at most."""
    rows = difference.rows
    kinds = [row.kind for row in rows]
    lines: list[Line] = []
    is_cut = False
    marker = _Marker()
    for line in _lines(rows, _near(rows, around), marker):
        if len(lines) == most:
            is_cut = True
            break
        lines.append(line)
    return Comparison(
        lines=tuple(lines),
        added=kinds.count(RowKind.ADDED),
        removed=kinds.count(RowKind.REMOVED),
        changed=kinds.count(RowKind.CHANGED),
        is_cut=is_cut,
        whole_lines=marker.whole_lines,
    )


class _Marker:
    """Marks what differs within changed lines for which there is room; the others are marked whole."""

    def __init__(self) -> None:
        self.room = MOST_MARKED
        self.whole_lines = 0

    def marked(self, row: Row) -> tuple[Marked, Marked]:
        before, after = row.before or "", row.after or ""
        size = len(before) + len(after)
        if size <= self.room:
            self.room -= size
            return row.marked()
        self.whole_lines += 1
        return ((before, True),), ((after, True),)


def _near(rows: Sequence[Row], around: int) -> list[bool]:
    """Return of each row whether it has changed or stands near one that has."""
    near = [False] * len(rows)
    for place, row in enumerate(rows):
        if row.kind is not RowKind.SAME:
            start = max(0, place - around)
            near[start : place + around + 1] = [True] * (min(len(rows), place + around + 1) - start)
    return near


def _lines(rows: Sequence[Row], near: Sequence[bool], marker: _Marker) -> Iterator[Line]:
    skipped = 0
    for row, is_near in zip(rows, near, strict=True):
        if not is_near:
            skipped += 1
            continue
        if skipped:
            yield Line(kind=ShownKind.SKIPPED, count=skipped)
            skipped = 0
        yield _line(row, marker)
    if skipped:
        yield Line(kind=ShownKind.SKIPPED, count=skipped)


def _line(row: Row, marker: _Marker) -> Line:
    before: Marked | None
    after: Marked | None
    if row.kind is RowKind.CHANGED:
        before, after = marker.marked(row)
    else:
        before = ((row.before, False),) if row.before is not None else None
        after = ((row.after, False),) if row.after is not None else None
    return Line(kind=ShownKind(row.kind.value), before=before, after=after)
