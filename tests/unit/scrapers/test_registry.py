"""The registry: which scrapers there are, and that no settings whatsoever raise anything else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scrapers import registry
from scrapers.page import Page
from scrapers.registry import InvalidScraper

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
SELECTORS = st.text("a.[]():/*@'\"=>+~#,|\\1 {}?<!\x00\ud800", max_size=12)
FIELD = st.fixed_dictionaries(
    {},
    optional={
        "css": SELECTORS | JSON,
        "xpath": SELECTORS,
        "re": SELECTORS,
        "jmespath": SELECTORS,
        "type": st.sampled_from(["text", "integer", "price"]) | JSON,
        "attr": JSON,
        "many": JSON,
        "required": JSON,
        "default": JSON,
        "fields": JSON,
    },
)
FIELDS = JSON | st.dictionaries(st.text(max_size=5), FIELD | SELECTORS, max_size=3)


def problems(**said: Any) -> dict[str, str]:
    with pytest.raises(InvalidScraper) as caught:
        registry.compile(**said)
    return dict(caught.value.problems)


def test_form_is_offered_every_scraper() -> None:
    names = [choice.name for choice in registry.names()]
    assert names == [
        *(extractor.name for extractor in registry.EXTRACTORS),
        "fields",
        "none",
        "site",
        "demo_shop",
    ]
    assert all(choice.title and choice.description for choice in registry.names())


@pytest.mark.parametrize("name", ["auto", "none", "site", "demo_shop"])
def test_named_scraper_is_returned(name: str) -> None:
    assert registry.compile(name=name).name == name


def test_fields_are_compiled() -> None:
    assert registry.compile(name="fields", fields={"a": "h1"}, row="li").name == "fields"


def test_mistake_in_a_field_comes_with_its_path() -> None:
    assert "fields.price.css" in problems(name="fields", fields={"price": {"css": "["}})
    assert "fields" in problems(name="fields")


def test_unknown_scraper_names_the_known_ones() -> None:
    assert "auto, article" in problems(name="demo-shop")["scraper"]
    assert "scraper" in problems(name=None)


def test_settings_of_another_scraper_are_refused() -> None:
    found = problems(name="auto", options={"depth": 1}, fields={"a": "h1"}, row="li")
    assert set(found) == {"options.depth", "fields", "row"}
    assert "options" in problems(name="auto", options=[1])


def test_empty_name_chooses_by_fields_then_by_url_then_auto() -> None:
    assert registry.compile(name="", fields={"a": "h1"}).name == "fields"
    assert registry.compile(name="", url_hint="http://shop.example/product/x/").name == "demo_shop"
    assert registry.compile(name="", url_hint="http://shop.example/").name == "auto"
    assert registry.compile(name="").name == "auto"
    assert registry.compile(name="", url_hint="http://[").name == "auto"
    assert registry.compile(name="", url_hint=["http://x/product/"]).name == "auto"


def test_site_scraper_leaves_pages_it_does_not_know() -> None:
    page = Page(url="https://other.example/", body=b"<article class=product>")
    assert list(registry.compile(name="site").parse(page)) == []


@settings(max_examples=300)
@example(name="fields", options=None, row="\\1", fields={"a": "b"})
@given(st.sampled_from(["fields", "auto", ""]) | JSON, JSON, JSON | SELECTORS, FIELDS)
def test_no_json_whatsoever_raises_anything_else(name: Any, options: Any, row: Any, fields: Any) -> None:
    try:
        scraper = registry.compile(name=name, options=options, row=row, fields=fields)
    except InvalidScraper as refused:
        paths = [path.partition(".")[0] for path, _ in refused.problems]
        scraper = None
    else:
        paths = ["scraper"]
    assert paths
    assert {"scraper", "options", "row", "fields"}.issuperset(paths)
    if scraper is None:
        return
    page = Page(
        url="https://x.example/", body=b"<p>1</p><a href=x>y</a>", headers={"content-type": "text/html"}
    )
    list(scraper.parse(page))
