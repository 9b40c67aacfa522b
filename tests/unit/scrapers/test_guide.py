"""The guide to scrapers: its examples work and its lists are whole."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from demo import catalogue, journal, listing, pages
from scrapers import reader, registry
from scrapers.fields.making import Form
from scrapers.fields.published import json_schema
from scrapers.fields.rules import RULES
from scrapers.fields.selectors import KINDS
from scrapers.fields.transforms import STEPS
from scrapers.fields.types import Kind
from scrapers.page import Page

GUIDE = (Path(__file__).parents[3] / "docs" / "guides" / "scrapers.md").read_text(encoding="utf-8")
DECLARED = re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL)
PYTHON = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)


@pytest.mark.parametrize("example", DECLARED)
def test_declared_example_compiles(example: str) -> None:
    said = json.loads(example)
    scraper = registry.compile(
        name=said["scraper"], row=said.get("row", ""), fields=said["fields"], options=said.get("options")
    )
    assert scraper.name == "fields"
    assert Draft202012Validator(json_schema()).is_valid(said)


def test_example_of_the_shop_reads_every_product() -> None:
    said = next(json.loads(example) for example in DECLARED if ".product-name" in example)
    scraper = registry.compile(name="fields", fields=said["fields"])
    site = pages.Site.at(base="http://shop.example", seed=1, epoch=2)
    for product in site.products:
        body = pages.product(site, product).html.encode()
        page = Page(url=site.base + product.path, body=body, headers={"content-type": "text/html"})
        reading = reader.read(page, scraper)
        assert [item.data for item in reading.items] == [
            {
                "name": product.name,
                "sku": product.sku,
                "price": {"amount": float(product.price), "currency": "€"},
                "in_stock": product.in_stock,
                "address": page.url,
                "description": product.description,
                "specs": "; ".join(value for _, value in product.specs),
            }
        ]
        assert reading.problems == ()


def test_example_of_the_journal_reads_every_story() -> None:
    said = next(json.loads(example) for example in DECLARED if "//article/h1" in example)
    scraper = registry.compile(name="fields", fields=said["fields"])
    site = pages.Site.at(base="http://shop.example", seed=1, epoch=2)
    for story in journal.STORIES:
        body = pages.story(site, story).html.encode()
        page = Page(url=site.base + story.path, body=body, headers={"content-type": "text/html"})
        reading = reader.read(page, scraper)
        assert [item.data for item in reading.items] == [
            {
                "title": story.title,
                "author": "Kovář",
                "published": story.published,
                "year": int(story.published[:4]),
                "lead": story.summary,
                "headings": [heading.lower() for heading, _ in story.parts],
                "picture": f"{site.base}/journal/{story.slug}.png",
                "language": "en",
            }
        ]
        assert reading.problems == ()


def test_example_of_json_reads_a_list_and_goes_on() -> None:
    said = next(json.loads(example) for example in DECLARED if "links.next" in example)
    scraper = registry.compile(name="fields", row=said["row"], fields=said["fields"], options=said["options"])
    (kitchen,) = (one for one in catalogue.categories(1, 2) if one.slug == "kitchen")
    for number, leads_on in ((1, True), (2, False)):
        body = listing.body(kitchen, number, base="http://shop.example")
        reading = reader.read(
            Page(url="http://shop.example/", body=body, headers={"content-type": "application/json"}), scraper
        )
        assert [item.data["sku"] for item in reading.items] == [one.sku for one in kitchen.page(number)]
        assert [item.data["price"] for item in reading.items] == [
            float(one.price) for one in kitchen.page(number)
        ]
        assert [link.url for link in reading.links] == [
            f"http://shop.example{listing.path(kitchen, 2)}" for _ in range(leads_on)
        ]


def test_python_example_reads_a_page() -> None:
    (example,) = PYTHON
    names: dict[str, type[registry.SiteScraper]] = {}
    exec(compile(example, "guide", "exec"), names)
    books = names["Books"]()
    page = Page(url="https://books.example.org/book/1", body=b"<h1 class=title>T</h1><i class=author>A</i>")
    assert books.matches(page.url)
    assert next(iter(books.parse(page))) == {"title": "T", "authors": ["A"]}


@pytest.mark.parametrize("kind", Kind)
def test_every_type_is_described(kind: Kind) -> None:
    assert f"| `{kind}` |" in GUIDE


@pytest.mark.parametrize("name", [*KINDS, *RULES, *STEPS, *Form])
def test_everything_a_field_may_say_is_described(name: str) -> None:
    assert f"`{name}`" in GUIDE


@pytest.mark.parametrize("choice", [one for one in registry.names() if one.options], ids=lambda one: one.name)
def test_every_option_is_described_with_its_default_and_no_other(choice: registry.Choice) -> None:
    _, _, section = GUIDE.partition(f"\n## `{choice.name}`\n")
    rows = re.findall(r"^\| `(\w+)` \| `?(\w+)`? \|", section.partition("\n## ")[0], re.MULTILINE)
    assert dict(rows) == {
        option.name: str(option.default).replace("T", "t").replace("F", "f") for option in choice.options
    }


@pytest.mark.parametrize("choice", registry.names(), ids=lambda choice: choice.name)
def test_every_scraper_is_named(choice: registry.Choice) -> None:
    assert f"`{choice.name}`" in GUIDE
