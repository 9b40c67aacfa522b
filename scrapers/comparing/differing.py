"""How two texts differ, line by line and word by word, in bounded time.

Lines that stand once in both anchor the rest (patience diff); what is between them is compared by
Myers' greedy algorithm (An O(ND) Difference Algorithm, 1986), as far as a budget of steps goes. What is
beyond that counts as replaced whole: a coarse answer, never a wrong one.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

STEPS: Final = 1_000_000
MOST_EDITS: Final = 600
"""How many edits are looked for between two anchors."""
WORD_STEPS: Final = 20_000
ALIKE: Final = 0.35
"""The part of words that two lines share when one has become the other."""

_WORDS: Final = re.compile(r"\d[\d.,]*\d|\w+|\s+|[^\w\s]")
_NAMES: Final = re.compile(r"\d[\d.,]*\d|\w+")
_NUMBERS: Final = re.compile(r"\d[\d.,]*")

Pair = tuple[int, int]
Marked = tuple[tuple[str, bool], ...]
"""Parts of a line in their order; those that differ are marked."""


class RowKind(StrEnum):
    """What became of a line."""

    SAME = "same"
    REMOVED = "removed"
    ADDED = "added"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Row:
    """A line of either text or both; of `same` lines both may still differ in what is ignored."""

    kind: RowKind
    before: str | None
    after: str | None

    def marked(self) -> tuple[Marked, Marked]:
        """Return both sides of a changed line with what differs marked."""
        return marked(self.before or "", self.after or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """All lines of both texts; `is_coarse` where comparing closer would have taken too long."""

    rows: tuple[Row, ...]
    is_coarse: bool

    @property
    def is_empty(self) -> bool:
        return all(row.kind is RowKind.SAME for row in self.rows)


class _Steps:
    """How much more may be spent; `is_short` once something was left out for want of it."""

    def __init__(self, left: int) -> None:
        self.left = left
        self.is_short = False

    def take(self, many: int) -> bool:
        self.left -= many
        self.is_short = self.is_short or self.left < 0
        return self.left >= 0


def compare(
    before: Sequence[str],
    after: Sequence[str],
    *,
    key: Callable[[str], str] = str,
    steps: int = STEPS,
) -> Difference:
    """Return how `before` became `after`. Lines with the same `key` are the same; those without are none.

    Whatever has a key: the sides of the rows are the lines of the two texts, each once and in order.
    """
    old = [line for line in before if key(line)]
    new = [line for line in after if key(line)]
    budget = _Steps(steps)
    pairs = _pairs([key(line) for line in old], [key(line) for line in new], budget)
    return Difference(rows=tuple(_rows(old, new, pairs)), is_coarse=budget.is_short)


def marked(before: str, after: str) -> tuple[Marked, Marked]:
    """Return two lines in parts, with the words that only one of them has marked."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    pairs = _pairs(old, new, _Steps(WORD_STEPS))
    return _parts(old, {i for i, _ in pairs}), _parts(new, {j for _, j in pairs})


def _parts(words: Sequence[str], same: set[int]) -> Marked:
    parts: list[tuple[str, bool]] = []
    for place, word in enumerate(words):
        differs = place not in same
        if parts and parts[-1][1] == differs:
            parts[-1] = (parts[-1][0] + word, differs)
        else:
            parts.append((word, differs))
    return tuple(parts)


def _rows(old: Sequence[str], new: Sequence[str], pairs: Sequence[Pair]) -> Iterator[Row]:
    i = j = 0
    for left, right in (*pairs, (len(old), len(new))):
        yield from _replaced(old[i:left], new[j:right])
        if left < len(old):
            yield Row(RowKind.SAME, old[left], new[right])
        i, j = left + 1, right + 1


def _replaced(old: Sequence[str], new: Sequence[str]) -> Iterator[Row]:
    """Yield what became of lines between two that are the same: those alike have changed."""
    for before, after in zip(old, new, strict=False):
        if _are_alike(before, after):
            yield Row(RowKind.CHANGED, before, after)
        else:
            yield Row(RowKind.REMOVED, before, None)
            yield Row(RowKind.ADDED, None, after)
    for before in old[len(new) :]:
        yield Row(RowKind.REMOVED, before, None)
    for after in new[len(old) :]:
        yield Row(RowKind.ADDED, None, after)


