"""How lists go on: the link to the next page, and the number in the URL."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from scrapers import reader, registry
from scrapers.fields import InvalidFields, parse
from scrapers.links import Link
from scrapers.page import Page

LIST = """<ul><li>A</li><li>B</li></ul>
<a href="/about">About</a><a rel="next" href="mailto:a@b.example">x</a>
<a rel="next" href="?page=3#top">Next</a>"""
FIELDS = {"name": ":scope"}


def continued(body: str, options: dict[str, Any], url: str = "https://a.example/list?page=2") -> list[str]:
    scraper = registry.compile(name="fields", row="li", fields=FIELDS, options=options)
    page = Page(url=url, body=body.encode(), headers={"content-type": "text/html"})
    return [link.url for link in reader.read(page, scraper).links if link.continues]


def test_link_that_is_selected_continues_the_list() -> None:
    assert continued(LIST, {"next": "a[rel=next]"}) == ["https://a.example/list?page=3"]
    assert continued(LIST, {"next": "xpath://a[contains(., 'Next')]/@href"}) == [
        "https://a.example/list?page=3"
    ]
    assert continued(LIST, {"next": "a[rel=none]"}) == []
    assert continued(LIST, {}) == []


def test_link_keeps_its_place_among_the_others() -> None:
    scraper = registry.compile(name="fields", row="li", fields=FIELDS, options={"next": "a[rel=next]"})
    page = Page(url="https://a.example/list", body=LIST.encode(), headers={"content-type": "text/html"})
    assert reader.read(page, scraper).links == (
        Link(url="https://a.example/about"),
        Link(url="https://a.example/list?page=3", continues=True),
    )


def test_page_that_says_nofollow_goes_on_nowhere() -> None:
    assert continued(f"<meta name=robots content=nofollow>{LIST}", {"next": "a[rel=next]"}) == []


def test_next_page_may_stand_in_json() -> None:
    scraper = registry.compile(
        name="fields", row="jmespath:items", fields={"n": "jmespath:n"}, options={"next": "jmespath:next"}
    )
    page = Page(
        url="https://a.example/api",
        body=b'{"items": [{"n": 1}], "next": "/api?cursor=x"}',
        headers={"content-type": "application/json"},
    )
    assert reader.read(page, scraper).links == (Link(url="https://a.example/api?cursor=x", continues=True),)


@pytest.mark.parametrize(
    ("pages", "url", "expected"),
    [
        ("?page={n}", "https://a.example/list?page=2", "https://a.example/list?page=3"),
        ("&page={n}", "https://a.example/list?page=9&sort=a", "https://a.example/list?page=10&sort=a"),
        ("?page={n}", "https://a.example/list?sort=a&page=2", "https://a.example/list?sort=a&page=3"),
        ("?page={n}", "https://a.example/list?subpage=2", None),
        ("?page={n}", "https://a.example/list", None),
        ("?page={n}", "https://a.example/list?page=x", None),
        ("/page/{n}/", "https://a.example/page/99/", "https://a.example/page/100/"),
        ("/page/{n}/", "https://a.example/page/99", None),
        ("?start={n+20}", "https://a.example/?start=0", "https://a.example/?start=20"),
        ("?page={n}", "https://a.example/?page=9999", "https://a.example/?page=10000"),
        ("?page={n}", "https://a.example/?page=10000", None),
        ("?start={n+20}", "https://a.example/?start=200000", None),
    ],
)
def test_number_in_the_url_is_counted_on(pages: str, url: str, expected: str | None) -> None:
    assert continued(LIST, {"pages": pages}, url) == ([expected] if expected else [])


@settings(max_examples=40)
@given(
    before=some.from_regex(r"[?&/][a-z]{1,6}[=/-]", fullmatch=True),
    after=some.sampled_from(["", "/", ".html", "&all=1"]),
    rest=some.sampled_from(["", "&sort=a", "?of=b"]),
    step=some.integers(1, 9_999),
    number=some.integers(0, 9_000),
)
def test_number_grows_by_its_step_and_all_else_stays(
    before: str, after: str, rest: str, step: int, number: int
) -> None:
    place = f"https://a.example/list{before}"
    found = continued(LIST, {"pages": f"{before}{{n+{step}}}{after}"}, f"{place}{number}{after}{rest}")
    assert found == [f"{place}{number + step}{after}{rest}"]


def test_numbered_pages_end_where_a_page_has_no_record() -> None:
    assert continued("<p>Nothing here", {"pages": "?page={n}"}) == []


@pytest.mark.parametrize(
    ("options", "path", "words"),
    [
        ({"nope": 1}, "options.nope", "known are next, pages"),
        ({"next": 1}, "options.next", "must be text"),
        ({"next": "re:x"}, "options.next", "cannot be a regular expression"),
        ({"next": "a["}, "options.next", "not a CSS selector"),
        ({"pages": "?page="}, "options.pages", "with {n} for the number"),
        ({"pages": "?page={n}", "next": "a"}, "options.pages", "does not go with next"),
        ([], "options", "must be an object"),
    ],
)
def test_mistake_is_reported_at_its_place(options: Any, path: str, words: str) -> None:
    with pytest.raises(InvalidFields) as caught:
        parse(fields=FIELDS, options=options)
    ((place, message),) = caught.value.problems
    assert place == path
    assert words in message
    with pytest.raises(registry.InvalidScraper) as refused:
        registry.compile(name="fields", fields=FIELDS, options=options)
    assert [place for place, _ in refused.value.problems] == [path]
