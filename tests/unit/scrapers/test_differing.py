"""How two texts differ: whatever they are, what is told makes one of the other, in bounded time."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from scrapers.comparing import Difference, Noise, compare
from scrapers.comparing.differing import RowKind, marked

LINES = st.lists(st.sampled_from(["a", "b", "c", "d e", "d f", "x y z", "x y w"]), max_size=25)


def sides(found: Difference) -> tuple[list[str], list[str]]:
    """Return both texts as the rows have them."""
    old = [row.before for row in found.rows if row.before is not None]
    return old, [row.after for row in found.rows if row.after is not None]


def kinds(found: Difference) -> list[str]:
    return [row.kind.value for row in found.rows]


@given(LINES, LINES)
def test_the_rows_have_both_texts_and_same_lines_are_the_same(old: list[str], new: list[str]) -> None:
    found = compare(old, new)
    assert sides(found) == (old, new)
    assert all((row.before == row.after) == (row.kind is RowKind.SAME) for row in found.rows)
    assert found.is_empty == (old == new)


@given(st.lists(st.sampled_from("abc"), max_size=12), st.lists(st.sampled_from("abc"), max_size=12))
def test_no_line_is_said_to_differ_that_need_not(old: list[str], new: list[str]) -> None:
    """A longest row is found, as a table of all of them has it."""
    best = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i, left in enumerate(old):
        for j, right in enumerate(new):
            best[i + 1][j + 1] = best[i][j] + 1 if left == right else max(best[i][j + 1], best[i + 1][j])
    same = kinds(compare(old, new)).count("same")
    assert same == best[-1][-1]


@given(st.text("ab .,1", max_size=30), st.text("ab .,1", max_size=30))
def test_the_marked_parts_are_the_lines(before: str, after: str) -> None:
    old, new = marked(before, after)
    assert ("".join(part for part, _ in old), "".join(part for part, _ in new)) == (before, after)
    kept = ["".join(part for part, differs in side if not differs) for side in (old, new)]
    assert kept[0] == kept[1]


def test_words_that_changed_are_marked_within_a_line() -> None:
    found = compare(["Price: 38.00 EUR", "In stock"], ["Price: 41.80 EUR", "In stock", "New"])
    assert kinds(found) == ["changed", "same", "added"]
    old, new = found.rows[0].marked()
    assert [part for part, differs in old if differs] == ["38.00"]
    assert [part for part, differs in new if differs] == ["41.80"]


def test_a_line_that_is_nothing_but_a_price_has_changed() -> None:
    found = compare(["Tent", "€ 88.59", "In stock"], ["Tent", "€ 102.07", "In stock"])
    assert kinds(found) == ["same", "changed", "same"]
    assert found.rows[1].marked()[1] == (("€ ", False), ("102.07", True))


def test_lines_that_have_little_in_common_are_not_taken_for_one() -> None:
    assert kinds(compare(["all about kettles"], ["nothing of the kind"])) == ["removed", "added"]


def test_lines_that_differ_by_noise_are_the_same_and_all_noise_is_none() -> None:
    noise = Noise(dates=True, counters=True)
    old = ["Updated 2 March 2026, 10:00", "12 views", "Kettle"]
    new = ["Updated 3 March 2026, 11:30", "1,024 views", "3 minutes ago", "Kettle"]
    found = compare(old, new, key=noise.key)
    assert found.is_empty
    assert [row.after for row in found.rows] == ["Updated 3 March 2026, 11:30", "Kettle"]


def test_hostile_texts_take_bounded_time() -> None:
    """Texts that make difflib cubic: few different lines, very many of them, in another order."""
    many = 20_000
    old = [str(number % 7) for number in range(many)]
    new = [str(number * number % 7) for number in range(many)]
    began = time.process_time()
    found = compare(old, new)
    assert time.process_time() - began < 20, "a bound that only a fault reaches"
    assert sides(found) == (old, new)
