"""Whatever a page looks like, what is suggested for it can be declared and gives what it said."""

from __future__ import annotations

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from scrapers.page import Page
from scrapers.suggesting import suggest
from tests.unit.scrapers.suggesting.declared import read_by

TAGS = (
    "div",
    "li",
    "p",
    "a",
    "span",
    "h3",
    "td",
    "tr",
    "table",
    "ul",
    "dl",
    "dt",
    "dd",
    "time",
    "img",
    "b",
    "article",
)
CLASSES = (
    "card",
    "title",
    "price",
    "mb-3",
    "css-1a2b3c",
    "x\\",
    'q"]',
    "größe",
    "card__name",
    "-",
    "2col",
    "next",
)
TEXTS = (
    "Name",
    "€ 12.50",
    "12 reviews",
    "2024-02-29",
    "in stock",
    "",
    "4.5 out of 5",
    "<b>",
    "&#0;",
    "next",
    "»",
)
ATTRIBUTES = (
    'href="/a?page=2"',
    'src="/i.png"',
    'datetime="2024-01-01"',
    'data-price="5"',
    'itemprop="name"',
    'title="a&quot;b"',
)

elements: st.SearchStrategy[str] = st.deferred(lambda: leaves | branches | repeated)
leaves: st.SearchStrategy[str] = st.builds(
    lambda tag, name, attribute, text: f'<{tag} class="{name}" {attribute}>{text}</{tag}>',
    st.sampled_from(TAGS),
    st.sampled_from(CLASSES),
    st.sampled_from(ATTRIBUTES),
    st.sampled_from(TEXTS),
)
branches: st.SearchStrategy[str] = st.builds(
    lambda tag, name, inside: f'<{tag} class="{name}">{"".join(inside)[:900]}</{tag}>',
    st.sampled_from(TAGS),
    st.sampled_from(CLASSES),
    st.lists(elements, max_size=4),
)
repeated: st.SearchStrategy[str] = st.builds(
    lambda inside, times: inside[:300] * times, elements, st.integers(2, 6)
)


@settings(max_examples=60, phases=(Phase.explicit, Phase.generate))
@given(st.lists(elements, min_size=1, max_size=6).map(lambda parts: "".join(parts)[:3_000]))
def test_every_candidate_compiles_and_reads_as_many_records_as_it_said(html: str) -> None:
    page = Page(
        url="https://site.test/list", body=html.encode(), headers={"content-type": "text/html; charset=utf-8"}
    )
    found = suggest(page)
    for candidate in found.candidates:
        reading = read_by(candidate, page)
        assert len(reading.items) == candidate.rows >= 2
        assert [one.name for one in candidate.columns] == list(candidate.fields)
        assert all(0 < one.share <= 1 for one in candidate.columns)
    assert [one.score for one in found.candidates] == sorted(
        (one.score for one in found.candidates), reverse=True
    )
