"""Tests of what the demo shop answers."""

from __future__ import annotations

import json
import re
from collections import deque
from datetime import UTC, datetime, timedelta
from typing import cast
from urllib.parse import urljoin

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestClient, TestServer
from lxml import etree, html

from demo import catalogue
from demo.server import OPENED, Answer, Shop, answer, application, is_fresh

BASE = "http://shop.test"
SHOP = Shop(epoch=4)


def get(path: str, page: str | None = None, *, epoch: int = 4) -> Answer:
    return answer(SHOP, epoch=epoch, base=BASE, path=path, page=page)


def read(path: str, page: str | None = None) -> html.HtmlElement:
    return html.document_fromstring(get(path, page).body.decode())


def pick(tree: etree._Element, xpath: str) -> list[html.HtmlElement]:
    return list(cast("list[html.HtmlElement]", tree.xpath(xpath)))


def words(tree: etree._Element, xpath: str) -> list[str]:
    return [str(word) for word in cast("list[str]", tree.xpath(xpath))]


def text(tree: html.HtmlElement, xpath: str) -> str:
    (found,) = pick(tree, xpath)
    return str(found.text_content())


@pytest.mark.parametrize("product", catalogue.products(epoch=4), ids=lambda product: str(product.slug))
def test_product_page_says_what_the_catalogue_says(product: catalogue.Product) -> None:
    tree = read(product.path)
    assert text(tree, "//article[@class='product']//h1[@class='product-name']") == product.name
    assert text(tree, "//article//p[@class='price'][@data-currency='EUR']") == f"€ {product.price}"
    assert text(tree, "//article//p[starts-with(@class, 'stock')]") == (
        "In stock" if product.in_stock else "Out of stock"
    )
    assert text(tree, "//div[@class='description']") == product.description
    rows = [(text(row, "th"), text(row, "td")) for row in pick(tree, "//table[@class='specs']//tr")]
    assert tuple(rows) == product.specs


@pytest.mark.parametrize("product", catalogue.products(epoch=4)[::9], ids=lambda product: str(product.slug))
def test_linked_data_agrees_with_the_page(product: catalogue.Product) -> None:
    (script,) = pick(read(product.path), "//script[@type='application/ld+json']")
    data = json.loads(str(script.text))
    assert (data["@type"], data["sku"], data["name"]) == ("Product", product.sku, product.name)
    assert (data["offers"]["price"], data["offers"]["priceCurrency"]) == (str(product.price), "EUR")
    assert data["offers"]["availability"].endswith("InStock" if product.in_stock else "OutOfStock")


def test_crawl_from_the_home_page_finds_exactly_the_pages_of_the_catalogue() -> None:
    seen, waiting = {"/"}, deque(["/"])
    while waiting:
        path, _, number = (here := waiting.popleft()).partition("?page=")
        answered = get(path, number or None)
        assert answered.status == 200, here
        tree = html.document_fromstring(answered.body.decode())
        assert words(tree, "//meta[@name='generator']/@content") == ["Trawl demo shop"]
        for link in words(tree, "//a/@href"):
            found = urljoin(BASE + here, link).removeprefix(BASE)
            if (
                found.startswith("/")
                and not found.startswith(("/cart/", "/robots", "/sitemap"))
                and not found.endswith((".xml", ".pdf"))
                and found not in seen
            ):
                seen.add(found)
                waiting.append(found)
    assert seen == catalogue.paths()


def test_product_that_is_away_has_no_page_and_nothing_leads_to_it() -> None:
    (away,) = {one.path for one in catalogue.products(epoch=11)} - {
        one.path for one in catalogue.products(epoch=12)
    }
    listed = f"/category/{next(one.category for one in catalogue.products() if one.path == away)}/"

    assert get(away, epoch=11).status == 200
    assert get(away, epoch=12).status == 404
    assert away.encode() in get(listed, epoch=11).body
    for path in (listed, "/sitemap.xml", "/"):
        before, after = get(path, epoch=11), get(path, epoch=12)
        assert away.encode() not in after.body
        assert after.modified > before.modified
        assert after.etag != before.etag
    assert get(away, epoch=20).status == 200


def test_list_is_json_too_and_its_pages_lead_to_each_other() -> None:
    category = catalogue.categories(epoch=4)[0]
    first, last = (json.loads(get(f"{category.path}products.json", page).body) for page in (None, "3"))

    assert get(f"{category.path}products.json").content_type == "application/json"
    assert [item["sku"] for item in first["items"]] == [product.sku for product in category.page(1)]
    assert first["links"]["next"] == f"{BASE}{category.path}products.json?page=2"
    assert [item["url"] for item in last["items"]] == [BASE + product.path for product in category.page(3)]
    assert last["links"]["next"] is None
    assert get(f"{category.path}products.json", "4").status == 404
    assert get("/category/nowhere/products.json").status == 404


