"""Declared records: whatever a page is made of, every way of selecting reads it back, and rules decide."""

from __future__ import annotations

import json
from html import escape
from typing import Any

import hypothesis.strategies as st
from hypothesis import given, settings

from scrapers.fields import DeclaredRecords, parse
from scrapers.links import Link
from scrapers.page import Page, Problem, Scraped

URL = "https://shop.example/list/"
WORDS = st.text("ab <&>\"'ü=;{}[]/", min_size=1, max_size=8).map(lambda said: " ".join(said.split()))
RECORDS = st.lists(
    st.fixed_dictionaries(
        {
            "name": WORDS.filter(bool),
            "stock": st.integers(0, 10**6),
            "tags": st.lists(st.text("xyz", min_size=1, max_size=3), max_size=3),
        }
    ),
    max_size=4,
)
Record = dict[str, Any]


def page(body: str, content_type: str = "text/html; charset=utf-8") -> Page:
    return Page(url=URL, body=body.encode(), headers={"content-type": content_type})


def read(found: Page, fields: Record, row: str, options: Record | None = None) -> list[object]:
    schema = parse(fields=fields, row=row, options=options or {})
    return list(DeclaredRecords(schema=schema).parse(found))


def records(found: list[object]) -> list[Record]:
    return [one.data for one in found if isinstance(one, Scraped)]


def markup(said: list[Record]) -> str:
    """Return a page that shows the records as a list, and has them as attributes besides."""
    return "<title>List</title><ul>" + "".join(
        f"<li class=card><h3 title='{escape(one['name'])}'>{escape(one['name'])}</h3>"
        f"<p>In stock: <b>{one['stock']}</b> pieces</p>" + "".join(f"<i>{tag}</i>" for tag in one["tags"])
        for one in said
    )


def told(said: list[Record]) -> list[Record]:
    """Return the records as they are read: a list of nothing is no value."""
    return [{name: value for name, value in one.items() if value != []} for one in said]


@settings(max_examples=40)
@given(RECORDS)
def test_elements_and_attributes_are_read_back_by_css_xpath_and_expressions(said: list[Record]) -> None:
    found = page(markup(said))
    number: Record = {"type": "integer"}
    by_css = {"name": "h3", "stock": {"css": "b", **number}, "tags": {"css": "i", "many": True}}
    by_xpath = {
        "name": "xpath:.//h3",
        "stock": {"xpath": ".//p/b", **number},
        "tags": {"xpath": ".//i/text()", "many": True},
    }
    by_mixture = {
        "name": {"css": "h3", "attr": "title"},
        "stock": {"re": r"<b>(\d+)</b>", **number},
        "tags": {"re": "<i>([xyz]+)", "many": True},
    }

    assert records(read(found, by_css, ".card")) == told(said)
    markup_of = {"name": {"css": "h3", "as": "html"}}
    assert records(read(found, markup_of, ".card")) == [
        {"name": escape(one["name"], quote=False)} for one in said
    ]
    assert records(read(found, by_xpath, "xpath://li")) == told(said)
    assert records(read(found, by_mixture, ".card")) == told(said)


@settings(max_examples=40)
@given(RECORDS)
def test_json_is_read_back_from_bodies_linked_data_and_scripts(said: list[Record]) -> None:
    fields: Record = {
        "name": "jmespath:name",
        "stock": "jmespath:stock",
        "tags": {"jmespath": "tags", "many": True},
    }
    linked = [{"@type": "Product", **one} for one in said]
    scripts = (
        f"<script type='application/ld+json'>{script(linked)}</script>"
        f"<script id=state type='application/json'>{script({'items': said})}</script>"
        f"<script>var x = 1; window.__STATE__ = {script({'list': said})};</script>"
        f"<script type='application/json'>{script({'second': said})}</script>"
        f"<script>push({{event: 1}}); push({script({'pushed': said})});</script>"
        f'<script>f({{a: 1, "inner": {script(said)}}});</script>'
        f"<script>window.text = JSON.parse({script(json.dumps(said))})</script>"
        f"<main data-props='{escape(json.dumps({'carried': said}))}'></main>"
    )

    assert records(
        read(page(json.dumps({"items": said}), "application/json"), fields, "jmespath:items")
    ) == told(said)
    for row in (
        "jmespath:[?\"@type\"=='Product']",
        "json:script#state -> items",
        "json:window.__STATE__ = -> list",
        "json:2 -> second",
        "json:push( -> pushed",
        'json:"inner": -> []',
        "json:window.text = -> []",
        "json:main::attr(data-props) -> carried",
    ):
        assert records(read(page(scripts), fields, row)) == told(said), row


