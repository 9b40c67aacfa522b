"""Tests of what the demo shop has besides products: each is read by the scraper that is for it."""

from __future__ import annotations

from typing import Any

import pytest

from demo import journal
from demo.server import Shop, answer
from scrapers import reader, registry
from scrapers.page import Page

BASE = "http://shop.test"


def items(path: str, name: str, **options: object) -> list[dict[str, Any]]:
    given = answer(Shop(), epoch=4, base=BASE, path=path)
    assert given.status == 200
    page = Page(url=f"{BASE}{path}", body=given.body, headers={"content-type": given.content_type})
    reading = reader.read(page, registry.compile(name=name, options=options))
    assert reading.problems == ()
    return [item.data for item in reading.items]


@pytest.mark.parametrize("story", journal.STORIES, ids=lambda story: str(story.slug))
def test_story_is_an_article(story: journal.Story) -> None:
    (item,) = items(story.path, "article")

    assert (item["title"], item["authors"], item["published"]) == (
        story.title,
        [journal.AUTHOR],
        story.published,
    )
    assert all(text in item["text"] for _heading, text in story.parts)
    assert all(f"## {heading}" in item["markdown"] for heading, _text in story.parts)


def test_feed_has_every_story_newest_first() -> None:
    entries = items("/journal/feed.xml", "feed")

    assert [entry["url"] for entry in entries] == [BASE + story.path for story in reversed(journal.STORIES)]
    assert {entry["feed"] for entry in entries} == {"Kontor journal"}


def test_delivery_is_a_table_with_groups_and_numbers() -> None:
    rows = items("/delivery/", "tables")

    assert rows[1] == {
        "_table": 1,
        "_caption": "What delivery costs, in euro",
        "_row": 2,
        "_group": "Neighbours",
        "Country": "Österreich",
        "Parcel / up to 2 kg": 6.4,
        "Parcel / up to 20 kg": 12.0,
        "Days": 2,
    }
    assert [row["Country"] for row in rows] == ["Česko", "Österreich", "Deutschland", "Sverige", "Japan"]


def test_product_is_read_without_a_scraper_of_the_shop() -> None:
    (item,) = items("/product/skillet-26-cm/", "product")

    assert (item["name"], item["currency"], item["availability"]) == ("Skillet 26 cm", "EUR", "in_stock")
    assert item["sources"]["price"] == "json_ld"
    assert item["sources"]["image"] == "layout"


def test_links_of_the_frame_are_told_from_those_of_the_page() -> None:
    found = {(link["url"].removeprefix(BASE), link["position"]) for link in items("/journal/", "links")}

    assert {("/category/kitchen/", "nav"), (journal.STORIES[0].path, "main"), ("/about/", "footer")} <= found
