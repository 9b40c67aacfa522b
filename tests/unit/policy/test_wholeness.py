"""Bodies that nothing around them says to be whole: those are that end as documents of their kind do."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.policy.wholeness import is_whole

HTML = b"<!doctype html><html><body><p>A page</p></body></html>"
FEED = b'<?xml version="1.0"?><!-- by <hand> --><rss version="2.0"><channel><title>A</title></channel></rss>'


def told(body: bytes, content_type: str = "text/html; charset=utf-8", coding: str = "") -> bool:
    return is_whole(body, content_type=content_type, coding=coding)


@pytest.mark.parametrize(
    "body", [HTML, HTML.upper(), HTML + b"\r\n\n", HTML + b"<!-- cached --> <!-- 0.2 s -->\n"]
)
def test_page_that_ends_with_its_last_tag_is_whole(body: bytes) -> None:
    assert told(body)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "text/html"),
        (b"<p>A page without the tags that may be left out", "text/html"),
        (HTML + b"<!-- cach", "text/html"),
        (HTML + b" -->", "text/html"),
        (b"{}", "text/html"),
        (HTML, "text/plain"),
        (HTML, ""),
        (b"<a><b></b>", "application/xml"),
        (b"no element", "text/xml"),
        (b"12", "application/json"),
        (b'{"a": [1]', "application/json"),
        (b"\xff\xfe[", "application/json"),
    ],
)
def test_what_may_go_on_is_not_told_to_be_whole(body: bytes, content_type: str) -> None:
    assert not told(body, content_type)


def test_more_json_than_is_looked_through_cannot_be_told() -> None:
    body = b"[" + b" " * (4 * 1_048_576 - 2) + b"]"
    assert told(body, "application/json")
    assert not told(body + b" ", "application/json")


def test_a_coding_says_its_own_end_and_unknown_ones_do_not() -> None:
    assert told(b"plain", "text/plain", "GZIP")
    assert told(b"plain", "text/plain", "identity, br")
    assert not told(b"plain", "text/plain", "identity")
    assert not told(b"", "text/plain", "gzip")


@given(st.integers(0, len(FEED) - 1))
def test_half_a_feed_is_none(cut: int) -> None:
    assert told(FEED, "application/rss+xml")
    assert not told(FEED[:cut], "application/rss+xml")


@settings(max_examples=50)
@given(
    st.lists(st.none() | st.integers() | st.text(max_size=9), max_size=5)
    | st.dictionaries(st.text(max_size=3), st.booleans(), max_size=5),
    st.data(),
)
def test_half_a_body_of_json_is_none(value: object, data: st.DataObject) -> None:
    body = json.dumps(value).encode()
    assert told(body, "application/ld+json")
    assert not told(body[: data.draw(st.integers(0, len(body) - 1))], "application/ld+json")


def test_a_body_of_nothing_but_ends_of_comments_is_looked_through_once() -> None:
    assert not told(b"-->" * 100_000)
    assert not told(b"<!--" * 100_000 + b"-->", "text/xml")
