"""Which class names a selector may use, and which say what an element is."""

from __future__ import annotations

import pytest

from scrapers.suggesting import classes


@pytest.mark.parametrize(
    "name",
    ["css-1q8x0z", "sc-bdVaJa", "Card_title__3xY2a", "jsx-1234567", "post-10234", "_3kq9z", "bcdfgh",
     "yuRUbf", "hTqWzX9", "emotion-0", "makeStyles-root-12", "a1b2c3d4"],
)  # fmt: skip
def test_generated_names_are_known(name: str) -> None:
    assert classes.is_generated(name)


@pytest.mark.parametrize(
    "name",
    ["card", "product-card", "productCard", "ProductCardTitle", "card__title--big", "h1", "col-md-6",
     "item_name", "level2", "g", "thumb", "mw-body", "MuiBox-root", "toctree-l1", "post-title"],
)  # fmt: skip
def test_names_that_people_write_are_no_hashes(name: str) -> None:
    assert not classes.is_generated(name)
    assert classes.can_select(name)


@pytest.mark.parametrize("name", ["md:flex", "w-1/2", "a]b", "2col", "größe", "x" * 61, ""])
def test_names_that_need_escapes_are_not_used(name: str) -> None:
    assert not classes.can_select(name)


@pytest.mark.parametrize(
    "name", ["mb-3", "text-gray-500", "flex", "col-md-6", "first", "btn-primary", "d-flex"]
)
def test_names_of_looks_are_worth_less(name: str) -> None:
    assert classes.strength(name) < classes.strength("title")


def test_words_of_a_name() -> None:
    assert classes.words("product-card__oldPrice") == ("product", "card", "old", "price")
    assert classes.words("HTMLTable") == ("html", "table")
