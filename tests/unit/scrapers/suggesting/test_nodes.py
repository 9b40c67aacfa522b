"""What is suggested for XML: feeds, sitemaps and exports, with and without namespaces."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from scrapers.page import Page
from scrapers.suggesting import Candidate, nodes, suggest
from tests.unit.scrapers.suggesting.declared import read_by

RSS = """<?xml version="1.0"?><rss xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Teas</title>
<item id="a1"><title>Assam</title><link>https://teas.test/1</link><dc:creator>Ada</dc:creator>
<price>12.50</price><category>black</category><category>loose</category><pubDate>2026-01-02</pubDate></item>
<item id="a2"><title>Sencha</title><link>https://teas.test/2</link><dc:creator>Max</dc:creator>
<price>9.00</price><category>green</category><category>loose</category><pubDate>2026-01-03</pubDate></item>
</channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>Blog</title>
<entry><title>One</title><link href="/1"/><author><name>Bo</name></author></entry>
<entry><title>Two</title><link href="/2"/><author><name>Cy</name></author></entry></feed>"""


def page_of(xml: str, *, kind: str = "application/xml") -> Page:
    return Page(url="https://teas.test/feed", body=xml.encode(), headers={"content-type": kind})


def records(candidate: Candidate, page: Page) -> list[dict[str, Any]]:
    reading = read_by(candidate, page)
    assert len(reading.items) == candidate.rows
    return [item.data for item in reading.items]


def test_elements_of_one_place_are_records_with_typed_fields() -> None:
    page = page_of(RSS, kind="application/rss+xml")
    [first, *_others] = suggest(page).candidates

    assert first.row == "xpath:/rss/channel/item"
    assert records(first, page)[0] == {
        "id": "a1",
        "title": "Assam",
        "link": "https://teas.test/1",
        "creator": "Ada",
        "price": 12.5,
        "category": ["black", "loose"],
        "pubDate": "2026-01-02",
    }


def test_elements_of_a_namespace_are_found_by_their_names() -> None:
    page = page_of(ATOM, kind="application/atom+xml")
    [first, *_others] = suggest(page).candidates

    assert first.row == "xpath:/*[name()='feed']/*[name()='entry']"
    assert records(first, page)[1] == {
        "title": "Two",
        "link_href": "https://teas.test/2",
        "author_name": "Cy",
    }


@pytest.mark.parametrize(
    "xml",
    [
        "",
        " ",
        "x",
        "<",
        "<!-- x -->",
        "<a/>",
        "<a><b/><b/></a>",
        '<!DOCTYPE a [<!ENTITY x "y">]><a><b><c>1</c></b><b><c>2</c></b></a>',
    ],
)
def test_xml_without_records_or_with_a_doctype_gives_nothing(xml: str) -> None:
    assert suggest(page_of(xml)).candidates == ()


def test_of_large_xml_the_beginning_is_looked_at_and_all_is_read() -> None:
    rows = "".join(f"<r><a>{n}</a><b>{n}</b></r>" for n in range(9_000))
    page = page_of(f"<x>{rows}{'<deep>' * 200}</x>")
    assert nodes.MOST_ELEMENTS > 9_000
    assert suggest(page).candidates[0].rows == 9_000


names = st.sampled_from(("a", "b", "x:c", "d-e", "größe", "f.g", "xml:h"))
elements: st.SearchStrategy[str] = st.recursive(
    st.sampled_from(("1", "two", "", "&#0;", "https://a.test/", "<![CDATA[<b>]]>")),
    lambda inside: st.builds(
        lambda name, parts: f'<{name} k="v" x:l="w">{"".join(parts)}</{name}>' * 2,
        names,
        st.lists(inside, max_size=4),
    ),
    max_leaves=12,
)


@settings(max_examples=40, phases=(Phase.explicit, Phase.generate))
@given(elements, st.sampled_from(("", ' xmlns="u:1"', ' xmlns:x="u:2"')))
def test_every_candidate_reads_as_many_records_as_it_says(inside: str, spaces: str) -> None:
    page = page_of(f"<root{spaces}>{inside}</root>")
    for candidate in suggest(page).candidates:
        assert len(records(candidate, page)) == candidate.rows >= 2
