"""General extractors read back what pages, feeds and tables are made of, whatever that is."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
from hypothesis import given, settings

from scrapers import reader, registry
from scrapers.extractors.markdown import approximate_tokens
from scrapers.page import Page

if TYPE_CHECKING:
    from collections.abc import Callable

WORDS = st.text("ab <&>\"'üß日", min_size=1, max_size=9).map(lambda said: " ".join(said.split())).filter(bool)
Record = dict[str, Any]


def read(
    name: str, body: str, content_type: str = "text/html; charset=utf-8", **options: object
) -> list[Any]:
    page = Page(url="https://x.example/a/", body=body.encode(), headers={"content-type": content_type})
    return [item.data for item in reader.read(page, registry.compile(name=name, options=options)).items]


NUMBERS = st.integers(-(10**6), 10**6)
COLUMNS: list[tuple[st.SearchStrategy[Any], Callable[[Any], str]]] = [
    (st.sampled_from(["oak", "ash wood", "12 kg", "007", "x < y"]), str),
    (NUMBERS, str),
    (NUMBERS, lambda value: f"{value:,}"),
    (st.integers(-999, 999).map(lambda value: value + 0.25), str),
    (st.booleans(), lambda value: "yes" if value else "no"),
    (st.dates().map(str), str),
]


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[Record], list[list[str]]]:
    """Draw the rows of a table as items, and as its cells say them; a cell in ten is blank."""
    kinds = draw(st.lists(st.sampled_from(range(len(COLUMNS))), min_size=2, max_size=4))
    rows: list[Record] = []
    cells: list[list[str]] = []
    for _ in range(draw(st.integers(1, 5))):
        values = {f"column {n}": draw(st.none() | COLUMNS[kind][0]) for n, kind in enumerate(kinds)}
        cells.append(
            [
                "–" if value is None else COLUMNS[kind][1](value)
                for value, kind in zip(values.values(), kinds, strict=True)
            ]
        )
        rows.append({name: value for name, value in values.items() if value is not None})
    return rows, cells


@settings(max_examples=50)
@given(tables())
def test_rows_of_a_table_are_read_by_the_names_and_types_of_their_columns(
    said: tuple[list[Record], list[list[str]]],
) -> None:
    rows, cells = said
    names = "".join(f"<th>column {n}" for n in range(len(cells[0])))
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}' for cell in row)}" for row in cells)
    found = read("tables", f"<html lang=en><table><thead><tr>{names}<tbody>{body}</table>")

    placed = [{"_table": 1, "_row": n, **row} for n, row in enumerate(rows, start=1)]
    assert found == [row for row in placed if len(row) > 2]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                ["/b", "c?d=1", "https://y.example/", "mailto:a@b.example", "tel:+49", "#top", "javascript:x"]
            ),
            WORDS,
            st.sampled_from(["nav", "main", "aside", "footer", "p"]),
        ),
        max_size=6,
    )
)
def test_each_link_is_an_item_with_its_text_and_place(said: list[tuple[str, str, str]]) -> None:
    known = {
        "/b": ("https://x.example/b", "internal"),
        "c?d=1": ("https://x.example/a/c?d=1", "internal"),
        "https://y.example/": ("https://y.example/", "external"),
        "mailto:a@b.example": ("mailto:a@b.example", "mail"),
        "tel:+49": ("tel:+49", "phone"),
    }
    body = "".join(f"<{part}><a href='{to}'>{escape(text)}</a></{part}>" for to, text, part in said)

    assert read("links", body) == [
        {
            "url": known[to][0],
            "text": text,
            "kind": known[to][1],
            **({} if part == "p" else {"position": part}),
        }
        for to, text, part in said
        if to in known
    ]


ENTRIES = st.lists(
    st.fixed_dictionaries(
        {"title": WORDS, "id": st.integers(1, 99).map("urn:x:{}".format), "day": st.integers(1, 28)}
    ),
    max_size=4,
)


@settings(max_examples=30)
@given(ENTRIES)
def test_entries_are_the_same_in_every_form_of_feed(said: list[Record]) -> None:
    expected = [
        {
            "title": one["title"],
            "url": f"https://x.example/p/{one['id']}",
            "id": one["id"],
            "published": f"2026-03-{one['day']:02}T10:00:00+00:00",
            "feed": "News",
        }
        for one in said
    ]
    rss = "".join(
        f"<item><title>{escape(escape(one['title']))}</title><link>/p/{one['id']}</link>"
        f"<guid isPermaLink='false'>{one['id']}</guid>"
        f"<pubDate>{one['day']:02} Mar 2026 10:00:00 GMT</pubDate></item>"
        for one in said
    )
    atom = "".join(
        f"<entry><title>{escape(one['title'])}</title><link href='/p/{one['id']}'/><id>{one['id']}</id>"
        f"<published>2026-03-{one['day']:02}T10:00:00Z</published></entry>"
        for one in said
    )
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "News",
        "items": [
            {
                "title": one["title"],
                "id": one["id"],
                "url": f"/p/{one['id']}",
                "date_published": f"2026-03-{one['day']:02}T10:00:00Z",
            }
            for one in said
        ],
    }

    assert (
        read("feed", f"<rss version='2.0'><channel><title>News</title>{rss}</channel></rss>", "text/xml")
        == expected
    )
    assert (
        read(
            "feed", f"<feed xmlns='http://www.w3.org/2005/Atom'><title>News</title>{atom}</feed>", "text/xml"
        )
        == expected
    )
    assert read("feed", json.dumps(feed), "application/json") == expected


FACTS = st.fixed_dictionaries(
    {
        "name": WORDS,
        "sku": st.from_regex("[A-Z]{3}-[0-9]{3}", fullmatch=True),
        "cents": st.integers(1, 10**7),
    },
    optional={"availability": st.sampled_from(["InStock", "OutOfStock", "PreOrder"])},
)


@given(FACTS, st.sampled_from(["json_ld", "microdata", "open_graph"]))
def test_product_is_what_its_page_says_with_who_said_it(said: Record, source: str) -> None:
    price = f"{said['cents'] / 100:.2f}"
    offer = {"price": price, "priceCurrency": "EUR"}
    if "availability" in said:
        offer["availability"] = f"https://schema.org/{said['availability']}"
    if source == "json_ld":
        thing = {"@type": "Product", "name": said["name"], "sku": said["sku"], "offers": offer}
        body = (
            f"<script type='application/ld+json'>{json.dumps(thing).replace('<', chr(92) + 'u003c')}</script>"
        )
    elif source == "open_graph":
        metas = {
            "og:type": "product",
            "og:title": escape(said["name"]),
            "product:price:amount": price,
            "product:price:currency": "EUR",
            "product:availability": said.get("availability", ""),
            "product:retailer_item_id": said["sku"],
        }
        body = "".join(f"<meta property='{name}' content='{value}'>" for name, value in metas.items())
    else:
        marked = "".join(f"<meta itemprop={key} content='{value}'>" for key, value in offer.items())
        body = (
            "<div itemscope itemtype='https://schema.org/Product'>"
            f"<b itemprop=name>{escape(said['name'])}</b>"
            f"<meta itemprop=sku content='{said['sku']}'>"
            f"<div itemprop=offers itemscope itemtype='https://schema.org/Offer'>{marked}</div></div>"
        )
    (found,) = read("product", body)
    words = {"InStock": "in_stock", "OutOfStock": "out_of_stock", "PreOrder": "preorder"}

    assert set(found.pop("sources").values()) == {source}
    assert found == {
        "name": said["name"],
        "price": float(price),
        "currency": "EUR",
        **({"availability": words[said["availability"]]} if "availability" in said else {}),
        "sku": said["sku"],
    }


@given(st.text("ab ü日本\n", max_size=60), st.text("ab 日", max_size=20))
def test_tokens_grow_with_the_text_and_are_no_more_than_its_characters(text: str, more: str) -> None:
    alone, together = approximate_tokens(text), approximate_tokens(text + more)

    assert 0 <= alone <= len(text)
    assert alone <= together <= alone + approximate_tokens(more)
    assert (alone == 0) == (not text)


@given(st.lists(WORDS, min_size=1, max_size=6))
def test_plain_text_is_markdown_as_it_is(lines: list[str]) -> None:
    (found,) = read("markdown", "\n".join(lines), "text/plain; charset=utf-8")

    assert found["markdown"] == "\n".join(lines)
    assert found["word_count"] == sum(len(line.split()) for line in lines)
    assert found["approximate_tokens"] == approximate_tokens(found["markdown"])


SENTENCES = st.lists(
    st.sampled_from(("The ferry", "A baker", "Old maps", "Our neighbour", "This winter", "The lathe")),
    min_size=3,
    max_size=7,
    unique=True,
).map(lambda who: [f"{one} came back to the harbour with more to tell than we could write." for one in who])
HEADINGS = st.lists(st.sampled_from(("On tides", "On bread", "On wood")), max_size=3, unique=True)


@settings(max_examples=20, deadline=None)  # the first example imports what finds main texts
@given(SENTENCES, HEADINGS, st.booleans())
def test_main_text_has_every_paragraph_in_its_order_and_no_menu(
    paragraphs: list[str], headings: list[str], listed: bool
) -> None:
    parts = [f"<p>{said}</p>" for said in paragraphs]
    for place, heading in enumerate(headings):
        parts[place] = f"<h2>{heading}</h2>{parts[place]}"
    if listed:
        parts.append("<ul><li>Bring a warm coat for the way back</li><li>Bring bread for the gulls</li></ul>")
    menu = "".join(f"<li><a href='/{n}'>Department {n}</a></li>" for n in range(8))
    body = (
        f"<html lang=en><title>Harbour</title><body><nav><ul>{menu}</ul></nav>"
        f"<article><h1>Harbour</h1>{''.join(parts)}</article><footer>{menu}</footer>"
    )
    (article,), (markdown,) = read("article", body), read("markdown", body)

    for text in (article["text"], article["markdown"], markdown["markdown"]):
        places = [text.find(said) for said in paragraphs]
        assert -1 not in places
        assert places == sorted(places)
        assert "Department" not in text
        assert ("warm coat" in text) is listed
    for heading in headings:
        assert f"## {heading}" in markdown["markdown"]
    assert markdown["approximate_tokens"] == approximate_tokens(markdown["markdown"])
    assert read("auto", body)[0]["title"] == "Harbour"
