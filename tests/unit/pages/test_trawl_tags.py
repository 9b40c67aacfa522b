"""Tests of how pages write times, numbers, addresses and scraped values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from time_machine import travel

from webui.pages.templatetags import trawl

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "now"),
        (-2, "2 s ago"),
        (-59, "59 s ago"),
        (-61, "1 min ago"),
        (-7_200, "2 h ago"),
        (90_000, "in 1 d"),
    ],
)
def test_moments_are_told_relative_to_now(seconds: int, words: str) -> None:
    with travel(NOW, tick=False):
        told = trawl.ago(NOW + timedelta(seconds=seconds))
    assert f">{words}</time>" in told
    assert 'datetime="2026-03-0' in told


def test_a_moment_that_is_not_there_is_a_dash() -> None:
    assert "–" in trawl.ago(None)
    assert "–" in trawl.number(None)


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(seconds=0), "0 s"),
        (0.02, "20 ms"),
        (2.66, "2.7 s"),
        (60, "1 min"),
        (timedelta(hours=2, minutes=47, seconds=3), "2 h 47 min"),
        (86_400 * 3 + 5, "3 d"),
    ],
)
def test_spans_are_told_in_two_units(length: timedelta | float, words: str) -> None:
    assert trawl.span(length) == words


@pytest.mark.parametrize(
    ("value", "words"), [(0, "0"), (1_234_567, "1,234,567"), (3.14159, "3.1"), (12.7, "13"), (2.0, "2")]
)
def test_numbers_have_their_thousands_set_apart(value: float, words: str) -> None:
    assert trawl.number(value) == words


@pytest.mark.parametrize(
    ("length", "words"),
    [(0, "0 B"), (999, "999 B"), (1_500, "1.5 kB"), (285_998, "286 kB"), (5 * 10**12, "5.0 TB")],
)
def test_sizes_have_decimal_units(length: int, words: str) -> None:
    assert trawl.size(length) == words


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "data:text/html,x", "ftp://a.test/", "//a.test/", "http:", "http://[", ""],
)
def test_only_web_addresses_become_links(address: str) -> None:
    assert "<a" not in trawl.web_link(address)


def test_link_escapes_its_address_and_names_no_referrer() -> None:
    told = trawl.web_link('https://a.test/"><script>')
    assert "<script>" not in told
    assert 'rel="noopener noreferrer nofollow"' in told


@pytest.mark.parametrize(
    ("value", "shown"),
    [(True, "yes"), (12.5, "12.5"), (["a", 1], "a, 1"), ({"a": "é"}, "{&quot;a&quot;: &quot;é&quot;}")],
)
def test_cell_shows_a_value_in_one_line(value: object, shown: str) -> None:
    assert trawl.cell(value) == shown


def test_cell_cuts_what_is_long() -> None:
    assert len(trawl.cell("x" * 5_000)) == trawl.LONGEST_TEXT


def test_state_that_is_no_word_makes_no_class() -> None:
    assert '"state unknown"' in trawl.state_badge('x" onload="')


@pytest.mark.parametrize(
    ("zone", "shown"), [("Europe/Prague", "Mon 02 Mar 11:00"), ("No/Where", "Mon 02 Mar 10:00")]
)
def test_moment_in_a_zone_is_on_its_clock(zone: str, shown: str) -> None:
    assert trawl.in_zone(NOW, zone) == shown
