"""The demo shop: its products as items, and the links between them. An example to copy."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from scrapers.fields.types import parse_number
from scrapers.links import Link

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bs4 import BeautifulSoup, Tag

    from scrapers.page import JSON, Page

_PRODUCT = re.compile(r"https?://[^/?#]+/product/")


class DemoShop:
    """Reads product pages; every other page of the shop only leads to them."""

    name = "demo_shop"
    title = "Demo shop"
    description = "The products of Trawl's own demo shop: price, stock, description and data sheet."

    def matches(self, url: str) -> bool:
        """Whether `url` looks like a product page; what the page is, `parse` finds out."""
        return _PRODUCT.match(url) is not None

    def parse(self, page: Page) -> Iterator[dict[str, JSON] | Link]:
        """Yield one item for a product of the shop, and the products it recommends.

        The reader takes the links of every page by itself; a scraper yields those that are not in
        plain markup. These are, and stand here to show how.
        """
        soup = page.soup
        generator = soup.find("meta", attrs={"name": "generator"})
        if generator is None or not str(generator.get("content", "")).startswith("Trawl demo shop"):
            return
        yield from self._product(soup, page)
        for anchor in soup.select(".picks a[href]"):
            url = page.absolute(str(anchor["href"]))
            if url is not None:
                yield Link(url=url)

    def _product(self, soup: BeautifulSoup, page: Page) -> Iterator[dict[str, JSON]]:
        article = soup.select_one("article.product")
        if article is None:
            return
        price = article.select_one(".price")
        stock = _text(article.select_one(".stock"))
        item: dict[str, JSON] = {
            "name": _text(article.select_one(".product-name")),
            "sku": next((thing["sku"] for thing in page.json_ld if thing.get("sku")), None),
            "price": parse_number(_text(price)) if price is not None else None,
            "currency": str(price["data-currency"])
            if price is not None and price.get("data-currency")
            else None,
            "was": parse_number(_text(article.select_one(".was"))),
            "in_stock": stock.lower().startswith("in stock") if stock else None,
            "description": _text(article.select_one(".description")),
            "specs": {
                _text(row.th): _text(row.td) for row in article.select(".specs tr") if row.th and row.td
            },
        }
        yield {key: value for key, value in item.items() if value not in (None, "", {})}


def _text(element: Tag | None) -> str:
    return " ".join(element.get_text(" ").split()) if element is not None else ""
