"""Types of declared fields: what text becomes, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapers.fields.types import BadValue, Kind, convert, fits, parse_number
from scrapers.page import Page

PAGE = Page(url="https://shop.example/a/", body=b"<html lang=de>", headers={"content-type": "text/html"})


@pytest.mark.parametrize(
    ("kind", "raw", "expected"),
    [
        ("text", "  two\n words ", "two words"),
        ("text", 3, "3"),
        ("text", True, "true"),
        ("integer", "1.234 Stück", 1234),
        ("integer", "1,234", 1234),
        ("integer", 7.0, 7),
        ("number", "1.234", 1.234),
        ("number", "about 1,234.50 m", 1234.5),
        ("number", "1.234,50", 1234.5),
        ("number", "−3,5 °C", -3.5),
        ("number", "12", 12),
        ("number", 1e-3, 0.001),
        ("price", "1.234,50 €", 1234.5),
        ("price", "$1,234", 1234.0),
        ("price", "EUR 12", 12.0),
        ("price", 12, 12),
        ("date", "1. März 2024", "2024-03-01"),
        ("url", "../b", "https://shop.example/b"),
        ("boolean", "In stock", True),
        ("boolean", "https://schema.org/OutOfStock", False),
        ("boolean", 1, True),
        ("boolean", False, False),
    ],
)
def test_value_is_read_as_its_type(kind: str, raw: Any, expected: object) -> None:
    read = convert(Kind(kind), raw, page=PAGE)
    assert (read, type(read)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("integer", "3.5 stars"),
        ("integer", "none"),
        ("number", True),
        ("number", "9" * 400),
        ("number", float("nan")),
        ("price", "on request"),
        ("date", "soon"),
        ("url", "mailto:a@b.example"),
        ("boolean", "perhaps"),
        ("text", {"a": 1}),
        ("number", [1]),
    ],
)
def test_what_is_not_of_the_type_is_refused_with_what_was_found(kind: str, raw: Any) -> None:
    with pytest.raises(BadValue) as caught:
        convert(Kind(kind), raw, page=PAGE)
    assert len(str(caught.value)) < 120


@pytest.mark.parametrize(
    ("text", "number", "whole"),
    [
        ("1,234.5", 1234.5, 1234.5),
        ("1'234.5", 1234.5, 1234.5),
        ("1 234,5", 1234.5, 1234.5),
        ("1\u202f234", 1234, 1234),
        ("1,234", 1234, 1234),
        ("1.234", 1.234, 1234),
        ("0,234", 0.234, 0.234),
        ("1.234.567", 1234567, 1234567),
        ("12345,678", 12345.678, 12345.678),
        ("1e5", 1e5, 1e5),
        (".5", 0.5, 0.5),
        ("12 5", 12, 12),
        ("5 000 123", 5000123, 5000123),
        ("4.5 123 reviews", 4.5, 4.5),
        ("1234 567", 1234, 1234),
        ("1 2345", 1, 1),
        ("No.5", 5, 5),
        ("Rs.500", 500, 500),
        ("Rs. 1,23,456.50", 123456.5, 123456.5),
        ("CHF 12.–", 12, 12),
        ("$.99", 0.99, 0.99),
        ("none", None, None),
    ],
)
def test_separators_are_told_apart(text: str, number: float | None, whole: float | None) -> None:
    assert (parse_number(text), parse_number(text, whole=True)) == (number, whole)


@given(st.integers(min_value=-(10**12), max_value=10**12), st.sampled_from([",", ".", "'", " "]))
def test_grouped_whole_numbers_keep_their_value(value: int, separator: str) -> None:
    assert parse_number(f"{value:,}".replace(",", separator), whole=True) == value


@given(st.sampled_from(Kind), st.text(max_size=40) | st.floats() | st.booleans() | st.none() | st.integers())
def test_conversion_gives_its_type_or_refuses(kind: Kind, raw: Any) -> None:
    if kind is Kind.DATE:
        return
    try:
        read = convert(kind, raw, page=PAGE)
    except BadValue:
        return
    assert fits(kind, read)