def _are_alike(before: str, after: str) -> bool:
    """Say whether one may have become the other; numbers count as the same, as prices do change."""
    old, new = (Counter(_NUMBERS.sub("0", word) for word in _NAMES.findall(side)) for side in (before, after))
    shared = sum((old & new).values())
    return shared >= ALIKE * max(sum(old.values()), sum(new.values()))


def _pairs(old: Sequence[str], new: Sequence[str], budget: _Steps) -> list[Pair]:
    """Return places of lines that are the same, rising on both sides."""
    found: list[Pair] = []
    waiting = [(0, len(old), 0, len(new))]
    while waiting:
        a, b, c, d = waiting.pop()
        while a < b and c < d and old[a] == new[c]:
            found.append((a, c))
            a, c = a + 1, c + 1
        while a < b and c < d and old[b - 1] == new[d - 1]:
            b, d = b - 1, d - 1
            found.append((b, d))
        if a == b or c == d or not budget.take(b - a + d - c):
            continue
        anchors = _anchors(old[a:b], new[c:d])
        if anchors:
            edges = [(-1, -1), *anchors, (b - a, d - c)]
            found += [(a + i, c + j) for i, j in anchors]
            waiting += [(a + i + 1, a + k, c + j + 1, c + m) for (i, j), (k, m) in pairwise(edges)]
        else:
            found += [(a + i, c + j) for i, j in _myers(old[a:b], new[c:d], budget)]
    return sorted(found)


def _anchors(old: Sequence[str], new: Sequence[str]) -> list[Pair]:
    """Return the longest rising row of lines that stand once on either side."""
    counts_old, counts_new = Counter(old), Counter(new)
    places = {line: place for place, line in enumerate(new) if counts_new[line] == 1}
    unique = [(i, places[line]) for i, line in enumerate(old) if counts_old[line] == 1 and line in places]
    ends: list[int] = []
    at: list[int] = []
    before: list[int] = []
    for place, (_, j) in enumerate(unique):
        length = bisect_left(ends, j)
        before.append(at[length - 1] if length else -1)
        if length == len(ends):
            ends.append(j)
            at.append(place)
        else:
            ends[length], at[length] = j, place
    row: list[Pair] = []
    place = at[-1] if at else -1
    while place >= 0:
        row.append(unique[place])
        place = before[place]
    return row[::-1]


def _myers(old: Sequence[str], new: Sequence[str], budget: _Steps) -> list[Pair]:
    """Return the same lines by the fewest edits; none where these are more than may be looked for."""
    furthest = {1: 0}
    trace: list[dict[int, int]] = []
    for edits in range(min(MOST_EDITS, len(old) + len(new)) + 1):
        if not budget.take(edits + 1):
            return []
        trace.append(dict(furthest))
        for k in range(-edits, edits + 1, 2):
            down = k == -edits or (k != edits and furthest[k - 1] < furthest[k + 1])
            x = furthest[k + 1] if down else furthest[k - 1] + 1
            start = x
            while x < len(old) and x - k < len(new) and old[x] == new[x - k]:
                x += 1
            budget.left -= x - start
            furthest[k] = x
            if x >= len(old) and x - k >= len(new):
                return _back(trace, len(old), len(new))
    budget.is_short = True
    return []


def _back(trace: Sequence[dict[int, int]], x: int, y: int) -> list[Pair]:
    """Return the same lines on the way that was found, from its end to its beginning."""
    found: list[Pair] = []
    for edits in range(len(trace) - 1, 0, -1):
        furthest, k = trace[edits], x - y
        down = k == -edits or (k != edits and furthest[k - 1] < furthest[k + 1])
        before = k + 1 if down else k - 1
        start = furthest[before] if down else furthest[before] + 1
        found += [(x - step, y - step) for step in range(1, x - start + 1)]
        x = furthest[before]
        y = x - before
    return found + [(x - step, y - step) for step in range(1, x + 1)]
