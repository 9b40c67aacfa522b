"""Where redirects lead, and what stays behind."""

from __future__ import annotations

import pytest

from crawler.errors import RedirectError, RedirectLoop, TooManyRedirects
from crawler.http import Fetched, Headers
from crawler.policy.redirects import Hop, follow, headers_for, is_redirect

START = "https://example.org/a/start"


def redirect(location: str | None, status: int = 302) -> Fetched:
    headers = Headers([] if location is None else [("Location", location)])
    return Fetched(url=START, status=status, headers=headers, body=b"", wire_bytes=0, elapsed_seconds=0.0)


def next_url(hop: Hop | RedirectError) -> str:
    assert isinstance(hop, Hop), hop
    return hop.url.text


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("/b", "https://example.org/b"),
        ("b?x#y", "https://example.org/a/b?x"),
        ("//Other.example", "https://other.example/"),
        ("http://example.org/a/start", "http://example.org/a/start"),
        ("/caf\u00e9", "https://example.org/caf%C3%A9"),
        ("/x?utm_source=mail", "https://example.org/x"),
    ],
)
def test_location_is_read_on_the_page_that_redirects(location: str, expected: str) -> None:
    assert next_url(follow(START, redirect(location), visited=[])) == expected


@pytest.mark.parametrize(
    "location", [None, "http://[oops/", "javascript:alert(1)", "file:///etc/passwd", "ftp://x/"]
)
def test_redirect_to_no_page_is_an_error_value(location: str | None) -> None:
    outcome = follow(START, redirect(location), visited=[])

    assert isinstance(outcome, RedirectError)
    assert outcome.code == "bad_redirect"


def test_redirect_with_credentials_is_an_error_value() -> None:
    outcome = follow(START, redirect("https://user:secret@example.org/"), visited=[])

    assert isinstance(outcome, RedirectError)
    assert "secret" not in outcome.message


@pytest.mark.parametrize("location", ["/a/start", "#top", "/a/one"])
def test_way_back_is_a_loop(location: str) -> None:
    outcome = follow(START, redirect(location), visited=["https://example.org/a/one", START])

    assert isinstance(outcome, RedirectLoop)


def test_tracking_parameter_a_site_insists_on_is_followed_once() -> None:
    first = follow(START, redirect("?utm_source=x"), visited=[])
    again = follow(next_url(first), redirect("?utm_source=x"), visited=[START])

    assert next_url(first) == f"{START}?utm_source=x"
    assert isinstance(again, RedirectLoop)


def test_ten_hops_are_followed_and_no_more() -> None:
    chain = [f"https://example.org/{number}" for number in range(11)]

    assert next_url(follow(chain[9], redirect("/ten"), visited=chain[:9])) == "https://example.org/ten"
    assert isinstance(follow(chain[10], redirect("/eleven"), visited=chain[:10]), TooManyRedirects)


def test_chain_may_count_the_page_itself_or_not() -> None:
    chain = [f"https://example.org/{number}" for number in range(10)]

    assert follow(chain[9], redirect("/x"), visited=chain) == follow(
        chain[9], redirect("/x"), visited=chain[:9]
    )


def test_robots_are_followed_less_far() -> None:
    chain = [f"https://example.org/{number}" for number in range(6)]

    assert isinstance(follow(chain[5], redirect("/x"), visited=chain[:5], max_hops=5), TooManyRedirects)


@pytest.mark.parametrize(
    ("status", "location", "expected"),
    [
        (301, "/", True),
        (308, "/", True),
        (302, None, True),
        (304, "/", False),
        (300, "/", False),
        (200, "/", False),
    ],
)
def test_redirect_is_told_by_its_status_alone(status: int, location: str | None, *, expected: bool) -> None:
    assert is_redirect(redirect(location, status)) is expected


SENT = (
    ("User-Agent", "Trawl/1"),
    ("Accept-Language", "de"),
    ("Authorization", "Bearer secret"),
    ("cookie", "session=secret"),
    ("X-Api-Key", "secret"),
    ("If-None-Match", '"v1"'),
    ("If-Modified-Since", "Sat, 29 Oct 1994 19:43:31 GMT"),
)


def test_validators_go_to_no_other_url() -> None:
    kept = headers_for(SENT, origin="https://example.org", next_origin="https://example.org")

    assert kept == SENT[:5]


@pytest.mark.parametrize(
    "next_origin",
    ["http://example.org", "https://example.org:8443", "https://www.example.org", "https://evil.example"],
)
def test_secrets_stay_with_their_origin(next_origin: str) -> None:
    kept = headers_for(SENT, origin="https://example.org", next_origin=next_origin)

    assert kept == SENT[:2]


def test_a_chain_with_cookies_may_come_back_once_to_each_url() -> None:
    back, on = redirect("/a/start"), redirect("/b")

    assert next_url(follow(START, back, visited=[], returns=True)) == START
    assert isinstance(follow(START, back, visited=[START], returns=True), RedirectLoop)
    assert next_url(follow(START, on, visited=[START], returns=True)) == "https://example.org/b"
    there_and_back = ["https://example.org/b", START] * 5
    assert isinstance(follow(START, redirect("/c"), visited=there_and_back, returns=True), TooManyRedirects)