def script(value: object) -> str:
    """Return JSON as it may stand in a script: without what would end it."""
    return json.dumps(value).replace("<", "\\u003c")


@settings(max_examples=40)
@given(st.lists(RECORDS, max_size=3))
def test_objects_within_objects_come_in_their_order(shelves: list[list[Record]]) -> None:
    body = "".join(f"<section><h2>Shelf {n}</h2>{markup(said)}</section>" for n, said in enumerate(shelves))
    fields: Record = {
        "title": "h2",
        "things": {"css": ".card", "many": True, "fields": {"name": "h3", "tag": {"css": "i"}}},
    }
    expected = [
        {
            "title": f"Shelf {n}",
            "things": [
                {"name": one["name"], **({"tag": one["tags"][0]} if one["tags"] else {})} for one in said
            ],
        }
        for n, said in enumerate(shelves)
    ]

    assert records(read(page(body), fields, "section")) == told_within(expected)


def told_within(said: list[Record]) -> list[Record]:
    return [one if one["things"] else {"title": one["title"]} for one in said]


RULES = st.fixed_dictionaries(
    {},
    optional={
        "min": st.integers(0, 12),
        "max": st.integers(12, 30),
        "min_length": st.integers(0, 1),
        "max_length": st.integers(1, 2),
        "pattern": st.sampled_from(["^1", "[05]$", "7"]),
        "one_of": st.lists(st.integers(0, 30), min_size=1, max_size=9),
    },
)


def keeps(value: int, rules: Record) -> bool:
    """Say by a plain model whether a value is stored; the patterns are those of RULES."""
    text = str(value)
    matches = {"^1": text[0] == "1", "[05]$": text[-1] in "05", "7": "7" in text}
    return (
        rules.get("min", 0) <= value <= rules.get("max", value)
        and rules.get("min_length", 0) <= len(text) <= rules.get("max_length", 9)
        and matches.get(rules.get("pattern", ""), True)
        and value in rules.get("one_of", [value])
    )


@given(
    st.lists(st.integers(0, 30) | st.just("away") | st.none(), max_size=6),
    RULES,
    st.sampled_from([{}, {"required": True}, {"default": -1}]),
)
def test_a_value_is_stored_where_it_keeps_every_rule_and_else_is_a_problem(
    said: list[int | str | None], rules: Record, otherwise: Record
) -> None:
    body = "".join(
        f"<li><a>{n}</a>{'' if value is None else f'<b>{value}</b>'}" for n, value in enumerate(said)
    )
    fields: Record = {"n": "a", "value": {"css": "b", "type": "integer", **rules, **otherwise}}
    expected: list[Record] = []
    for n, value in enumerate(said):
        if isinstance(value, int) and keeps(value, rules):
            expected.append({"n": str(n), "value": value})
        elif "required" not in otherwise:
            expected.append({"n": str(n), **({"value": -1} if "default" in otherwise else {})})
    wrong = [
        value for value in said if value is not None and not (isinstance(value, int) and keeps(value, rules))
    ]
    missing = sum(value is None for value in said) if "required" in otherwise else 0

    found = read(page(body), fields, "li")
    assert records(found) == expected
    assert sum(isinstance(one, Problem) for one in found) == len(wrong) + missing


@settings(max_examples=40)
@given(st.lists(st.text("ab/?=1", min_size=1, max_size=5), max_size=3), st.booleans())
def test_the_next_page_is_the_first_link_that_the_selector_finds(paths: list[str], is_json: bool) -> None:
    at = [f"https://shop.example/{path}" for path in paths]
    if is_json:
        found = page(
            json.dumps({"items": [{"n": 1}], "links": {"next": at[0] if at else None}}), "application/json"
        )
        given_, row, fields = {"next": "jmespath:links.next"}, "jmespath:items", {"n": "jmespath:n"}
    else:
        found = page("<li>1" + "".join(f"<a rel=next href='{url}'>more</a>" for url in at))
        given_, row, fields = {"next": "a[rel=next]"}, "li", {"n": "xpath:text()"}
    links = [one for one in read(found, fields, row, given_) if isinstance(one, Link)]

    assert [one.url for one in links] == at[:1]
    assert all(one.continues for one in links)
