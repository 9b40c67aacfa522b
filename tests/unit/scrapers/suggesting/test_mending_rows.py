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


@pytest.mark.parametrize("row", ["json:window.__S__ = -> items", "xpath://li/b/text()"])
def test_rows_that_are_values_stay_and_it_is_said_that_nothing_is_looked_for(row: str) -> None:
    fields = {"price": {"re": "c: (.*)", **PRICE}} if row.startswith("xpath") else BY_KEYS
    known: list[dict[str, Any]] = [{"name": "Thing 1", "price": 1.5}]
    after = page_of(stated("amount") + listed("amount"))
    found = mend([Known(page=after, records=known)], row=row, fields=fields, broken=["price"])

    assert found == Mended(row=row, fields={"price": []}, note=rerowing.NO_ELEMENTS.format(row=row))


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


def test_body_of_json_is_left_as_it_is_and_that_is_said() -> None:
    body = json.dumps({"items": [{"name": "Thing", "amount": 1.5}]})
    known = [Known(page=page_of(body, "application/json"), records=[{"name": "Thing", "price": 1.5}])]
    found = mend(known, row="jmespath:items", fields=BY_KEYS, broken=["price"])

    assert found == Mended(row="jmespath:items", fields={"price": []}, note=rerowing.NO_HTML)


@pytest.mark.parametrize(
    ("row", "fields", "before", "after"),
    [
        (f"xpath://{CHEAP}", BY_XPATH, listed("price"), listed("price", tag="div")),
        ("li:contains('Thing')", BY_CSS, listed("price"), listed("price", tag="div")),
        ("json:window.__S__ = -> items", BY_KEYS, stated("price"), stated("price", lead="window.T")),
    ],
)
def test_rows_that_are_gone_and_no_plain_css_are_never_declared_anew(
    row: str, fields: dict[str, Any], before: str, after: str
) -> None:
    found, _known = mended(before, after, fields, row)

    assert found == Mended(row=row, fields={}, note=rerowing.NOT_PLAIN.format(row=row))


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
    assert found.note.endswith("Look whether there are some among them that .card:not(.ad) left out.")


def test_other_rows_that_give_nothing_of_what_was_known_are_not_proposed() -> None:
    known = [Known(page=page_of(listed("price")), records=[{"name": "Sofa", "price": 777.25}])]
    found = mend(known, row=".gone", fields=BY_CSS, broken=["price"])

    assert found == Mended(row=".gone", fields={}, note=rerowing.NONE.format(row=".gone"))
