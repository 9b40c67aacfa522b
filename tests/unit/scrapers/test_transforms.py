"""Transforms and rules of declared fields: what each makes of a text, in which order, and what it refuses."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from scrapers.fields import DeclaredRecords, InvalidFields, parse
from scrapers.fields.transforms import MAX_CHARACTERS, STEPS, read_step, transformed
from scrapers.fields.types import BadValue
from scrapers.page import Page, Problem, Scraped

BODY = """<html lang="de"><body><h1> Großer  Name </h1><p class=tags>a, B ,, c</p><i>1</i><i>2</i><i>x</i>
<b>1.234,50 €</b><time>3. Mai 2024 10:00</time><a href="../p">Link</a>
<div class=d>Text <em>kursiv</em><script>no()</script> <a href="x">hier</a><ul><li>eins</ul></div></body>"""


def read(field: dict[str, Any], body: str = BODY) -> tuple[Any, list[tuple[str, str]]]:
    page = Page(url="https://shop.example/a/", body=body.encode(), headers={"content-type": "text/html"})
    found = list(DeclaredRecords(schema=parse(fields={"x": field})).parse(page))
    values = [one.data["x"] for one in found if isinstance(one, Scraped)]
    return (
        values[0] if values else None,
        [(one.code, one.message) for one in found if isinstance(one, Problem)],
    )


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ({"css": "h1", "transform": ["upper"]}, "GROSSER NAME"),
        ({"css": "h1", "transform": ["lower", {"strip": "eg"}]}, "roßer nam"),
        ({"css": ".tags", "transform": [{"split": ","}]}, ["a", "B", "c"]),
        ({"css": ".tags", "transform": [{"split": ","}, "lower", {"slice": [1, None]}]}, ["b", "c"]),
        ({"css": ".tags", "transform": [{"split": ","}, {"slice": -1}]}, "c"),
        ({"css": ".tags", "transform": [{"split": ","}, {"join": "|"}]}, "a|B|c"),
        ({"css": "i", "transform": [{"join": "-"}]}, "1-2-x"),
        ({"css": "i", "many": True, "transform": [{"slice": 0}]}, ["1", "2", "x"]),
        ({"css": "h1", "transform": [{"slice": [0, 3]}]}, "Gro"),
        ({"css": "h1", "transform": [{"replace": ["(\\S+) (\\S+)", "\\2, \\1"]}]}, "Name, Großer"),
        ({"css": "h1", "transform": [{"replace": ["z*", "."]}, {"slice": [0, 4]}]}, ".G.r"),
        ({"css": "b", "transform": ["number"]}, 1234.5),
        ({"css": "b", "transform": ["price"]}, {"amount": 1234.5, "currency": "€"}),
        ({"css": "b", "transform": [{"price": "currency"}]}, "€"),
        ({"css": "b", "transform": [{"price": "amount"}]}, 1234.5),
        ({"css": "time", "transform": ["date"]}, "2024-05-03T10:00:00"),
        (
            {"css": "time", "transform": [{"date": {"languages": ["fr", "de"], "timezone": "Asia/Tokyo"}}]},
            "2024-05-03T10:00:00+09:00",
        ),
        ({"css": "a", "transform": ["url"]}, "https://shop.example/p"),
        ({"css": ".d ul", "as": "html"}, "<li>eins</li>"),
        ({"css": ".d", "as": "markdown"}, "Text *kursiv* [hier](https://shop.example/a/x)\n\n* eins"),
        ({"css": ".d li", "as": "text"}, "eins"),
        ({"css": "i", "transform": [{"strip": "12x"}]}, None),
    ],
)  # fmt: skip
def test_steps_are_applied_in_their_order(field: dict[str, Any], expected: Any) -> None:
    assert read(field) == (expected, [])


def test_markup_is_the_same_on_either_tree() -> None:
    lexbor, _ = read({"css": ".d", "as": "markdown"})
    assert read({"xpath": "//div", "as": "markdown"})[0] == lexbor
    assert read({"xpath": "//div/em", "as": "html"}, BODY.replace("kursiv", "1 &lt; 2"))[0] == "1 &lt; 2"


@pytest.mark.parametrize(
    ("field", "code", "words"),
    [
        ({"css": "h1", "transform": ["number"]}, "bad_type", "is not a number"),
        ({"css": "h1", "transform": ["date"]}, "bad_type", "is not a date"),
        ({"css": "i", "transform": [{"price": "currency"}]}, "bad_type", "names no currency"),
        ({"css": "h1", "transform": [{"split": "x"}, {"slice": 5}]}, "bad_type", "nothing at 5"),
        ({"jmespath": "@", "transform": ["lower"]}, "", ""),
        ({"css": "b", "type": "price", "max": 1000}, "invalid_value", "is more than 1000"),
        ({"css": "b", "type": "price", "min": 2000}, "invalid_value", "is less than 2000"),
        ({"css": "b", "transform": ["price"], "min": 2000}, "invalid_value", "is less than 2000"),
        ({"css": "h1", "min": 1}, "invalid_value", "is no number"),
        ({"css": "h1", "min_length": 20}, "invalid_value", "shorter than 20"),
        ({"css": "h1", "max_length": 3}, "invalid_value", "longer than 3"),
        ({"css": "h1", "pattern": "^\\d+$"}, "invalid_value", "does not match"),
        ({"css": "h1", "one_of": ["a", 1, True]}, "invalid_value", "none of those"),
    ],
)
def test_value_that_fails_is_missing_and_told(field: dict[str, Any], code: str, words: str) -> None:
    value, problems = read(field)
    assert value is None
    assert all(said == code and words in message for said, message in problems)
    assert bool(problems) == bool(code)


def test_values_within_the_rules_are_kept() -> None:
    field = {"css": "i", "many": True, "type": "integer", "min": 2, "max": 2, "one_of": [2, 3]}
    value, problems = read(field)
    assert value == [2]
    assert [code for code, _ in problems] == ["invalid_value", "bad_type"]


def test_default_stands_in_for_what_a_rule_refuses() -> None:
    page = Page(url="https://a.example/", body=BODY.encode(), headers={"content-type": "text/html"})
    fields = {"x": {"css": "b", "type": "price", "max": 1, "default": None}, "y": "h1"}
    found = list(DeclaredRecords(schema=parse(fields=fields)).parse(page))
    assert Scraped(data={"x": None, "y": "Großer Name"}) in found


@pytest.mark.parametrize(
    ("field", "path", "words"),
    [
        ({"transform": "lower"}, "transform", "must be a list"),
        ({"transform": ["lower"] * 21}, "transform", "at most 20"),
        ({"transform": ["lower", "nope"]}, "transform.1", "known are date, join"),
        ({"transform": [{"lower": 1}]}, "transform.0", "takes no argument"),
        ({"transform": ["replace"]}, "transform.0", "needs an argument"),
        ({"transform": [{"a": 1, "b": 2}]}, "transform.0", "name of a transform"),
        ({"transform": [{"split": ""}]}, "transform.0", "1 to 100 characters"),
        ({"transform": [{"replace": ["(", ""]}]}, "transform.0", "RE2"),
        ({"transform": [{"replace": ["(a)", "\\2"]}]}, "transform.0", "group"),
        ({"transform": [{"slice": [0, 1, 2]}]}, "transform.0", "whole number"),
        ({"transform": [{"slice": [0, "a"]}]}, "transform.0", "whole numbers"),
        ({"transform": [{"price": "both"}]}, "transform.0", "amount or currency"),
        ({"transform": [{"date": {"timezone": "Mars/Base"}}]}, "transform.0", "IANA"),
        ({"transform": [{"date": {"languages": ["german"]}}]}, "transform.0", "such as en"),
        ({"min": "1"}, "min", "must be a number"),
        ({"max": 10**400}, "max", "must be a number"),
        ({"min": 2, "max": 1}, "min", "is more than max"),
        ({"min_length": 2, "max_length": 1}, "min_length", "is more than max_length"),
        ({"max_length": 1.5}, "max_length", "whole number"),
        ({"pattern": "("}, "pattern", "RE2"),
        ({"one_of": []}, "one_of", "1 to 1,000"),
        ({"one_of": [[]]}, "one_of", "texts, numbers"),
        ({"as": "xml"}, "as", "one of text, html, markdown"),
        ({"as": "html", "type": "text"}, "as", "a type"),
        ({"as": "html", "attr": "x"}, "as", "an attribute"),
    ],
)
def test_mistake_is_reported_at_its_place(field: dict[str, Any], path: str, words: str) -> None:
    with pytest.raises(InvalidFields) as caught:
        parse(fields={"x": {"css": "h1", **field}})
    ((place, message),) = caught.value.problems
    assert place == f"fields.x.{path}"
    assert words in message


@pytest.mark.parametrize("said", [{"replace": ["z*", "x" * 200]}, {"join": "y" * 100}, "upper"])
def test_output_is_bounded(said: Any) -> None:
    page = Page(url="https://a.example/", body=b"")
    texts: Any = ["x" * 100_000] * 10 if said != "upper" else "ß" * MAX_CHARACTERS
    steps = (read_step(said), read_step({"replace": ["x", "x" * 200]}))
    with pytest.raises(BadValue, match="longer than"):
        transformed(texts, steps, page=page)


_TEXTS = st.text(max_size=30)
_SAID = {
    "strip": st.just({"strip": "a"}),
    "join": st.just({"join": ", "}),
    "split": st.just({"split": ","}),
    "replace": st.sampled_from([{"replace": ["a*", "\\0b"]}, {"replace": [",", "\ud800"]}]),
    "slice": st.sampled_from([{"slice": 0}, {"slice": [-3, None]}]),
}


@given(
    value=st.one_of(
        _TEXTS, st.lists(st.one_of(_TEXTS, st.none(), st.integers(), st.just({"a": 1})), max_size=4)
    ),
    said=st.lists(
        st.sampled_from(sorted(STEPS)).flatmap(lambda name: _SAID.get(name, st.just(name))), max_size=4
    ),
)
def test_any_chain_gives_json_or_a_reason(value: Any, said: list[Any]) -> None:
    page = Page(url="https://a.example/", body=b"<p>", headers={"content-type": "text/html"})
    try:
        made = transformed(value, tuple(read_step(one) for one in said), page=page)
    except BadValue:
        return
    assert isinstance(made, str | int | float | list | dict)


@settings(max_examples=60)
@given(st.text("aB,é* ", min_size=1, max_size=9), st.integers(-5, 4), st.none() | st.integers(-5, 5))
def test_each_step_does_what_it_is_called(text: str, first: int, last: int | None) -> None:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    expected: list[tuple[Any, Any]] = [
        ("strip", text.strip()),
        ({"strip": "a*"}, text.strip("a*")),
        ("lower", text.lower()),
        ("upper", text.upper()),
        ({"slice": [first, last]}, text[first:last]),
        ({"slice": [None, last]}, text[:last]),
        ({"split": ","}, parts),
        ("split", text.split()),
        ({"replace": ["B+", "<\\0>"]}, re.sub("B+", r"<\g<0>>", text)),
    ]
    page = Page(url="https://a.example/", body=b"")
    for said, made in expected:
        assert transformed(text, (read_step(said),), page=page) == made, said
    joined = (read_step({"split": ","}), read_step({"join": "+"}))
    assert transformed(text, joined, page=page) == "+".join(parts)


@given(st.decimals(0, 10**6, places=2), st.sampled_from(["€", "EUR", "$", "Kč"]), st.booleans())
def test_price_is_taken_apart_however_it_is_written(amount: Decimal, currency: str, first: bool) -> None:
    text = f"{currency} {amount:,}" if first else f"{amount:,} {currency}"
    page = Page(url="https://a.example/", body=b"")
    whole = {"amount": float(amount), "currency": currency}

    assert transformed(text, (read_step("price"),), page=page) == whole
    for part, value in whole.items():
        assert transformed(text, (read_step({"price": part}),), page=page) == value


@settings(max_examples=40)
@given(
    st.integers(-(10**9), 4 * 10**9).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    st.sampled_from(["Europe/Berlin", "Asia/Tokyo"]),
)
def test_moment_without_an_offset_is_one_of_the_time_zone(at: datetime, zone: str) -> None:
    page = Page(url="https://a.example/", body=b"")
    said = at.replace(tzinfo=None)
    (step,) = (read_step({"date": {"timezone": zone}}),)

    assert (
        transformed(said.isoformat(), (step,), page=page) == said.replace(tzinfo=ZoneInfo(zone)).isoformat()
    )
    assert transformed(f"{said.isoformat()}+00:00", (step,), page=page) == f"{said.isoformat()}+00:00"
    assert transformed(str(said.date()), (step,), page=page) == str(said.date())


@given(st.from_regex(r"[a-z0-9]{1,8}(/[a-z0-9]{1,8}){0,3}", fullmatch=True))
def test_address_is_that_which_a_link_leads_to(path: str) -> None:
    page = Page(url="https://a.example/b/c", body=b"")
    made = [transformed(said, (read_step("url"),), page=page) for said in (path, f"/{path}", f"../{path}")]
    assert made == [f"https://a.example/b/{path}", f"https://a.example/{path}", f"https://a.example/{path}"]
