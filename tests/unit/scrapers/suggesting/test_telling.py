"""Values that stand in many places of any page are told from those that tell what they are of."""

from __future__ import annotations

from typing import Any

import pytest

from scrapers.suggesting import telling
from scrapers.suggesting.telling import Told


@pytest.mark.parametrize(
    ("values", "restored", "is_enough"),
    [
        (["Kettle"], 1, True),
        ([1234.5, 1234.5], 1, True),
        ([1, 1, 1], 3, False),  # whatever is 1 everywhere says so
        ([True] * 9 + [False], 9, False),
        ([True] * 9 + [False], 10, True),
        ([True, False] * 5, 7, False),
        ([True, False] * 5, 8, True),
        (list(range(10)), 6, True),
        (list(range(10)), 3, False),
        (["yes", "no", "a"], 1, False),
        ([], 0, False),
    ],
)
def test_it_takes_more_than_what_says_the_same_of_all(
    values: list[Any], restored: int, is_enough: bool
) -> None:
    assert Told.by(values).is_enough(restored) is is_enough


@pytest.mark.parametrize("value", [0, 99, -3, 4.0, True, None, "a", "true", [1, 2]])
def test_small_numbers_flags_and_letters_are_plain(value: Any) -> None:
    assert telling.is_plain(value)
    assert not telling.is_plain("Kettle")
    assert not telling.is_plain({"a": 1})
    assert not telling.is_plain(4.5)


def test_fields_are_called_by_their_names_and_the_end_of_their_selectors() -> None:
    assert telling.words("in_stock", {"jmespath": "offers.itemAvailability"}) == {
        "stock",
        "item",
        "availability",
    }
    assert telling.is_named({"css": ".newPrice"}, {"price"})
    assert not telling.is_named({"css": ".amount"}, {"price"})
