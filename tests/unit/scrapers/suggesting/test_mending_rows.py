"""Rows of a changed page are judged as they are read: those that are found stay, others are counted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scrapers.fields import DeclaredRecords, parse
from scrapers.page import Page, Scraped
from scrapers.suggesting import rerowing
from scrapers.suggesting.mending import Known, Mended, mend

PRICE: dict[str, Any] = {"type": "price"}
BY_CSS = {"name": "css:.name", "price": {"css": ".price", **PRICE}}
BY_XPATH = {"name": "xpath:.//a", "price": {"xpath": ".//b[@class='price']", **PRICE}}
BY_KEYS = {"name": "jmespath:name", "price": {"jmespath": "price", "type": "number"}}
CHEAP = "li[b[starts-with(.,'€ 1') or starts-with(.,'€ 2')]]"
AMOUNT = {"css": ".amount", **PRICE}


def listed(price: str, *, card: str = "card", tag: str = "li", beside: str = "") -> str:
    rows = "".join(
        f'<{tag} class="{card}"><a class="name" href="/{n}">Thing {n}</a><i>x</i>'
        f'<b class="{price}">€ {n}.50</b></{tag}>'
        for n in range(1, 9)
    )
    return f"<main><ul>{rows}{beside}</ul></main>"


def stated(key: str, *, lead: str = "window.__S__") -> str:
    state = json.dumps({"items": [{"name": f"Thing {n}", key: n + 0.5} for n in range(9)]})
    return f"<main><h1>Shop</h1></main><script>{lead} = {state};</script>"


def page_of(body: str, kind: str = "text/html; charset=utf-8") -> Page:
    return Page(url="https://s.test/l", body=body.encode(), headers={"content-type": kind})


def read(page: Page, fields: dict[str, Any], row: str) -> list[dict[str, Any]]:
    found = DeclaredRecords(schema=parse(fields=fields, row=row)).parse(page)
    return [one.data for one in found if isinstance(one, Scraped)]


def mended(before: str, after: str, fields: dict[str, Any], row: str) -> tuple[Mended, Known]:
    """Return what is proposed for the price, and the page with what it said before."""
    known = Known(page=page_of(after), records=read(page_of(before), fields, row))
    assert known.records
    return mend([known], row=row, fields=fields, broken=["price"]), known


def relaid(*cards: str) -> list[Known]:
    """Return pages whose prices are called otherwise, with rows that are called so."""
    known = read(page_of(listed("price")), BY_CSS, ".card")
    return [Known(page=page_of(listed("amount", card=card)), records=known) for card in cards]


@pytest.mark.parametrize(
    ("row", "fields", "many"),
    [
        (".card", BY_CSS, 8),
        (".card", BY_XPATH, 8),
        ("css:li:contains('Thing')", BY_CSS, 8),
        ("xpath://li", BY_XPATH, 8),
        ("xpath://li", BY_CSS, 8),
        (f"xpath://{CHEAP}", BY_XPATH, 2),
    ],
)
def test_rows_that_are_found_stay_and_give_every_record_as_before(
    row: str, fields: dict[str, Any], many: int
) -> None:
    found, known = mended(listed("price"), listed("amount"), fields, row)
    best = found.fields["price"][0]

    assert (found.row, found.note, list(found.fields)) == (row, "", ["price"])
    assert (best.declared, best.restored, best.known, best.filled) == (AMOUNT, many, many, many)
    assert read(known.page, fields | {"price": best.declared}, row) == known.records
    assert len(known.records) == many


@pytest.mark.parametrize(
    ("row", "way"), [("json:window.__S__ = -> items", "amount"), ("xpath://li/b/text()", "@")]
)
def test_fields_of_rows_that_are_values_are_looked_for_in_these(row: str, way: str) -> None:
    fields = {"price": {"re": "c: (.*)", **PRICE}} if row.startswith("xpath") else BY_KEYS
    known: list[dict[str, Any]] = [{"name": f"Thing {n}", "price": n + 0.5} for n in range(1, 9)]
    after = page_of(stated("amount") + listed("amount"))
    found = mend([Known(page=after, records=known)], row=row, fields=fields, broken=["price"])
    best = found.fields["price"][0]

    assert (found.row, found.note) == (row, "")
    assert (best.declared["jmespath"], best.restored, best.known) == (way, 8, 8)


def test_elements_that_the_two_trees_count_otherwise_have_no_proposal() -> None:
    before, after = (
        "<table><tr><td>" + listed(price) + "</table><p><p></p></p>" for price in ("price", "amount")
    )
    page = page_of(after)
    assert len(list(page.lxml.iter("p"))) != len(page.tree.css("p"))
    fields = {"price": {"xpath": "//b[@class='price']", **PRICE}}
    found, _known = mended(before, after, fields, "xpath://p[1]")

    assert found == Mended(
        row="xpath://p[1]", fields={"price": []}, note=rerowing.NO_ELEMENTS.format(row="xpath://p[1]")
    )


def test_bodies_that_are_neither_html_nor_json_are_left_as_they_are_and_that_is_said() -> None:
    known = [Known(page=page_of("<a><b>1.5</b></a>", "application/xml"), records=[{"price": 1.5}])]
    found = mend(known, row="xpath://a", fields={"price": "xpath:c"}, broken=["price"])

    assert found == Mended(row="xpath://a", fields={"price": []}, note=rerowing.UNREADABLE)


@pytest.mark.parametrize(
    ("row", "fields", "before", "after", "other", "given"),
    [
        (f"xpath://{CHEAP}", BY_XPATH, listed("price"), listed("price", tag="div"), ".card", (8, 2)),
        ("li:contains('Thing')", BY_CSS, listed("price"), listed("price", tag="div"), ".card", (8, 8)),
        (
            "json:window.__S__ = -> items",
            BY_KEYS,
            stated("price"),
            stated("price", lead="window.T"),
            "json:window.T = -> items[]",
            (9, 9),
        ),
    ],
)
def test_rows_that_are_gone_are_declared_anew_with_how_many_records_they_give(
    row: str, fields: dict[str, Any], before: str, after: str, other: str, given: tuple[int, int]
) -> None:
    found, known = mended(before, after, fields, row)
    declared = fields | {name: many[0].declared for name, many in found.fields.items()}

    assert (found.row, (found.given, found.expected)) == (other, given)
    assert ("more than were known" in found.note) == (given[0] > given[1])
    assert [one for one in read(known.page, declared, other) if one in known.records] == known.records


def test_rows_that_half_of_the_pages_have_stay_and_it_is_said_on_how_many() -> None:
    pages = relaid("card", "tile", "card")
    found = mend(pages, row=".card", fields=BY_CSS, broken=["price"])

    assert found.row == ".card"
    assert found.note == rerowing.SOME.format(row=".card", pages=2, of=3)
    assert (found.fields["price"][0].declared, found.fields["price"][0].restored) == (AMOUNT, 16)


def test_rows_that_few_of_the_pages_have_are_looked_for_on_the_others() -> None:
    pages = relaid("card", *["tile"] * 9)
    found = mend(pages, row=".card", fields=BY_CSS, broken=["price"])

    assert (found.row, found.given, found.expected) == (".tile", 72, 80)


def test_other_rows_say_how_many_records_they_give() -> None:
    found, _known = mended(listed("price"), listed("amount", card="tile"), BY_CSS, ".card")

    assert found.row == ".tile"
    assert found.note == (
        "The rows are not found any more by .card, but by .tile. With what is first for each field it gives "
        "8 records where 8 were known, on 1 of the pages."
    )


def test_other_rows_that_give_what_was_left_out_say_so() -> None:
    beside = '<li class="{} ad"><a class="name" href="/ad">Buy</a><i>x</i><b class="{}">€ 99.50</b></li>'
    before = listed("price", beside=beside.format("card", "price"))
    after = listed("amount", card="tile", beside=beside.format("tile", "amount"))
    found, known = mended(before, after, BY_CSS, ".card:not(.ad)")

    assert len(known.records) == 8
    assert "it gives 9 records where 8 were known" in found.note
    assert (found.given, found.expected) == (9, 8)
    assert found.unknown == ({"name": "Buy", "price": 99.5},)
    assert found.note.endswith(rerowing.MORE.format(row=".card:not(.ad)"))


def test_other_rows_that_give_nothing_of_what_was_known_are_not_proposed() -> None:
    known = [Known(page=page_of(listed("price")), records=[{"name": "Sofa", "price": 777.25}])]
    found = mend(known, row=".gone", fields=BY_CSS, broken=["price"])

    assert found == Mended(row=".gone", fields={}, note=rerowing.NONE.format(row=".gone"))
