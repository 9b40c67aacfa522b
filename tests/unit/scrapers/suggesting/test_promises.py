"""Whatever a page looks like, what is suggested for it can be declared and gives what it said."""

from __future__ import annotations

import json

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from scrapers.page import Page
from scrapers.suggesting import details, suggest
from scrapers.suggesting.details import Behind
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


KEYS = st.sampled_from(
    ("name", "a.b", 'q"', "@id", "_x", "größe", " ", "offers", "-> x", "'", "k" * 120, "\x00")
)
plain: st.SearchStrategy[object] = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.sampled_from(TEXTS), st.just("/a.png")
)
things = st.dictionaries(
    KEYS, st.one_of(plain, st.dictionaries(KEYS, plain, max_size=3), st.lists(plain, max_size=3)), max_size=5
)
pairs = st.lists(
    st.tuples(st.sampled_from((*TEXTS, "We ight", '"', "'", "x" * 60)), st.sampled_from(TEXTS)), max_size=4
)


@st.composite
def record_pages(draw: st.DrawFn) -> str:
    """Return a page about one thing: JSON-LD, labelled pairs, and elements of any kind."""
    thing = json.dumps({"@type": draw(st.sampled_from(("Product", "O'Neil", "WebPage", 5))), **draw(things)})
    rows = "".join(f"<tr><th>{label}</th><td>{value}</td></tr>" for label, value in draw(pairs))
    inside = "".join(draw(st.lists(elements, max_size=4)))[:1_500]
    linked = thing.replace("<", "\\u003c")
    return f'<script type="application/ld+json">{linked}</script><main>{inside}<table>{rows}</table></main>'


@settings(max_examples=25, phases=(Phase.explicit, Phase.generate))
@given(record_pages(), record_pages(), st.sampled_from(("ul|li", "table|tr")))
def test_whatever_pages_behind_records_hold_the_candidate_compiles_and_gives_its_records(
    one: str, other: str, markup: str
) -> None:
    holder, _, row = markup.partition("|")
    cell = ("<td>{}</td>" if row == "tr" else "{}").format
    rows = "".join(
        f"<{row} class=x>{cell(f'<a href=/{n}>Name {n}</a>')}{cell(f'<b>€ {n}</b>')}</{row}>"
        for n in range(3)
    )
    headers = {"content-type": "text/html; charset=utf-8"}
    listed = Page(url="https://site.test/", body=f"<{holder}>{rows}</{holder}>".encode(), headers=headers)
    first = suggest(listed).candidates[0]
    behind = [
        Behind(link=url, page=Page(url=url, body=html.encode(), headers=headers))
        for url, html in (("https://site.test/0", one), ("https://site.test/1", other))
    ]

    found = details.complete(listed, first, behind)

    assert found.link
    reading = read_by(found, listed)
    records = [*(item.data for item in reading.items), *(record.data for record in reading.follows)]
    assert records == [item.data for item in read_by(first, listed).items]
    assert [one.name for one in found.columns] == list(found.fields)
    assert len(found.fields) <= len(first.fields) + details.MOST_FIELDS
