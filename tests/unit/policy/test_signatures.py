"""Signatures leave out no row that holds a word, whatever both are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.policy import signatures
from crawler.policy.signatures import ROWS_A_BLOCK, ROWS_A_SEGMENT, Marked, wanted

LETTERS = st.text(alphabet="aAbBßéÉσΣςıİ ŉ1\\u", max_size=40)


def rows_found(texts: dict[int, str], words: list[list[str]], *, targets: tuple[int, ...] = ()) -> list[int]:
    marked = Marked()
    for row in sorted(texts):
        marked.add(row, row % 2, texts[row])
    asked = wanted(words).of_targets(targets)
    return [
        row
        for segment in marked.segments()
        for row in asked.rows(marked.of(segment), segment=segment, falling=False)
    ]


@given(before=LETTERS, word=LETTERS.filter(lambda text: len(text) >= 3), after=LETTERS)
def test_a_row_that_holds_a_word_is_never_left_out(before: str, word: str, after: str) -> None:
    for spelled in (word, word.upper(), word.swapcase()):
        if signatures.fold(spelled) == signatures.fold(word):
            assert 7 in rows_found({7: f"{before}{spelled}{after}"}, [[word]])


@given(text=st.text(max_size=60), at=st.integers(0, 57), long=st.integers(3, 60))
def test_every_part_of_a_text_is_found_in_it(text: str, at: int, long: int) -> None:
    part = text[at : at + long]
    if len(part) >= 3:
        assert signatures.places_of_word(part) <= {*map(signatures.place_of, signatures.groups(text))}


def test_rows_without_a_word_are_left_out() -> None:
    texts = {0: "copper kettle", 4: "copper pot", ROWS_A_SEGMENT + 1: "iron kettle"}

    assert set(rows_found(texts, [["kettle"]])) == {*range(4), *range(ROWS_A_SEGMENT, ROWS_A_SEGMENT + 4)}
    assert set(rows_found(texts, [["copper"], ["kettle"]])) == {*range(4)}
    assert set(rows_found(texts, [["saucepan", "iron"]])) == {*range(ROWS_A_SEGMENT, ROWS_A_SEGMENT + 4)}
    assert rows_found(texts, [["saucepan"]]) == []


def test_rows_of_other_targets_are_left_out() -> None:
    texts = {0: "copper", 5: "copper", 9: "copper"}

    assert set(rows_found(texts, [["copper"]], targets=(0,))) == {*range(4)}
    assert set(rows_found(texts, [["copper"]], targets=(0, 1))) == {*range(12)}


@pytest.mark.parametrize("words", [[], [["ab"]], [["ab", "abc"]]])
def test_words_that_are_too_short_say_nothing(words: list[list[str]]) -> None:
    assert wanted(words).all_of == ()


def test_of_some_rows_alone_others_are_left_out() -> None:
    marked = Marked()
    for row in range(ROWS_A_SEGMENT - 8, ROWS_A_SEGMENT + 8):
        marked.add(row, 1, "kettle")
    asked = wanted([["kettle"]]).among([ROWS_A_SEGMENT - 8, ROWS_A_SEGMENT + 5])

    found = [list(asked.rows(marked.of(at), segment=at, falling=False)) for at in (0, 1)]

    first = ROWS_A_SEGMENT - 8
    assert found == [[*range(first, first + 4)], [*range(ROWS_A_SEGMENT + 4, ROWS_A_SEGMENT + 8)]]
    assert list(asked.among([]).rows(marked.of(0), segment=0, falling=False)) == []


def test_ids_fall_when_asked_to() -> None:
    marked = Marked()
    for row in (1, 9, 10):
        marked.add(row, 1, "kettle")
    rows = list(wanted([["kettle"]]).rows(marked.of(0), segment=0, falling=True))

    assert rows == [11, 10, 9, 8, 3, 2, 1, 0]
    assert len(rows) == 2 * ROWS_A_BLOCK


@given(marks=st.integers(0, 2**4096 - 1))
def test_marks_are_read_as_they_were_written(marks: int) -> None:
    assert signatures.decode(signatures.encode(marks)) == marks


def test_a_text_longer_than_what_is_cut_at_once_has_all_its_groups() -> None:
    text = "".join(map(str, range(5_000)))

    assert set(signatures.groups(text)) == {text[at : at + 3] for at in range(len(text) - 2)}
