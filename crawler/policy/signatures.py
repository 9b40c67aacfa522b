"""Which rows may hold a word, told by the groups of three letters in it; those that may not are sure.

Four rows with neighbouring ids are a block. Each group of three letters that one of them holds has a mark
in the block, at one of `BITS` places: several share one. A block that lacks a mark of a word has no row with
it; whether one that has them all does is for the rows to say. Marks lie by place, for 16,384 ids at once,
so that a search reads those of its words and of nothing else.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import lru_cache, reduce
from operator import and_, or_
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

LETTERS: Final = 3
BITS: Final = 8_192
ROWS_A_BLOCK: Final = 4
ROWS_A_SEGMENT: Final = 16_384
BLOCKS_A_SEGMENT: Final = ROWS_A_SEGMENT // ROWS_A_BLOCK
CUTS: Final = tuple(slice(at, at + LETTERS) for at in range(4_096))
MOST_OF_A_WORD: Final = 12
"""So many marks of a long word are asked for: more leave out hardly a block more."""

Places = frozenset[int]


def fold(text: str) -> str:
    """Return `text` with all letters alike that a search takes for the same; each letter by itself."""
    return text.upper().casefold()


def groups(text: str) -> Iterator[str]:
    """Yield each group of three letters of `text`, some of them again."""
    folded = fold(text)
    for first in range(0, len(folded), len(CUTS)):
        yield from map(
            folded[first : first + len(CUTS) + LETTERS - 1].__getitem__,
            CUTS[: len(folded) - first - LETTERS + 1],
        )


def places_of_word(word: str) -> Places:
    """Return where a row that holds `word` has marks; nowhere in particular when it is too short."""
    folded = fold(word)
    last = len(folded) - LETTERS
    step = max(1, -(-last // (MOST_OF_A_WORD - 1)))
    return frozenset(place_of(folded[at : at + LETTERS]) for at in range(0, last + 1, step))


def places_of_target(target: int) -> Places:
    """Return where the rows of a target have marks, so that those of others are left out."""
    return frozenset(map(place_of, _groups_of_target(target)))


def _groups_of_target(target: int) -> tuple[str, str]:
    return f"target {target}", f"{target} target"


@lru_cache(maxsize=1 << 17)
def place_of(group: str) -> int:
    return zlib.crc32(group.encode("utf-8", "surrogatepass")) % BITS


def segment_of(row: int) -> int:
    return row // ROWS_A_SEGMENT


def encode(marks: int) -> bytes:
    """Return the marks of one place in the blocks of a segment as they are stored."""
    return zlib.compress(marks.to_bytes((marks.bit_length() + 7) // 8, "little"), 1)


def decode(stored: bytes) -> int:
    return int.from_bytes(zlib.decompress(stored), "little")


class Marked:
    """The marks of rows that are added in the order of their ids; a segment's take 5 MiB at most.

    The groups of a block wait until the next one begins, as its rows have many in common.
    """

    def __init__(self) -> None:
        self._marks: dict[int, dict[int, bytearray]] = defaultdict(lambda: defaultdict(_no_marks))
        self._block = 0
        self._groups: set[str] = set()

    def add(self, row: int, target: int, text: str) -> None:
        block = row // ROWS_A_BLOCK
        if block != self._block:
            self._end_block()
            self._block = block
        self._groups.update(groups(text), _groups_of_target(target))

    def segments(self) -> tuple[int, ...]:
        self._end_block()
        return tuple(sorted(self._marks))

    def of(self, segment: int) -> dict[int, int]:
        """Return the marks of a segment by place."""
        self._end_block()
        found = self._marks.get(segment, {})
        return {place: int.from_bytes(marks, "little") for place, marks in found.items()}

    def _end_block(self) -> None:
        if not self._groups:
            return
        segment, block = divmod(self._block, BLOCKS_A_SEGMENT)
        found, at, bit = self._marks[segment], block >> 3, 1 << (block & 7)
        for place in set(map(place_of, self._groups)):
            found[place][at] |= bit
        self._groups.clear()


def _no_marks() -> bytearray:
    return bytearray(BLOCKS_A_SEGMENT // 8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a row must have: of each of `all_of` one set of marks. Without any it may be any row.

    With `within` it also lies in one of these blocks, which are marks by segment.
    """

    all_of: tuple[tuple[Places, ...], ...] = ()
    within: Mapping[int, int] | None = None

    def of_targets(self, targets: Iterable[int]) -> Wanted:
        """Return what rows of one of `targets` must have; with none of them, of any."""
        owned = tuple(map(places_of_target, targets))
        return replace(self, all_of=(*self.all_of, owned)) if owned else self

    def among(self, rows: Iterable[int] | None) -> Wanted:
        """Return what one of `rows` must have; None leaves it to be any row."""
        return self if rows is None else replace(self, within=_blocks_of(rows))

    @property
    def places(self) -> Places:
        return frozenset(place for either in self.all_of for one in either for place in one)

    def rows(self, marks: Mapping[int, int], *, segment: int, falling: bool) -> Iterator[int]:
        """Yield the ids of a segment's rows that may be wanted, given its marks by place."""
        found = reduce(and_, (_either(either, marks) for either in self.all_of))
        if self.within is not None:
            found &= self.within.get(segment, 0)
        blocks: Sequence[int] = [block for block, has in enumerate(bin(found)[:1:-1]) if has == "1"]
        first = segment * ROWS_A_SEGMENT
        for block in reversed(blocks) if falling else blocks:
            rows = range(first + block * ROWS_A_BLOCK, first + (block + 1) * ROWS_A_BLOCK)
            yield from reversed(rows) if falling else rows


def wanted(words: Iterable[Iterable[str]]) -> Wanted:
    """Return what rows must have that hold each of `words`, in one of its spellings.

    A word that is too short to have marks says nothing.
    """
    spellings = (tuple(places_of_word(one) for one in word) for word in words)
    return Wanted(all_of=tuple(either for either in spellings if all(either)))


def _blocks_of(rows: Iterable[int]) -> dict[int, int]:
    """Return the blocks of these rows, as marks by segment."""
    blocks: dict[int, bytearray] = defaultdict(_no_marks)
    for row in rows:
        segment, block = divmod(row // ROWS_A_BLOCK, BLOCKS_A_SEGMENT)
        blocks[segment][block >> 3] |= 1 << (block & 7)
    return {segment: int.from_bytes(found, "little") for segment, found in blocks.items()}


def _either(sets: Iterable[Places], marks: Mapping[int, int]) -> int:
    return reduce(or_, (reduce(and_, (marks.get(place, 0) for place in one)) for one in sets))
