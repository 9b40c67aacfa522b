"""Declared fields: what is refused and where, and what the accepted ones read."""

from __future__ import annotations

from typing import Any

import pytest

from scrapers.fields import DeclaredRecords, InvalidFields, parse
from scrapers.page import Page, Problem, Scraped

URL = "https://shop.example/a/"


def mistakes(fields: object, row: object = "") -> dict[str, str]:
    with pytest.raises(InvalidFields) as caught:
        parse(fields=fields, row=row)
    return dict(caught.value.problems)


def records(
    body: str, fields: dict[str, Any], row: str = "", content_type: str = "text/html"
) -> tuple[list[dict[str, Any]], list[tuple[str, str | None]]]:
    scraper = DeclaredRecords(schema=parse(fields=fields, row=row))
    page = Page(url=URL, body=body.encode(), headers={"content-type": content_type})
    found = list(scraper.parse(page))
    return (
        [one.data for one in found if isinstance(one, Scraped)],
        [(one.code, one.field) for one in found if isinstance(one, Problem)],
    )


def first(body: str, field: object, content_type: str = "text/html") -> Any:
    items, _ = records(body, {"x": field}, content_type=content_type)
    return items[0]["x"] if items else None


@pytest.mark.parametrize(
    ("field", "path", "words"),
    [
        (1, "fields.x", "must be an object"),
        ({}, "fields.x", "needs one of"),
        ({"css": "a", "xpath": "//a"}, "fields.x", "only one can select"),
        ({"css": 1}, "fields.x.css", "must be text"),
        ({"css": " "}, "fields.x.css", "is empty"),
        ({"css": "a["}, "fields.x.css", "is not a CSS selector"),
        ({"css": "a:no-such-thing"}, "fields.x.css", "is not a CSS selector"),
        ("//h1", "fields.x.css", "looks like XPath"),
        ("css:a\ud800", "fields.x.css", "half a character"),
        ("css:" + "a" * 1001, "fields.x.css", "longer than 1000"),
        ("xpath://a[", "fields.x.xpath", "is not XPath 1.0"),
        ("xpath:$x", "fields.x.xpath", "undefined variable"),
        ("xpath:re:test(., 'a')", "fields.x.xpath", "undefined namespace"),
        ("xpath:document('/etc/passwd')", "fields.x.xpath", "unregistered function"),
        ("re:(", "fields.x.re", "is not an RE2 pattern"),
        ("re:a(?=b)", "fields.x.re", "look-ahead"),
        ("re:(?<!a)b", "fields.x.re", "look-ahead or look-behind"),
        (r"re:(a)\1", "fields.x.re", "back-reference"),
        ("re:" + "a" * 501, "fields.x.re", "longer than 500"),
        ("jmespath:[", "fields.x.jmespath", "is not JMESPath"),
        ({"css": "a", "type": "float"}, "fields.x.type", "must be one of text, integer"),
        ({"css": "a", "type": []}, "fields.x.type", "must be one of"),
        ({"css": "a", "many": 1}, "fields.x.many", "true or false"),
        ({"css": "a", "attr": ""}, "fields.x.attr", "name of an attribute"),
        ({"re": "a", "attr": "href"}, "fields.x.attr", "css and xpath only"),
        ({"css": "a::attr(href)", "attr": "href"}, "fields.x.attr", "one of them"),
        ({"css": "a", "nope": 1}, "fields.x.nope", "is unknown"),
        ({"css": "a", "required": True, "default": "x"}, "fields.x.default", "never used"),
        ({"css": "a", "type": "integer", "default": "x"}, "fields.x.default", "of type integer"),
        ({"css": "a", "many": True, "default": "x"}, "fields.x.default", "a list"),
        ({"css": "a", "fields": {}}, "fields.x.fields", "at least one field"),
        ({"css": "a", "fields": {"y": 3}}, "fields.x.fields.y", "must be an object"),
        ({"re": "a", "fields": {"y": "b"}}, "fields.x.fields", "cannot select inside"),
        ({"css": "a", "type": "text", "fields": {"y": "b"}}, "fields.x.type", "does not go with fields"),
        ({"many": True, "fields": {"y": "b"}}, "fields.x.many", "needs a selector"),
    ],
)
def test_mistake_is_reported_at_its_place(field: object, path: str, words: str) -> None:
    found = mistakes({"x": field})
    assert words in found[path]


