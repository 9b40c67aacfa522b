"""Canonical URLs: what is one, what is none, and when two are the same."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crawler.urls import BadUrl, canonical, left_out, registrable_domain


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://Example.ORG", "https://example.org/"),
        ("HTTP://example.org:80/a/../b/./c", "http://example.org/b/c"),
        ("https://example.org:8443/", "https://example.org:8443/"),
        ("  https://exa\nmple.org/a b\t", "https://example.org/a%20b"),
        ("https:\\\\example.org\\x", "https://example.org/x"),
        ("https://example.org/caf\u00e9?q=\u00e9", "https://example.org/caf%C3%A9?q=%C3%A9"),
        ("https://b\u00fccher.example/", "https://xn--bcher-kva.example/"),
        ("https://\u2603.net/", "https://xn--n3h.net/"),
        ("http://0x7f.1/", "http://127.0.0.1/"),
        ("http://2130706433/", "http://127.0.0.1/"),
        ("http://[::FFFF:127.0.0.1]/", "http://[::ffff:7f00:1]/"),
        ("https://example.org/page#part", "https://example.org/page"),
        ("https://example.org/?b=2&a=1", "https://example.org/?b=2&a=1"),
        ("https://:@example.org/", "https://example.org/"),
    ],
)
def test_spellings_become_one(url: str, expected: str) -> None:
    assert canonical(url).text == expected


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("next", "https://example.org/docs/next"),
        ("/top?x=1#y", "https://example.org/top?x=1"),
        ("//other.example/", "https://other.example/"),
        ("?page=2", "https://example.org/docs/index.html?page=2"),
        ("", "https://example.org/docs/index.html"),
        ("http://plain.example", "http://plain.example/"),
    ],
)
def test_link_is_read_on_its_page(link: str, expected: str) -> None:
    assert canonical(link, base="https://example.org/docs/index.html").text == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?utm_source=x", ""),
        ("?a=1&utm_source=x&b=2&UTM_Medium=y", "?a=1&b=2"),
        ("?gclid=1&fbclid=2&msclkid=3&_ga=4&mc_eid=5", ""),
        ("?gclid", ""),
        ("?autm_x=1&gclids=2&ga=3", "?autm_x=1&gclids=2&ga=3"),
        ("?a&&b=", "?a&&b="),
        ("?", "?"),
    ],
)
def test_tracking_parameters_are_dropped_and_the_order_kept(query: str, expected: str) -> None:
    assert canonical(f"https://example.org/x{query}").text == f"https://example.org/x{expected}"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.org/?a=1&utm_source=x&GCLID=2&utm_source=y#z", ("utm_source", "GCLID", "#")),
        ("https://example.org/?a=1", ()),
        ("https://example.org", ()),
    ],
)
def test_what_the_canonical_form_lacks_is_named(url: str, expected: tuple[str, ...]) -> None:
    assert left_out(url) == expected


def test_tracking_parameters_can_be_kept() -> None:
    assert canonical("https://example.org/?utm_id=1", keep_tracking=True).text.endswith("?utm_id=1")


def test_parts_are_those_of_the_canonical_form() -> None:
    url = canonical("HTTPS://Example.org:8443/a/b?c=d#e")

    assert (url.origin, url.host, url.path) == ("https://example.org:8443", "example.org", "/a/b")
    assert url.key == hashlib.sha256(b"https://example.org:8443/a/b?c=d").digest()[:16]


def test_address_in_brackets_is_the_host() -> None:
    url = canonical("http://[2001:DB8::1]:8080/")

    assert (url.origin, url.host) == ("http://[2001:db8::1]:8080", "[2001:db8::1]")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("example.org/page", "write it with its scheme"),
        ("localhost:8000/", "http://localhost:8000/"),
        ("", "write it with its scheme"),
        ("https://", "check its host name"),
        ("http://exa mple.org/", "check its host name"),
        ("http://example.org:99999/", "port"),
        ("ftp://example.org/", "only http and https"),
        ("javascript:alert(1)", "only http and https"),
        ("data:text/html,x", "only http and https"),
        ("https://user@example.org/", "user name"),
        ("https://:secret@example.org/", "user name"),
        ("https://example.org@127.0.0.1/", "user name"),
        ("https://xn--pokxncvks.example/", "Punycode"),
        ("https://xn--/", "Punycode"),
        ("https://example.org/" + "a" * 2_048, "at most 2,048"),
        ("https://example.org/\ud800", "not a valid URL"),
    ],
)
def test_what_cannot_be_fetched_is_refused_with_advice(url: str, message: str) -> None:
    with pytest.raises(BadUrl, match=message):
        canonical(url)


def test_longest_url_is_taken() -> None:
    text = "https://example.org/" + "a" * (2_048 - len("https://example.org/"))

    assert canonical(text).text == text


_URLS = st.builds(
    "{}://{}{}/{}?{}#{}".format,
    st.sampled_from(["http", "https", "HTTP"]),
    st.sampled_from(
        ["example.org", "EXAMPLE.org", "[::1]", "127.1", "b\u00fccher.de", "xn--n3h.net", "a_b.c"]
    ),
    st.sampled_from(["", ":80", ":443", ":8080", ":"]),
    st.text(max_size=40),
    st.text(max_size=40),
    st.text(max_size=5),
)


@given(_URLS)
@example("http://example.org/?utm_source=1&utm_source=2?utm_medium")
def test_canonical_form_is_its_own(text: str) -> None:
    once = canonical(text)

    assert canonical(once.text) == once


@given(_URLS)
@example("http:\\\\example.org\\a\tb\r\n\x00\x7f\u2028 c")
def test_nothing_that_other_parsers_cut_at_is_left_in_host_and_path(text: str) -> None:
    assert re.fullmatch(r"[!-\[\]-~]+", canonical(text).text.partition("?")[0])


@given(_URLS)
def test_host_survives_as_other_parsers_see_it(text: str) -> None:
    once = canonical(text)
    seen = urlsplit(once.text)

    assert seen.hostname == once.host.strip("[]")
    assert f"{seen.scheme}://{seen.netloc}" == once.origin


@given(st.text(max_size=60))
def test_any_text_is_a_url_or_refused(text: str) -> None:
    try:
        url = canonical(text)
    except BadUrl:
        return
    assert url.text.startswith(("http://", "https://"))


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("example.org", "example.org"),
        ("www.shop.example.org", "example.org"),
        ("a.b.example.co.uk", "example.co.uk"),
        ("someone.github.io", "someone.github.io"),
        ("pages.someone.github.io", "someone.github.io"),
        ("co.uk", "co.uk"),
        ("localhost", "localhost"),
        ("127.0.0.1", "127.0.0.1"),
        ("[::1]", "[::1]"),
        ("xn--85x722f.xn--55qx5d.cn", "xn--85x722f.xn--55qx5d.cn"),
    ],
)
def test_registrable_domain_is_what_somebody_registered(host: str, expected: str) -> None:
    assert registrable_domain(host) == expected