def test_list_as_json_is_laid_out_anew_too() -> None:
    category = catalogue.categories(epoch=4)[0]
    path = f"{category.path}products.json"
    first = json.loads(answer(SHOP, epoch=4, base=BASE, path=path, layout="2").body)

    assert "items" not in first
    assert [item["article"] for item in first["data"]["results"]] == [one.sku for one in category.page(1)]
    assert first["links"] == json.loads(get(path).body)["links"]


def test_category_lists_ten_products_a_page_and_names_the_next() -> None:
    category = catalogue.categories(epoch=4)[0]
    tree = read(category.path, "2")
    cards = pick(tree, "//ol[@class='products']/li[@class='card']")
    assert [words(card, "a[@class='card-link']/@href")[0] for card in cards] == [
        p.path for p in category.page(2)
    ]
    assert [text(card, "span[@class='price']") for card in cards] == [
        f"€ {p.price}" for p in category.page(2)
    ]
    assert words(tree, "//nav[@class='pagination']/a[@rel='next']/@href") == ["?page=3"]
    assert not pick(read(category.path, "3"), "//a[@rel='next']")


@pytest.mark.parametrize("number", ["0", "4", "-1", "two", "", "²", "99999999999999999999"])
def test_page_that_a_category_does_not_have_is_not_found(number: str) -> None:
    assert get("/category/coffee-and-tea/", number).status == 404


@pytest.mark.parametrize(
    "path", ["/nothing", "/product/", "/product/nothing/", "/art/nothing.svg", "//", "/about/x"]
)
def test_unknown_path_is_not_found(path: str) -> None:
    assert get(path).status == 404


def test_path_without_its_slash_moves_to_the_one_with_it() -> None:
    moved = get("/product/head-torch")
    assert (moved.status, moved.location) == (301, "/product/head-torch/")


def test_robots_closes_the_cart_and_names_the_sitemap() -> None:
    lines = get("/robots.txt").body.decode().splitlines()
    assert "Disallow: /cart/" in lines
    assert f"Sitemap: {BASE}/sitemap.xml" in lines


def test_sitemap_lists_every_product() -> None:
    found = words(etree.fromstring(get("/sitemap.xml").body), "//*[local-name()='loc']/text()")
    assert {BASE + product.path for product in catalogue.products()} < set(found)
    assert not [url for url in found if "/cart/" in url]


def test_validators_change_exactly_when_the_price_does() -> None:
    for product in catalogue.products(epoch=5):
        before, after = get(product.path, epoch=4), get(product.path, epoch=5)
        assert (before.etag != after.etag) is (product.priced_at == 5)
        assert (before.modified != after.modified) is (product.priced_at == 5)


def test_what_the_client_holds_is_fresh_by_tag_or_by_date() -> None:
    given = get("/about/")
    assert is_fresh(given, if_none_match=f'"other", W/{given.etag}', if_modified_since="")
    assert not is_fresh(given, if_none_match='"other"', if_modified_since="Mon, 01 Jan 2024 00:00:00 GMT")
    assert is_fresh(given, if_none_match="", if_modified_since="Mon, 01 Jan 2024 00:00:00 GMT")
    assert not is_fresh(given, if_none_match="", if_modified_since="Sun, 31 Dec 2023 23:59:59 GMT")
    assert not is_fresh(given, if_none_match="", if_modified_since="yesterday")


def test_epochs_follow_the_clock_unless_one_is_fixed() -> None:
    moving = Shop(every=timedelta(seconds=30))
    assert moving.epoch_at(OPENED + timedelta(seconds=89)) == 2
    assert SHOP.epoch_at(OPENED + timedelta(days=900)) == 4


async def test_server_answers_304_to_its_own_validators_and_405_to_a_post() -> None:
    async with TestClient(TestServer(application(SHOP, now=lambda: datetime.now(UTC)))) as client:
        first = await client.get("/product/head-torch/")
        assert first.headers["Content-Type"] == "text/html; charset=utf-8"
        body = await first.text()
        assert re.search(r'canonical" href="http://127\.0\.0\.1:\d+/product/head-torch/"', body)
        again = await client.get("/product/head-torch/", headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status, await again.read(), again.headers["ETag"]) == (304, b"", first.headers["ETag"])
        assert (await client.post("/contact/")).status == 405
        assert (await client.head("/contact/")).status == 200
        assert "ETag" not in (await client.get("/nothing/")).headers


async def test_session_of_its_own_reads_the_contact_page_as_utf_8() -> None:
    async with (
        TestServer(application(SHOP, now=lambda: OPENED)) as server,
        ClientSession() as session,
        session.get(server.make_url("/contact/")) as got,
    ):
        assert "お気軽に" in await got.text()