@pytest.mark.parametrize("name", ["", " ", "_url", "a.b", "a\nb", "x" * 101])
def test_bad_name_is_refused(name: str) -> None:
    assert len(mistakes({name: "h1"})) == 1


def test_every_mistake_is_reported_at_once() -> None:
    found = mistakes({"a": "css:[", "b": {"type": "x"}, "c": "re:("}, row="re:x")
    assert set(found) == {"row", "fields.a.css", "fields.b", "fields.b.type", "fields.c.re"}


@pytest.mark.parametrize("fields", [None, [], "x", 3, {}])
def test_fields_must_be_a_filled_object(fields: object) -> None:
    assert set(mistakes(fields)) == {"fields"}


def test_nesting_and_number_are_bounded() -> None:
    deep: dict[str, Any] = {"a": "h1"}
    for _ in range(9):
        deep = {"a": {"fields": deep}}
    assert "nested deeper" in next(iter(mistakes(deep).values()))
    assert "more than 200" in mistakes({f"f{n}": "h1" for n in range(201)})["fields"]


def test_css_of_selectolax_alone_cannot_be_mixed_with_xpath() -> None:
    found = mistakes({"a": "p:lexbor-contains('x')", "b": "xpath://p"})
    assert "cannot be mixed" in found["fields"]


def test_text_is_tidied_and_blocks_are_kept_apart() -> None:
    body = "<div> A <b>b</b>old<br>line<p>para</p>tail<script>no()</script></div>"
    assert first(body, "div") == first(body, "xpath://div") == "A bold line para tail"


def test_script_selected_by_name_gives_its_text() -> None:
    assert first("<script>x = 1</script>", "script") == first("<script>x = 1</script>", "xpath://script")
    assert first("<script>x = 1</script>", "script") == "x = 1"


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("a::attr(href)", "../p?x=1"),
        ({"css": "a", "attr": "HREF"}, "../p?x=1"),
        ({"css": "a", "type": "url"}, "https://shop.example/p?x=1"),
        ({"css": "a::attr(title)", "type": "integer"}, 7),
        ("xpath://a/@href", "../p?x=1"),
        ("xpath:count(//a)", 1),
        ("xpath:boolean(//table)", False),
        ("css:a::text", "Go"),
        ("meta[name=m]", "said"),
        ({"css": "time", "type": "date"}, "2024-05-01"),
        ("a:contains('Go')", "Go"),
        (r"re:title=(\d)", "7"),
        (r"re:title=\d", "title=7"),
        ({"css": "a", "attr": "none"}, None),
        ("xpath:number(//a)", None),
    ],
)
def test_selectors_read_what_they_name(field: object, expected: object) -> None:
    body = "<meta name=m content=said><a href='../p?x=1' title=7>Go</a><time datetime=2024-05-01>May</time>"
    assert first(body, field) == expected


def test_first_value_that_is_not_blank_is_taken() -> None:
    assert first("<p> </p><p>second</p>", "p") == "second"


def test_row_may_itself_be_the_field() -> None:
    items, _ = records("<li>a</li><li>b</li>", {"x": ":scope"}, row="li")
    assert items == [{"x": "a"}, {"x": "b"}]


def test_field_looks_inside_its_row_only() -> None:
    body = "<div class=r><p>1</p></div><div class=r></div><p>outside</p>"
    for row in ("div.r", "xpath://div[@class='r']"):
        assert records(body, {"x": "p"}, row=row)[0] == [{"x": "1"}]


