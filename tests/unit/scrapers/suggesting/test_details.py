"""What the page behind a record adds to a candidate: read from the page, new, and of the record."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from demo import pages as shop
from scrapers import reader, registry
from scrapers.page import Page
from scrapers.suggesting import Candidate, details, suggest
from scrapers.suggesting.details import Behind
from tests.unit.scrapers.suggesting.declared import scraper_of

BASE = "http://shop.test"
CARDS = "".join(
    f'<li class="card"><a href="/lamp/{n}">Lamp {n}</a><b class="price">€ {n}</b></li>' for n in range(1, 5)
)
LIST = f"<header><p class='claim'>All lamps</p></header><main><ol>{CARDS}</ol></main>"


def page_of(html: str, url: str = f"{BASE}/lamps") -> Page:
    return Page(url=url, body=html.encode(), headers={"content-type": "text/html; charset=utf-8"})


def behind(number: int, html: str) -> Behind:
    return Behind(link=f"{BASE}/lamp/{number}", page=page_of(html, f"{BASE}/lamp/{number}"))


def completed(*pages: str, listed: str = LIST) -> Candidate:
    page = page_of(listed)
    first = suggest(page).candidates[0]
    return details.complete(page, first, [behind(number, html) for number, html in enumerate(pages, start=1)])


def added(candidate: Candidate) -> dict[str, Any]:
    """Return the fields that are read behind a link, without saying so of each."""
    assert {said["follow"] for said in candidate.fields.values() if "follow" in said} <= {candidate.link}
    return {
        name: {key: value for key, value in said.items() if key != "follow"}
        for name, said in candidate.fields.items()
        if "follow" in said
    }


def whole_records(candidate: Candidate, listed: Page, pages: list[Behind]) -> list[dict[str, Any]]:
    """Return what a target with the candidate's declaration reads of the list and the pages behind it."""
    scraper = scraper_of(candidate)
    resuming = registry.resuming(scraper)
    assert resuming is not None
    there = {one.link: one.page for one in pages}
    follows = [one for one in reader.read(listed, scraper).follows if one.url in there]
    readings = [reader.resume(there[one.url], resuming, [one], again=True) for one in follows]
    assert not any(reading.problems for reading in readings)
    return [item.data for reading in readings for items in reading.completed for item in items]


@pytest.mark.parametrize("layout", ["1", "2"])
@pytest.mark.parametrize("number", [1, 2])
def test_products_of_the_shop_get_what_their_own_pages_say(layout: str, number: int) -> None:
    site = shop.Site.at(base=BASE, seed=1, epoch=0, layout=layout)
    category = site.categories[0]
    listed = page_of(shop.category(site, category, 1).html, f"{BASE}{category.path}")
    products = category.page(1)[:number]
    pages = [
        Behind(link=f"{BASE}{one.path}", page=page_of(shop.product(site, one).html, f"{BASE}{one.path}"))
        for one in products
    ]

    found = details.complete(listed, suggest(listed).candidates[0], pages)

    assert {"sku", "description", "availability", "weight", "material", "origin"} <= added(found).keys()
    assert added(found)["sku"] == {"jmespath": """[?"@type"=='Product'] | [0].sku""", "type": "text"}
    assert found.behind == tuple(one.page.url for one in pages)
    records = whole_records(found, listed, pages)
    assert [record["sku"] for record in records] == [one.sku for one in products]
    assert [record["weight"] for record in records] == [dict(one.specs)["Weight"] for one in products]
    assert records == [dict(sample) for sample in found.samples[:number]]
    assert not {"buy", "purchase", "title_2"} & found.fields.keys()


def test_what_has_a_name_of_its_own_is_read_by_it() -> None:
    html = (
        '<main><h1>Lamp {0}</h1><p class="maker">Maker {0}</p><time datetime="2026-01-0{0}">x</time></main>'
    )
    assert added(completed(html.format(1), html.format(2))) == {
        "maker": {"css": ".maker", "type": "text"},
        "date": {"css": "time", "type": "date"},
    }


