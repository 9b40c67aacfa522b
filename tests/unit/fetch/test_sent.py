"""What is sent over HTTP/1.1, byte for byte."""

from __future__ import annotations

import pytest

from crawler.errors import BadRequest
from crawler.fetch.sent import Heads, split, tunnel
from crawler.http import Proxy, Request

OURS = (
    "User-Agent: Trawl-Test/1\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
)
PROXY = Proxy(url="http://proxy.test:8080", user="ada", password="p:wé")
BASIC = "Proxy-Authorization: Basic YWRhOnA6d8Op\r\n"


def sent(request: Request) -> str:
    return Heads("Trawl-Test/1").of(request, *split(request.url)).decode()


@pytest.mark.parametrize(
    ("url", "target", "host"),
    [
        ("http://a.test/x?b=%zz|[]", "/x?b=%zz|[]", "a.test"),
        ("http://a.test/x#there", "/x", "a.test"),
        ("http://a.test/#there\nmore", "/", "a.test"),
        ("http://a.test?q=1", "/?q=1", "a.test"),
        ("http://a.test", "/", "a.test"),
        ("http://a.test:80/x", "/x", "a.test"),
        ("http://a.test:/x", "/x", "a.test"),
        ("http://a.test:81/x", "/x", "a.test:81"),
        ("https://a.test:80/x", "/x", "a.test:80"),
        ("https://a.test:443/x", "/x", "a.test"),
        ("http://a.test./x", "/x", "a.test"),
        ("http://[::1]:81/x", "/x", "[::1]:81"),
        ("http://a.test/é", "/é", "a.test"),
        ("http://a.test//x//", "//x//", "a.test"),
    ],
)
def test_page_is_asked_for_as_its_url_says(url: str, target: str, host: str) -> None:
    assert sent(Request(url=url)) == f"GET {target} HTTP/1.1\r\nHost: {host}\r\n{OURS}\r\n"


def test_headers_take_the_place_of_ours_and_the_last_of_a_name_counts() -> None:
    headers = (("X-Own", "1"), ("user-agent", "Mine"), ("Cookie", "a=b"), ("x-own", "é"))

    assert sent(Request(url="http://a.test/x", headers=headers)) == (
        "GET /x HTTP/1.1\r\nHost: a.test\r\n"
        + OURS.replace("User-Agent: Trawl-Test/1", "user-agent: Mine")
        + "x-own: é\r\nCookie: a=b\r\n\r\n"
    )


def test_headers_of_one_request_are_not_those_of_the_next() -> None:
    heads, place, target = Heads("Trawl-Test/1"), *split("http://a.test/x")
    told = [(("X-Own", "1"),), (("X-Own", "1"),), (("X-Own", "2"),), (), (("X-Own", "1"),)]
    asked = [heads.of(Request(url="http://a.test/x", headers=headers), place, target) for headers in told]

    assert [b"X-Own: 1" in head for head in asked] == [True, True, False, False, True]
    assert [b"X-Own: 2" in head for head in asked] == [False, False, True, False, False]
    assert asked[3] == Heads("Trawl-Test/1").of(Request(url="http://a.test/x"), place, target)


@pytest.mark.parametrize("form", [b"a=b", b""])
def test_form_says_its_type_and_length(form: bytes) -> None:
    headers = (("content-type", "text/x"),)

    assert sent(Request(url="http://a.test/x", form=form, headers=headers)) == (
        f"POST /x HTTP/1.1\r\nHost: a.test\r\n{OURS}"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(form)}\r\n\r\n{form.decode()}"
    )


def test_plain_page_is_asked_of_a_proxy_by_its_whole_url() -> None:
    assert sent(Request(url="http://a.test:81/x?y", proxy=PROXY)) == (
        f"GET http://a.test:81/x?y HTTP/1.1\r\nHost: a.test:81\r\n{OURS}{BASIC}\r\n"
    )


def test_page_over_tls_is_asked_of_its_host_alone() -> None:
    request = Request(url="https://a.test/x", proxy=PROXY)

    assert sent(request) == f"GET /x HTTP/1.1\r\nHost: a.test\r\n{OURS}\r\n"


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("https://a.test/x", "a.test:443"),
        ("https://a.test:444/x", "a.test:444"),
        ("https://[::1]/x", "[::1]:443"),
    ],
)
def test_tunnel_is_asked_for_with_the_credentials_and_nothing_of_the_page(url: str, place: str) -> None:
    asked = tunnel(split(url)[0], PROXY).decode()

    assert asked == f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n{BASIC}\r\n"
    assert "Proxy" not in tunnel(split(url)[0], Proxy(url=PROXY.url)).decode()


@pytest.mark.parametrize(
    "url",
    [
        "http://a.test/a b", "http://a.test/a\r\nX: y", "http://a.test/\0", "http://a test/", "http://a.test:99999/",
        "http://a.test:x/", "http://u@a.test/", "http://u:p@a.test/", "http:///x", "http://", "ftp://a.test/",
        "HTTP://a.test/", "//a.test/", "http://[::1/", "http://a:b:1/", "http://é.test/", "http://a.test\\@b.test/",
        "http://a.test/\ud800",
    ],
)  # fmt: skip
def test_what_is_no_canonical_url_is_not_sent(url: str) -> None:
    with pytest.raises(BadRequest):
        sent(Request(url=url))


@pytest.mark.parametrize(
    "name", ["", "a b", "a:b", "a\r\nb", "é", "Host", "Transfer-Encoding", "proxy-authorization"]
)
def test_header_that_is_not_for_others_to_set_is_refused(name: str) -> None:
    with pytest.raises(BadRequest):
        sent(Request(url="http://a.test/", headers=((name, "x"),)))


@pytest.mark.parametrize("value", ["a\r\nb: c", "a\nb", "\0", "\x7f", "\ud800"])
def test_value_that_would_end_its_line_is_refused(value: str) -> None:
    with pytest.raises(BadRequest):
        sent(Request(url="http://a.test/", headers=(("X-Own", value),)))
