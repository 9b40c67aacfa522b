"""By which field records are the same at the next visit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scrapers.suggesting import identity

if TYPE_CHECKING:
    from scrapers.page import JSON

LINKS = ("http://shop.test/p/1", "http://shop.test/p/2")


def records(**columns: tuple[JSON, JSON]) -> list[dict[str, JSON]]:
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def test_link_of_each_record_tells_them_apart() -> None:
    assert identity.of_records(records(name=("Pan", "Pan"), link=LINKS), link="link") == ("link",)


def test_number_of_the_site_goes_before_the_link() -> None:
    assert identity.of_records(records(link=LINKS, sku=(7, 8)), link="link") == ("sku",)


@pytest.mark.parametrize("name", ["item_id", "productId", "job-id"])
def test_number_may_be_called_after_what_the_records_are(name: str) -> None:
    numbered: dict[str, tuple[JSON, JSON]] = {name: ("P-1", "P-2")}
    assert identity.of_records(records(link=LINKS, **numbered), link="link") == (name,)
    assert identity.of_records(records(id=(1, 2), **numbered), link="") == ("id",)


def test_numbers_of_something_else_are_no_key() -> None:
    assert identity.of_records(records(seller_id=(1, 2), category_id=(3, 4)), link="") == ()


@pytest.mark.parametrize("numbers", [(7, 7), (7, None), ("", "8"), (True, False), ([7], [8])])
def test_number_that_some_lack_or_share_tells_nothing(numbers: tuple[JSON, JSON]) -> None:
    assert identity.of_records(records(id=numbers, link=LINKS), link="link") == ("link",)


def test_names_and_prices_that_differ_are_no_key() -> None:
    assert identity.of_records(records(name=("Pan", "Pot"), price=(1.5, 2.5)), link="") == ()
