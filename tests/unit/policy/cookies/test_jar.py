"""The jar: what is kept, what is sent where, and what two processes make of the same cookies."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations
from random import Random

import pytest

from crawler.policy.cookies import Cookie, CookieJar
from crawler.policy.cookies.cookie import MAX_PAIR_BYTES
from crawler.policy.cookies.jar import MAX_A_DOMAIN, MAX_COOKIES
from crawler.urls import canonical

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PAGE = "https://shop.example.org/a/b"


def changes(
    jar: CookieJar, *lines: str, page: str = PAGE, after: timedelta = timedelta()
) -> tuple[Cookie, ...]:
    return jar.receive(lines, url=canonical(page), now=NOW + after)


def sent(jar: CookieJar, url: str, after: timedelta = timedelta()) -> str:
    return jar.header(canonical(url), now=NOW + after)


def jar_with(*lines: str, page: str = PAGE) -> CookieJar:
    jar = CookieJar()
    changes(jar, *lines, page=page)
    return jar


@pytest.mark.parametrize(
    ("line", "page", "url"),
    [
        ("a=1", PAGE, "https://shop.example.org/a/"),
        ("a=1; Path=/", PAGE, "https://shop.example.org/"),
        ("a=1; Path=/; Domain=example.org", PAGE, "https://other.example.org/"),
        ("a=1; Path=/", "http://shop.example.org/", "https://shop.example.org:8443/"),
        ("a=1; Domain=github.io", "https://github.io/", "https://github.io/"),
        ("a=1; Domain=127.0.0.1", "http://127.0.0.1/", "http://127.0.0.1/"),
        ("a=1", "http://[::1]/", "http://[::1]/"),
    ],
)
def test_a_cookie_goes_where_it_belongs(line: str, page: str, url: str) -> None:
    assert sent(jar_with(line, page=page), url) == "a=1"


@pytest.mark.parametrize(
    ("line", "page", "url"),
    [
        ("a=1", PAGE, "https://shop.example.org/"),
        ("a=1; Path=/", PAGE, "https://other.example.org/"),
        ("a=1; Path=/", PAGE, "https://sub.shop.example.org/"),
        ("a=1; Path=/; Secure", PAGE, "http://shop.example.org/"),
        ("a=1; Path=/; Secure", "http://shop.example.org/", "https://shop.example.org/"),
        ("a=1; Path=/; Domain=evil.org", PAGE, "https://evil.org/"),
        ("a=1; Path=/; Domain=org", PAGE, "https://shop.example.org/"),
        ("a=1; Path=/; Domain=co.uk", "https://shop.co.uk/", "https://shop.co.uk/"),
        ("a=1; Path=/; Domain=github.io", "https://me.github.io/", "https://you.github.io/"),
        ("a=1; Path=/; Domain=0.0.1", "http://127.0.0.1/", "http://127.0.0.1/"),
        ("a=1; Path=/; Domain=ex\u00e4mple.org", "https://example.org/", "https://example.org/"),
        ("a=1; SameSite=None", PAGE, PAGE),
        ("a=1\x01", PAGE, PAGE),
        ("a=1\x7f", PAGE, PAGE),
    ],
)
def test_a_cookie_goes_nowhere_else(line: str, page: str, url: str) -> None:
    assert sent(jar_with(line, page=page), url) == ""


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("__Secure-a=1; Secure", True),
        ("__Secure-a=1", False),
        ("__SECURE-a=1", False),
        ("__Host-a=1; Secure; Path=/", True),
        ("__Host-a=1; Secure", False),
        ("__Host-a=1; Secure; Path=/a", False),
        ("__host-a=1; Secure; Path=/; Domain=shop.example.org", False),
        ("__Host-a=1; Path=/", False),
    ],
)
def test_a_prefix_keeps_its_promise(line: str, *, kept: bool) -> None:
    assert bool(len(jar_with(line))) is kept


def test_a_page_without_tls_covers_no_cookie_that_only_pages_with_it_set() -> None:
    jar = jar_with("a=good; Secure; Path=/; Domain=example.org")
    assert changes(jar, "a=bad; Path=/login", page="http://shop.example.org/") == ()
    assert sent(jar, "https://shop.example.org/login") == "a=good"


def test_a_cookie_that_is_too_large_or_has_no_name_is_ignored() -> None:
    long = "v" * (MAX_PAIR_BYTES - 1)
    assert len(jar_with(f"a={long}")) == 1
    assert len(jar_with(f"a={long}v", "=x", "x", ";", "")) == 0


def test_an_attribute_that_is_too_long_counts_for_nothing() -> None:
    assert sent(jar_with("a=1; Path=/; Domain=" + "x" * 1_025), "https://shop.example.org/") == "a=1"


@pytest.mark.parametrize(
    ("attributes", "lasts"),
    [
        ("Max-Age=60", timedelta(seconds=60)),
        ("Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", timedelta(seconds=60)),
        ("Expires=Sun, 01 Mar 2026 01:00:00 GMT", timedelta(hours=1)),
        ("Expires=Sun, 01 Mar 2026 01:00:00 GMT; Expires=soon", timedelta(hours=1)),
        ("Max-Age=99999999999999999999", timedelta(days=400)),
        ("Expires=Fri, 31 Dec 9999 23:59:59 GMT", timedelta(days=400)),
    ],
)
def test_a_cookie_is_sent_until_it_expires(attributes: str, lasts: timedelta) -> None:
    jar = jar_with(f"a=1; {attributes}")
    assert sent(jar, PAGE, after=lasts - timedelta(seconds=1)) == "a=1"
    assert sent(jar, PAGE, after=lasts) == ""


def test_an_expired_cookie_deletes_the_one_before_it() -> None:
    jar = jar_with("a=secret")
    (removal,) = changes(jar, "a=; Max-Age=0", after=timedelta(seconds=1))
    assert sent(jar, PAGE) == ""
    assert removal.has_expired(NOW + timedelta(seconds=1))
    assert removal.value == ""


def test_a_changed_cookie_keeps_its_place_in_the_row() -> None:
    jar = jar_with("a=1")
    changes(jar, "b=1", after=timedelta(seconds=1))
    changes(jar, "a=2", after=timedelta(seconds=2))
    assert sent(jar, PAGE) == "a=2; b=1"


def test_jars_that_learn_the_same_changes_in_any_order_send_the_same() -> None:
    first = CookieJar()
    told = [
        *changes(first, "a=1", "b=1"),
        *changes(first, "a=2", after=timedelta(seconds=1)),
        *changes(first, "b=; Max-Age=0", after=timedelta(seconds=2)),
        *changes(first, "c=3", after=timedelta(seconds=3)),
    ]
    for order in permutations(told):
        other = CookieJar()
        other.merge(order, now=NOW + timedelta(seconds=4))
        other.merge(order[:2], now=NOW + timedelta(seconds=5))
        assert sent(other, PAGE, after=timedelta(seconds=5)) == "a=2; c=3"


def test_a_jar_does_not_take_back_what_it_changed_later() -> None:
    jar = CookieJar()
    old = changes(jar, "a=1")
    changes(jar, "a=2", after=timedelta(seconds=1))
    jar.merge(old, now=NOW + timedelta(seconds=2))
    assert sent(jar, PAGE) == "a=2"


def test_a_domain_has_room_for_so_many_and_the_one_used_longest_ago_goes() -> None:
    jar = jar_with("login=1; Path=/")
    for number in range(MAX_A_DOMAIN - 1):
        changes(jar, f"n{number}=1; Domain=example.org")
    assert sent(jar, "https://shop.example.org/") == "login=1"
    told = changes(jar, "one=more")
    assert [(cookie.name, cookie.value) for cookie in told] == [("one", "more"), ("n0", "")]
    assert len(jar) == MAX_A_DOMAIN
    assert sent(jar, "https://shop.example.org/") == "login=1"


def test_a_jar_never_holds_more_than_it_may() -> None:
    jar = CookieJar()
    for number in range(MAX_COOKIES + 50):
        changes(jar, "a=1", page=f"https://host{number % 40}.com/x{number}/")
    assert len(jar) == MAX_COOKIES


def test_hostile_fields_are_read_without_an_error() -> None:
    chance, alphabet = Random(7), 'abc=;, \t"\\\x00\r\n\x7f\u00e9:-0Domain=Path=/Expires=__Host-'
    jar = CookieJar()
    for _ in range(2_000):
        line = "".join(chance.choices(alphabet, k=chance.randrange(60)))
        changes(jar, line, f"a={line}; Domain={line}; Expires={line}; Max-Age={line}")
    assert all(char >= " " or char == "\t" for char in sent(jar, PAGE))
