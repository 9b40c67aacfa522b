"""Fingerprints of near copies are near, those of other texts are not, and blocks find all that are near."""

from __future__ import annotations

import random
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from demo.pages import Site
from demo.server import Shop, answer
from scrapers.comparing import lines_of, simhash
from scrapers.comparing.simhash import distance, fingerprint, groups
from scrapers.page import Page

ALPHABET = [one + other for one in "abcdefgh" for other in "ijklmnop"]
WORDS = [f"{first}{last}" for first in ("ka", "lo", "mi", "te", "su") for last in ALPHABET]


def a_text(seed: int, *, words: int = 200) -> list[str]:
    return random.Random(seed).choices(WORDS, k=words)


def test_a_text_keeps_its_fingerprint_whatever_its_lines_and_capitals() -> None:
    text = a_text(1)
    lines = [" ".join(text[start : start + 9]) for start in range(0, len(text), 9)]
    assert fingerprint(lines) == fingerprint([" ".join(text).upper()])
    assert fingerprint(lines).words == 200
    assert fingerprint([]) == (fingerprint([""]).bits, 0)


def test_quality_on_labelled_pages() -> None:
    """Pages of the demo shop at three times, when prices and stock were others: the same product or not."""
    labelled: list[tuple[str, int]] = []
    for epoch in (3, 4, 9):
        for product in Site.at(base="http://shop.test", seed=1, epoch=epoch).products[:60]:
            path = f"/product/{product.slug}/"
            given = answer(Shop(), epoch=epoch, base="http://shop.test", path=path)
            page = Page(url=path, body=given.body, headers={"content-type": given.content_type})
            labelled.append((path, fingerprint(lines_of(page)).bits))
    near = true = both = 0
    for (one, print_one), (other, print_other) in combinations(labelled, 2):
        is_near, is_same = distance(print_one, print_other) <= simhash.NEAR, one == other
        near, true, both = near + is_near, true + is_same, both + (is_near and is_same)
    assert both / near >= 0.95, f"precision {both / near:.3f} of {near} pairs"
    assert both / true >= 0.95, f"recall {both / true:.3f} of {true} pairs"


def test_quality_on_generated_copies() -> None:
    """Texts of 300 words beside themselves with one word replaced, and beside others of the same words."""
    texts = [a_text(number, words=300) for number in range(60)]
    copies = [[*text[: 5 * n], "anew", *text[5 * n + 1 :]] for n, text in enumerate(texts)]
    prints = [[fingerprint([" ".join(text)]).bits for text in side] for side in (texts, copies)]
    found = sum(distance(one, other) <= simhash.NEAR for one, other in zip(*prints, strict=True))
    wrong = sum(distance(one, other) <= simhash.NEAR for one, other in combinations(prints[0], 2))
    assert wrong == 0
    assert found >= 30, f"recall {found / 60:.2f}"


NEIGHBOURS = st.builds(
    lambda base, flips: base ^ sum(1 << bit for bit in flips),
    st.sampled_from([0, 0xFFFF_0000_FFFF_0000, 0x0123_4567_89AB_CDEF]),
    st.sets(st.integers(0, 63), max_size=4),
)


@given(st.lists(NEIGHBOURS, max_size=30))
def test_blocks_find_what_comparing_all_finds(prints: list[int]) -> None:
    found = groups(dict(enumerate(prints)))
    together = {pair for group in found.groups for pair in combinations(group, 2)}
    parents = list(range(len(prints)))

    def root(place: int) -> int:
        return place if parents[place] == place else root(parents[place])

    for one, other in combinations(range(len(prints)), 2):
        if distance(prints[one], prints[other]) <= simhash.NEAR:
            parents[root(one)] = root(other)
    expected = {pair for pair in combinations(range(len(prints)), 2) if root(pair[0]) == root(pair[1])}
    assert together == expected
    assert found.is_whole


def test_very_many_that_share_a_block_are_compared_as_far_as_the_bound_goes() -> None:
    prints = {number: number << simhash.BLOCK_BITS for number in range(500)}
    assert not groups(prints, most_pairs=1_000).is_whole
