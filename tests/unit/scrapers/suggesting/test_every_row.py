"""Whatever a list looks like, and whatever stands around and between its rows: each of them is found."""

from __future__ import annotations

from html import escape
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from scrapers.page import Page
from scrapers.suggesting import suggest
from tests.unit.scrapers.suggesting.declared import read_by

WORDS = ("Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Ginkgo", "Hazel", "Ironwood", "Juniper")
LISTS = (("ul", "li"), ("ol", "li"), ("div", "div"), ("section", "article"), ("main", "div"), ("table", "tr"))
NAMES = (
    ("card", "title", "price"),
    ("search-result", "search-result__name", "search-result__cost"),
    ("col-md-4 mb-3", "fw-bold", "text-end"),
    ("css-8f3k2x", "sc-bdVaJa", "hTqWzX9"),
    ("", "", ""),
)
TITLES = ("h2", "h3", "b", "div", "strong")
ADS = ("ad", "promo banner", "sponsored-box", "")
PARTS = ("price", "date", "text", "tags", "offers", "image", "button")


@st.composite
def pages(draw: st.DrawFn) -> tuple[str, list[str]]:
    """Return the markup of a page with a list, and the title of each of its rows."""
    holder, row = draw(st.sampled_from(LISTS))
    names = draw(st.sampled_from(NAMES))
    parts = draw(st.lists(st.sampled_from(PARTS), min_size=2, max_size=5, unique=True))
    title = draw(st.sampled_from(TITLES))
    titles = [f"{draw(st.sampled_from(WORDS))} no {n}" for n in range(draw(st.integers(3, 9)))]
    rows = []
    for number, name in enumerate(titles):
        inside = [titled(name, number=number, tag=title, named=names[1])]
        inside += [drawn(draw, part, number=number, named=names[2]) for part in parts]
        rows.append(wrapped(row, names[0] + draw(st.sampled_from(("", "", " is-new", " last"))), inside))
        rows += draw(st.lists(ads(row), max_size=1))
    html = wrapped(holder, draw(st.sampled_from(("list", "row g-3", "css-1a2b3c", ""))), rows)
    return draw(around(html)), titles


def titled(name: str, *, number: int, tag: str, named: str) -> str:
    return f'<{tag} class="{named}"><a href="/thing/{number}">{escape(name)}</a></{tag}>'


def drawn(draw: st.DrawFn, part: str, *, number: int, named: str) -> str:
    """Return a part of a row; but one row in four goes without."""
    if draw(st.integers(0, 3)) == 0:
        return ""
    match part:
        case "price":
            return f'<span class="{named}">€ {number + 3}.50</span>'
        case "date":
            return f'<time datetime="2026-01-{number + 1:02}">{number + 1} January 2026</time>'
        case "text":
            return f"<p>{' '.join(WORDS[number % 5 :])} of number {number}</p>"
        case "tags":
            tags = draw(st.lists(st.sampled_from(WORDS), max_size=4))
            return f'<ul class="tags">{"".join(f"<li>{tag}</li>" for tag in tags)}</ul>'
        case "offers":
            shops = draw(st.lists(st.sampled_from(WORDS), max_size=4, unique=True))
            offers = [f"<li><i>{shop} & Co</i> <b>€ {n + 2}.00</b></li>" for n, shop in enumerate(shops)]
            return f'<ol class="offers">{"".join(offers)}</ol>'
        case "image":
            return f'<img src="/i/{number}.jpg" alt="">'
        case _:
            return '<button class="btn">Add to cart</button>'


def wrapped(tag: str, named: str, inside: list[str]) -> str:
    said = f' class="{named.strip()}"' if named.strip() else ""
    if tag == "tr" and not any(part.startswith("<td") for part in inside):
        inside = [f"<td>{part}</td>" for part in inside]
    return f"<{tag}{said}>{''.join(inside)}</{tag}>"


def ads(row: str) -> st.SearchStrategy[str]:
    """Return what stands between two rows and is none."""
    return st.sampled_from(ADS).map(
        lambda named: wrapped(row, named, [f'<a href="/sponsor/{named}">Sponsored</a>'])
    )


@st.composite
def around(draw: st.DrawFn, html: str) -> str:
    """Return a page with a list and what others have around it."""
    links = [f'<li><a href="/at/{n}">{word} trees</a></li>' for n, word in enumerate(WORDS)]
    menu = f"<ul>{''.join(links[: draw(st.integers(0, 10))])}</ul>"
    beside = "".join(
        f'<div class="widget-item"><a href="/b/{n}">{word}</a> <i>{n}</i></div>'
        for n, word in enumerate(WORDS[: draw(st.integers(0, 6))])
    )
    depth = draw(st.integers(0, 8))
    return (
        f"<header><nav>{menu}</nav></header>{'<div>' * depth}<h1>Trees</h1>{html}{'</div>' * depth}"
        f'<aside class="sidebar">{beside}</aside><footer>{menu}</footer>'
    )


def first_records(html: str) -> list[dict[str, Any]]:
    headers = {"content-type": "text/html; charset=utf-8"}
    page = Page(url="https://site.test/trees", body=html.encode(), headers=headers)
    return [item.data for item in read_by(suggest(page).candidates[0], page).items]


@settings(max_examples=40, phases=(Phase.explicit, Phase.generate))
@given(pages())
def test_first_candidate_finds_every_row(made: tuple[str, list[str]]) -> None:
    html, titles = made
    told = [
        next((value for value in record.values() if value in titles), None) for record in first_records(html)
    ]
    assert [value for value in told if value] == titles
