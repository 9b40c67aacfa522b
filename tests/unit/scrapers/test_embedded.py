"""JSON that pages carry in scripts and attributes: where it is found, and what of it cannot be read."""

from __future__ import annotations

import json
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from scrapers.fields import DeclaredRecords, InvalidFields, parse
from scrapers.page import Page, Problem, Scraped
from scrapers.page.embedded import values_after

STATE = '{"items": [{"name": "A", "price": 1}, {"name": "B", "price": 2}], "page": {"no": 3}}'
PAGE = f"""<html><body>
<script type="text/javascript">var other = {{a: 1}};</script>
<script type="application/json">{{"first": true}}</script>
<script id="state" type="application/json">{STATE}</script>
<script>window.before == {{}}; window.__STATE__ = {STATE}; go(window.__STATE__);</script>
<ul><li data-product='{{"sku": "a-1"}}'>A</li><li data-product='{{"sku": "b-2"}}'>B</li><li>C</li></ul>
</body></html>"""


def records(body: str, fields: dict[str, Any], row: str = "") -> tuple[list[Any], list[str]]:
    found = list(
        DeclaredRecords(schema=parse(fields=fields, row=row)).parse(
            Page(url="https://shop.example/", body=body.encode(), headers={"content-type": "text/html"})
        )
    )
    items = [one.data for one in found if isinstance(one, Scraped)]
    return items, [one.message for one in found if isinstance(one, Problem)]


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("json:script#state -> page.no", 3),
        ("json:2 -> page.no", 3),
        ("json:1", {"first": True}),
        ("json:window.__STATE__ = -> items[1].name", "B"),
        ("json:window.__STATE__= -> items[1].name", "B"),
        ("json:li::attr(data-product) -> sku", "a-1"),
        ("json:script[type='application/json'] -> first", True),
        ("json:3 -> a", None),
        ("json:__STATE__ = -> a", None),
        ("json:window.before = -> a", None),
        ("json:script#none -> a", None),
    ],
)
@pytest.mark.parametrize("tree", ["lexbor", "lxml"])
def test_value_is_found_where_the_source_says(selector: str, expected: Any, tree: str) -> None:
    also = {"also": "xpath://body/@id"} if tree == "lxml" else {}
    items, problems = records(PAGE, {"x": selector, **also})
    assert (items[0]["x"] if items else None) == expected
    assert problems == []


def test_rows_may_be_members_of_a_state() -> None:
    fields = {"name": "jmespath:name", "price": {"jmespath": "price", "type": "number"}}
    items, _ = records(PAGE, fields, row="json:window.__STATE__ = -> items")
    assert items == [{"name": "A", "price": 1}, {"name": "B", "price": 2}]


def test_each_row_may_carry_its_own() -> None:
    items, _ = records(PAGE, {"name": ":scope", "sku": "json:::attr(data-product) -> sku"}, row="li")
    assert items == [{"name": "A", "sku": "a-1"}, {"name": "B", "sku": "b-2"}, {"name": "C"}]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("state = {'no': 1}; state = [1, 2,];", [1, 2]),
        ('state={"a": undefined, "b": "undefined"}', {"a": None, "b": "undefined"}),
        ('state = {"a": "}{\\"]"} + more', {"a": '}{"]'}),
        (r'state = JSON.parse("{\"a\": \"\\u00e9\"}");', {"a": "é"}),
        (r"""state = JSON . parse( '{"a": "it\'s \x41", "b": "\\n\ud83d\ude00"}')""",
         {"a": "it's A", "b": "\n😀"}),
        ("mystate = [1]; $state = [2]; x.state = [3]", None),
        ("state => [1]; state == [2]", None),
        ("state = [1", None),
        ("state = JSON.parse(text)", None),
        ("state = function () { return [1] }", None),
    ],
)  # fmt: skip
def test_text_after_a_name_is_read_and_never_run(source: str, expected: Any) -> None:
    assert next(values_after("state =", source), None) == expected


def test_argument_of_a_call_is_read() -> None:
    assert list(values_after("dataLayer.push (", 'dataLayer.push({"a": 1}); dataLayer.push({b: 2})')) == [
        {"a": 1}
    ]


def test_value_of_a_key_is_read_wherever_that_stands() -> None:
    source = 'f({a: 1, "items" : [{"n": 1}]}); g({"items":[2], "subitems": [3]})'
    assert list(values_after('"items":', source)) == [[{"n": 1}], [2]]


def test_text_of_nothing_but_openings_ends_soon() -> None:
    for text in ('"' + '\\"' * 300_000, "[" * 300_000, "state = " * 100_000, "state" + " " * 300_000):
        assert list(values_after("state =", f"state = {{{text}")) == []


def test_broken_script_is_a_problem_of_its_field() -> None:
    items, problems = records(PAGE, {"x": "json:script -> a", "name": "li"})
    assert items == [{"name": "A"}]
    assert problems == ["field x: not JSON, even with the usual mistakes forgiven"]
    assert records(PAGE, {"x": "jmespath:a"}, row="json:script -> a")[1] == [
        "row: not JSON, even with the usual mistakes forgiven"
    ]


@pytest.mark.parametrize(
    ("selector", "words"),
    [
        ("-> a", "says not where"),
        ("script -> ", "needs JMESPath"),
        ("script -> [", "is not JMESPath"),
        ("script[ -> a", "is not a CSS selector"),
        ("0 -> a", "from 1 to 999"),
        ("1000 -> a", "from 1 to 999"),
        ("= -> a", "needs a name"),
        ("a" * 200 + "= -> a", "more than 200"),
    ],
)
def test_mistake_is_told(selector: str, words: str) -> None:
    with pytest.raises(InvalidFields) as caught:
        parse(fields={"x": {"json": selector}})
    ((path, message),) = caught.value.problems
    assert path == "fields.x.json"
    assert words in message


def test_value_that_a_script_sets_is_parsed_once_for_all_fields() -> None:
    page = Page(url="https://s.test/", body=b"<script>s = {}; t = [1]</script>")
    assert page.embedded.after("t =") == [1]
    assert page.embedded.after("t =") is page.embedded.after("t =")
    assert page.embedded.after("u =") is None


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(value=st.lists(_JSON, max_size=3) | st.dictionaries(st.text(), _JSON, max_size=3), after=st.text())
def test_whatever_is_assigned_is_read_back(value: Any, after: str) -> None:
    source = f"var a = 1; window.state = {json.dumps(value)};{after}"
    assert next(values_after("window.state =", source)) == value
