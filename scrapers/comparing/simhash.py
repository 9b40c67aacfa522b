"""Fingerprints of texts that are nearly the same where the texts are (SimHash, Charikar 2002).

How near is near, and the search in blocks, are those of Manku, Jain and Das Sarma, "Detecting
Near-Duplicates for Web Crawling" (2007): of 64 bits at most three differ.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from hashlib import blake2b
from itertools import chain, combinations, islice
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

BITS: Final = 64
NEAR: Final = 3
BLOCKS: Final = NEAR + 1
BLOCK_BITS: Final = BITS // BLOCKS
SHINGLE: Final = 3
LEAST_WORDS: Final = 20
"""A text with fewer words is none that can be judged."""
MOST_PAIRS: Final = 2_000_000

_WORDS: Final = re.compile(r"\d[\d.,]*|\w+")
_LANE: Final = 24
_SPREAD: Final = [sum(1 << (_LANE * bit) for bit in range(8) if byte >> bit & 1) for byte in range(256)]
"""The bits of a byte, each in a lane of its own: eight counters are added to at once."""


class Fingerprint(NamedTuple):
    """The bits of a text, and how many words it has."""

    bits: int
    words: int


def fingerprint(lines: Iterable[str]) -> Fingerprint:
    """Return the fingerprint of a text, by the rows of three words that it has.

    All numbers are alike: a page with another price, date or count is a copy still.
    """
    found = (word for line in lines for word in _WORDS.findall(line))
    words = ["0" if word[0].isdecimal() else word.lower() for word in found]
    shingles = {" ".join(words[place : place + SHINGLE]) for place in range(max(1, len(words) - SHINGLE + 1))}
    counters = [0] * (BITS // 8)
    for shingle in shingles:
        for place, byte in enumerate(blake2b(shingle.encode("utf-8", "replace"), digest_size=8).digest()):
            counters[place] += _SPREAD[byte]
    half, lane = len(shingles) / 2, (1 << _LANE) - 1
    bits = 0
    for place, counter in enumerate(counters):
        for bit in range(8):
            if counter >> (_LANE * bit) & lane > half:
                bits |= 1 << (8 * place + bit)
    return Fingerprint(bits, len(words))


def distance(one: int, other: int) -> int:
    """Return in how many bits two fingerprints differ."""
    return (one ^ other).bit_count()


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """What is near to each other, the largest groups first; `is_whole` where all pairs could be looked at."""

    groups: tuple[tuple[int, ...], ...]
    is_whole: bool


def groups(prints: Mapping[int, int], *, near: int = NEAR, most_pairs: int = MOST_PAIRS) -> Groups:
    """Return the groups of keys whose fingerprints differ in at most `near` bits from some other's there.

    Two that differ in three bits at most are the same in one of four blocks: only such pairs are
    compared, `most_pairs` of them. `near` is three at most.
    """
    keys: dict[int, list[int]] = defaultdict(list)
    for key in sorted(prints):
        keys[prints[key]].append(key)
    parents = {bits: bits for bits in keys}
    pairs = _candidates(keys)
    for one, other in islice(pairs, most_pairs):
        if parents[one] != parents[other] and distance(one, other) <= near:
            parents[_root(parents, one)] = _root(parents, other)
    is_whole = next(pairs, None) is None
    together: dict[int, list[int]] = defaultdict(list)
    for bits, same in keys.items():
        together[_root(parents, bits)] += same
    found = [tuple(sorted(group)) for group in together.values() if len(group) > 1]
    return Groups(groups=tuple(sorted(found, key=lambda group: (-len(group), group))), is_whole=is_whole)


def _candidates(prints: Collection[int]) -> Iterator[tuple[int, int]]:
    buckets = (bucket for block in range(BLOCKS) for bucket in _alike_in(block, prints))
    return chain.from_iterable(combinations(bucket, 2) for bucket in buckets)


def _alike_in(block: int, prints: Iterable[int]) -> Iterable[list[int]]:
    mask = (1 << BLOCK_BITS) - 1
    buckets: dict[int, list[int]] = defaultdict(list)
    for bits in prints:
        buckets[bits >> (block * BLOCK_BITS) & mask].append(bits)
    return buckets.values()


def _root(parents: dict[int, int], bits: int) -> int:
    while parents[bits] != bits:
        parents[bits] = parents[parents[bits]]
        bits = parents[bits]
    return bits
