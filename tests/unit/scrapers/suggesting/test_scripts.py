"""What is suggested for JSON that HTML carries: JSON-LD, scripts of JSON, and state that scripts set."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scrapers.page import Page
from scrapers.suggesting import Candidate, outline, scripts, suggest
from scrapers.suggesting.objects import Source
from tests.unit.scrapers.suggesting.declared import read_by

LAMPS = [
    {"id": 7, "title": "Floor lamp", "price": {"amount": 129.5, "currency": "EUR"}, "inStock": True,
     "url": "/lamps/7"},
    {"id": 8, "title": "Desk lamp", "price": {"amount": 49.9, "currency": "EUR"}, "inStock": False,
     "url": "/lamps/8"},
    {"id": 9, "title": "Night light", "price": {"amount": 9.0, "currency": "EUR"}, "inStock": True,
     "url": "/lamps/9"},
]  # fmt: skip
TITLES = [one["title"] for one in LAMPS]
CRUMBS = {
    "@context": "https://schema.org",
    "@type": "BreadcrumbList",
    "itemListElement": [
        {"@type": "ListItem", "position": n, "name": f"Level {n}", "item": f"https://lamps.test/{n}"}
        for n in range(1, 5)
    ],
}
LINKED = {
    "@type": "ItemList",
    "itemListElement": [
        {
            "@type": "ListItem",
            "position": n,
            "item": {"@type": "Product", "name": one["title"], "sku": f"L{n}"},
        }
        for n, one in enumerate(LAMPS, start=1)
    ],
}
CARDS = "".join(f'<li class="card"><a href="/lamps/{one["id"]}">{one["title"]}</a></li>' for one in LAMPS)


def page_of(html: str) -> Page:
    headers = {"content-type": "text/html; charset=utf-8"}
    return Page(url="https://lamps.test/", body=html.encode(), headers=headers)


def script(value: Any, *, kind: str = "application/json", named: str = "") -> str:
    return f'<script type="{kind}"{named}>{json.dumps(value)}</script>'


def records(candidate: Candidate, page: Page) -> list[dict[str, Any]]:
    reading = read_by(candidate, page)
    assert not reading.problems
    return [item.data for item in reading.items]


@pytest.mark.parametrize(
    ("html", "row"),
    [
        (script({"page": {"items": LAMPS}}, named=' id="__NEXT_DATA__"'),
         "json:script#__NEXT_DATA__ -> page.items[]"),
        (script({"a": 1}) + script({"items": LAMPS}), "json:2 -> items[]"),
        (f"<script>window.__STATE__ = {json.dumps({'items': LAMPS})};</script>",
         "json:window.__STATE__ = -> items[]"),
        (f"<script>var  shop={json.dumps(LAMPS)}</script>", "json:var shop= -> []"),
        (f"<script>window.a = JSON.parse({json.dumps(json.dumps(LAMPS))})</script>", "json:window.a = -> []"),
        (f"<script>self.state = {json.dumps({'byId': {str(one['id']): one for one in LAMPS}})}</script>",
         "json:self.state = -> byId.*"),
        (script({"edges": [{"node": one, "cursor": "x"} for one in LAMPS]}), "json:1 -> edges[].node"),
    ],
)  # fmt: skip
def test_records_of_a_script_are_read_where_they_stand(html: str, row: str) -> None:
    page = page_of(f"<body><div id=app></div>{html}</body>")
    first = suggest(page).candidates[0]

    assert (first.row, first.rows) == (row, 3)
    assert {name: said["type"] for name, said in first.fields.items()} == {
        "id": "integer", "title": "text", "price_amount": "price", "price_currency": "text",
        "inStock": "boolean", "url": "url",
    }  # fmt: skip
    assert [one["title"] for one in records(first, page)] == TITLES
    assert records(first, page)[0]["url"] == "https://lamps.test/lamps/7"


def test_records_of_json_ld_are_read_by_their_type_and_without_what_wraps_them() -> None:
    page = page_of(f"<body>{script([CRUMBS, LINKED], kind='application/ld+json')}</body>")
    first = suggest(page).candidates[0]

    assert first.row == """jmespath:[?"@type"=='ItemList'].itemListElement[].item"""
    assert records(first, page)[0] == {"name": "Floor lamp", "sku": "L1"}
    assert [one["name"] for one in records(first, page)] == TITLES


def test_more_complete_records_of_a_script_come_before_those_of_the_markup() -> None:
    found = suggest(page_of(f"<main><ul>{CARDS}</ul></main>{script({'items': LAMPS})}")).candidates
    assert [one.row for one in found[:2]] == ["json:1 -> items[]", ".card"]
    assert found[0].score > found[1].score


def test_markup_comes_before_the_crumbs_and_menus_of_scripts() -> None:
    menus = script({"menu": [{"label": f"Part {n}", "href": f"/part/{n}"} for n in range(30)]})
    crumbs = script(CRUMBS, kind="application/ld+json")
    found = suggest(page_of(f"<main><ul>{CARDS}</ul></main>{crumbs}{menus}")).candidates
    assert [one.row for one in found] == [".card"]


@pytest.mark.parametrize(
    "html",
    [
        '<script type="application/json">{"items": [</script>',
        "<script>window.a = {b: 1}; window.c = JSON.parse(d)</script>",
        '<script>window.a = [{"x": 1}</script>',
        script(LAMPS, kind="text/template"),
        script("a" * 100),
    ],
)
def test_script_without_json_gives_nothing(html: str) -> None:
    assert suggest(page_of(f"<body>{html}</body>")).candidates == ()


def test_so_many_scripts_are_looked_at() -> None:
    many = "".join(script({"n": n, "items": LAMPS}) for n in range(scripts.MOST_SCRIPTS + 5))
    assert len(sources(many)) == scripts.MOST_SCRIPTS
    large = script("x" * scripts.MOST_CHARACTERS)
    assert sources(large + script({"items": LAMPS})) == []


def sources(html: str) -> list[Source]:
    page = page_of(html)
    return scripts.of_page(page, outline.of_page(page))
