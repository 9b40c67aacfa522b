"""The guide to Python scrapers: its classes read the demo shop as it says, beside Scrapy's."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from demo import pages
from scrapers import folder, reader, registry
from scrapers.page import Page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapers.reader import Reading

GUIDE = (Path(__file__).parents[3] / "docs" / "guides" / "python-scrapers.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
SITE = pages.Site.at(base="http://127.0.0.1:8001", seed=1, epoch=2)
KITCHEN = next(one for one in SITE.categories if one.slug == "kitchen")
PRODUCTS = [one for one in SITE.products if one.category == "kitchen"]


@pytest.fixture(autouse=True)
def _classes(tmp_path: Path) -> Iterator[None]:
    for number, source in enumerate(PYTHON):
        (tmp_path / f"example{number}.py").write_text(source, encoding="utf-8")
    assert folder.install(str(tmp_path)).mistakes == ()
    yield
    folder.install("")


def read(name: str) -> list[Reading]:
    """Read both pages of the list."""
    found = []
    for number in (1, 2):
        url = f"{SITE.base}{KITCHEN.path}" + (f"?page={number}" if number > 1 else "")
        body = pages.category(SITE, KITCHEN, number).html.encode()
        page = Page(url=url, body=body, headers={"content-type": "text/html; charset=utf-8"})
        found.append(reader.read(page, registry.compile(name=name)))
    return found


def test_list_gives_each_product_with_its_price_and_goes_on() -> None:
    first, second = read("shop")
    assert [item.data for item in (*first.items, *second.items)] == [
        {"name": one.name, "price": float(one.price)} for one in PRODUCTS
    ]
    assert len(PRODUCTS) == 16
    assert [link.url for link in first.links if link.continues] == [f"{SITE.base}{KITCHEN.path}?page=2"]
    assert not [link for link in second.links if link.continues]
    assert first.problems == second.problems == ()


def test_record_is_completed_on_the_page_of_its_product() -> None:
    follows = [one for reading in read("products") for one in reading.follows]
    assert [one.data for one in follows] == [{"name": one.name} for one in PRODUCTS]

    resuming = registry.resuming(registry.compile(name="products"))
    assert resuming is not None
    for product, follow in zip(PRODUCTS, follows, strict=True):
        body = pages.product(SITE, product).html.encode()
        page = Page(url=follow.url, body=body, headers={"content-type": "text/html; charset=utf-8"})
        ((item,),) = reader.resume(page, resuming, [follow], again=True).completed
        assert item.data == {"name": product.name, "sku": product.sku}