def test_what_the_list_says_or_pages_have_in_common_is_not_proposed() -> None:
    html = (
        '<p class="claim">All lamps</p><main><h1 class="name">Lamp {0}</h1><b class="cost">€ {0}</b>'
        '<h2 class="caption">Details</h2><a class="buy-now" href="/buy/{0}">Buy</a>'
        '<div class="other"><i class="hit">A</i><i class="hit">B</i></div>'
        '<p class="code">Code L-10{0}</p></main>'
    )
    assert list(added(completed(html.format(1), html.format(2)))) == ["code"]


def test_pairs_whose_xpath_would_change_what_the_list_gives_are_left_out() -> None:
    # browsers put a tbody into each table, which the tree of XPath lacks
    rows = "".join(
        f'<tr><td><a href="/lamp/{n}">Lamp {n}</a></td><td>{n} pieces</td></tr>' for n in range(1, 5)
    )
    html = '<p class="maker">Maker {0}</p><table><tr><th>Weight</th><td>{0} kg</td></tr></table>'
    found = completed(html.format(1), html.format(2), listed=f"<main><table>{rows}</table></main>")

    assert "tbody" in found.row
    assert list(added(found)) == ["maker"]


@pytest.mark.parametrize("html", ["", "<p>", "<main><h1>Lamp 1</h1></main>"])
def test_page_that_says_nothing_new_adds_nothing_and_is_told_of(html: str) -> None:
    found = completed(html)
    assert (added(found), found.behind) == ({}, (f"{BASE}/lamp/1",))


def test_page_that_is_no_html_adds_nothing() -> None:
    page = page_of(LIST)
    first = suggest(page).candidates[0]
    picture = Page(url=f"{BASE}/lamp/1", body=b"GIF89a", headers={"content-type": "image/gif"})
    assert details.complete(page, first, [Behind(link=picture.url, page=picture)]) == first
    unlinked = replace(first, link="")
    assert details.complete(page, unlinked, [behind(1, "<p class=a>b</p>")]) == unlinked


@pytest.mark.parametrize(
    ("hrefs", "link"),
    [
        (("/a", "/b", "/c", "/d"), "link"),
        (("/a", "/a", "/a", "/a"), ""),
        (("//other.test/a", "//other.test/b", "//other.test/c", "//other.test/d"), ""),
        (("/a.jpg", "/b.jpg", "/c.jpg", "/d.jpg"), ""),
        (("#a", "#b", "#c", "#d"), ""),
    ],
)
def test_link_that_leads_to_a_page_of_each_record_is_named(hrefs: tuple[str, ...], link: str) -> None:
    rows = "".join(
        f'<li class="x"><a href="{href}">N {n}</a> <b>{n} x</b></li>' for n, href in enumerate(hrefs)
    )
    assert suggest(page_of(f"<main><ul>{rows}</ul></main>")).candidates[0].link == link


def test_work_is_bounded_on_hostile_pages() -> None:
    many = "".join(f"<tr><th>L {n}</th><td>V {n}</td></tr>" for n in range(9_000))
    things = ",".join(f'{{"@type": "T{n}", "a": "{n}"}}' for n in range(3_000))
    html = (
        f'<script type="application/ld+json">[{things}]</script><table>{many}</table>' + "<div class=a>" * 900
    )
    assert len(added(completed(html, html))) <= details.MOST_FIELDS


@pytest.mark.parametrize(("length", "leads"), [(1_000, True), (3_000, False)])
def test_links_of_records_are_shown_whole_and_lead_nowhere_where_they_are_cut(
    length: int, leads: bool
) -> None:
    long = "".join(
        f'<li class="card"><a href="/lamp/{n}?{"x" * length}">Lamp {n}</a><b class="price">€ {n}</b></li>'
        for n in range(1, 5)
    )
    page = page_of(f"<main><ol>{long}</ol></main>")

    first = suggest(page).candidates[0]

    whole = [f"{BASE}/lamp/{n}?{'x' * length}" for n in range(1, 4)]
    assert list(first.leading(here=page.url)) == (whole if leads else [])


@pytest.mark.parametrize("odd", ["\x01", "\x7f", "\ufffe", '"'])
def test_labels_that_no_selector_can_say_keep_no_others_from_being_proposed(odd: str) -> None:
    labels = f"<tr><th>Wei{odd}ght</th><td>12 kg</td></tr><tr><th>Made of</th><td>Brass</td></tr>"

    assert list(added(completed(f"<main><table>{labels}</table></main>"))) == ["made_of"]
