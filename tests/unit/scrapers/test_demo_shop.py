"""The example scraper against the demo shop itself: every product, field by field."""

from __future__ import annotations

from demo import pages
from scrapers import reader, registry
from scrapers.page import Page

BASE = "http://shop.example"
SITE = pages.Site.at(base=BASE, seed=1, epoch=2)


def test_every_product_is_read_as_the_shop_knows_it() -> None:
    scraper = registry.compile(name="site")
    for product in SITE.products:
        body = pages.product(SITE, product).html.encode()
        page = Page(url=BASE + product.path, body=body, headers={"content-type": "text/html"})
        (item,) = reader.read(page, scraper).items
        assert item.data == {
            "name": product.name,
            "sku": product.sku,
            "price": float(product.price),
            "currency": "EUR",
            **({"was": float(product.was)} if product.was else {}),
            "in_stock": product.in_stock,
            "description": product.description,
            "specs": dict(product.specs),
        }


def test_shop_that_is_not_ours_gives_no_items() -> None:
    page = Page(url=BASE + "/product/x/", body=b"<article class=product><h1 class=product-name>X</h1>")
    assert reader.read(page, registry.compile(name="demo_shop")).items == ()