def test_regular_expression_looks_inside_its_row_only() -> None:
    body = "<li data-id=1>a</li><li data-id=2>b</li>"
    for row in ("li", "xpath://li"):
        items, _ = records(body, {"id": {"re": r"data-id=\W?(\d)", "type": "integer"}}, row=row)
        assert items == [{"id": 1}, {"id": 2}]


def test_row_without_a_required_field_is_reported_and_not_stored() -> None:
    items, problems = records(
        "<li><b>1</b><i>a</i></li><li><i>b</i></li>",
        {"n": {"css": "b", "required": True}, "t": "i"},
        row="li",
    )
    assert items == [{"n": "1", "t": "a"}]
    assert problems == [("missing_required", "n")]


def test_required_field_of_the_wrong_type_is_reported_once() -> None:
    items, problems = records("<b>x</b>", {"n": {"css": "b", "type": "number", "required": True}})
    assert (items, problems) == ([], [("bad_type", "n")])


def test_blank_values_are_never_stored() -> None:
    assert records("<b> </b><i></i>", {"b": "b", "i": {"css": "i", "many": True}}) == ([], [])


def test_page_that_gives_only_defaults_gives_no_record() -> None:
    fields = {"a": "h1", "b": {"css": "h2", "default": "none"}}
    assert records("<p>", fields) == ([], [])
    assert records("<h1>x</h1>", fields)[0] == [{"a": "x", "b": "none"}]


def test_nested_objects_and_lists_are_built() -> None:
    items, problems = records(
        "<ul><li><b>1</b></li><li></li><li><b>3</b></li></ul><h1>T</h1>",
        {
            "all": {
                "css": "li",
                "many": True,
                "fields": {"n": {"css": "b", "type": "integer", "required": True}},
            },
            "head": {"fields": {"title": "h1"}},
        },
    )
    assert items == [{"all": [{"n": 1}, {"n": 3}], "head": {"title": "T"}}]
    assert problems == [("missing_required", "all.n")]


def test_jmespath_reads_json_ld_of_html_and_the_body_of_json() -> None:
    ld = '<script type="application/ld+json">{"a": {"b": [1, "2"]}}</script>'
    assert first(ld, "jmespath:[0].a") == {"b": [1, "2"]}
    assert first('{"a": {"b": [1, "2"]}}', "jmespath:a.b", "application/json") == [1, "2"]
    assert first(ld, {"jmespath": "[].a.b[]", "type": "integer", "many": True}) == [1, 2]
    assert first(ld, {"jmespath": "[].a.b[]", "type": "integer"}) == 1


def test_jmespath_that_fails_on_a_page_is_a_problem_of_its_field() -> None:
    items, problems = records(
        '{"a": 1, "b": 2}', {"a": "jmespath:length(a)", "b": "jmespath:b"}, "", "application/json"
    )
    assert (items, problems) == ([{"b": 2}], [("bad_type", "a")])


def test_object_where_a_number_is_declared_is_a_problem() -> None:
    _, problems = records(
        '{"a": {"b": 1}}', {"a": {"jmespath": "a", "type": "number"}}, "", "application/json"
    )
    assert problems == [("bad_type", "a")]


def test_boolean_attribute_is_true_by_being_there() -> None:
    field = {"css": "input", "attr": "checked", "type": "boolean"}
    assert first("<input checked>", field) is True
    assert first("<input checked=checked>", field) is True
    assert first("<input>", field) is None


def test_other_content_gives_no_records() -> None:
    assert records("x", {"x": {"css": "p", "required": True}}, content_type="image/png") == ([], [])


def test_cells_that_claim_a_thousand_columns_make_no_more_markdown_than_they_are() -> None:
    cells = "".join('<tr><td colspan="1000">x</td></tr>' for _ in range(50))
    page = Page(
        url="https://shop.example/",
        body=f"<table>{cells}</table>".encode(),
        headers={"content-type": "text/html"},
    )
    (found,) = DeclaredRecords(schema=parse(fields={"text": {"css": "table", "as": "markdown"}})).parse(page)

    assert isinstance(found, Scraped)
    text = str(found.data["text"])
    assert text.count("x") == 50
    assert len(text) < 1_000
