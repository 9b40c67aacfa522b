"""Pages that leave so many tags open that a tree of them would take long: their beginning is read."""

from __future__ import annotations

import pytest

from scrapers import reader, registry
from scrapers.page import Page
from scrapers.page.nesting import FEW_TAGS, LOOKED_INTO_CHARACTERS, quick_part

MANY = 2 * FEW_TAGS


def page(markup: str, content_type: str = "text/html") -> Page:
    return Page(url="https://a.test/", body=markup.encode(), headers={"content-type": content_type})


@pytest.mark.parametrize("opened", ["<div>", "<DIV>", "<ul><li>", "<font color=red>x", "<p><b>"])
def test_as_many_tags_are_left_as_may_be_within_each_other(opened: str) -> None:
    text = opened * MANY * 2
    assert len(text) >= LOOKED_INTO_CHARACTERS
    left = quick_part(text)
    assert left.count("<") == FEW_TAGS - 1
    assert text.startswith(f"{left}<")


@pytest.mark.parametrize(
    "part",
    [
        "<tr><td>x</td><td>y</td></tr>\n",
        "<tr><td>x<td><br><img src=x>y<p>z",
        "<li><a href=x>y</a><p>z<p>u<br/>",
        "<option>x",
        "<path d='M0 0'/>",
        "<div><b>x</b></div>",
    ],
)
def test_long_pages_that_do_not_nest_are_read_whole(part: str) -> None:
    assert quick_part(part * MANY) == part * MANY


def test_few_open_tags_beside_many_closed_ones_are_no_harm() -> None:
    text = "<div>" * 300 + "<p>x</p>" * MANY
    assert quick_part(text) == text


def test_beginning_is_read_of_what_nests_too_deep_and_the_page_says_so() -> None:
    reading = reader.read(
        page("<title>T</title><a href=/first>1</a>" + "<div>" * MANY + "<a href=/last>2</a>"),
        registry.compile(name="auto"),
    )
    assert [link.url for link in reading.links] == ["https://a.test/first"]
    assert [item.data["title"] for item in reading.items] == ["T"]
    assert [problem.code for problem in reading.problems] == ["nested_too_deep"]
    assert reading.facts.parse_truncated


def test_what_is_no_html_does_not_nest() -> None:
    reading = reader.read(page("<div>" * MANY, "text/plain"), registry.compile(name="auto"))
    assert reading.problems == ()
    assert not reading.facts.parse_truncated
