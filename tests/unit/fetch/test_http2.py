"""The client for HTTP/2 against the hostile web, and when it is chosen."""

from __future__ import annotations

import asyncio
import json
import ssl
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crawler.fetch.choosing import ChoosingFetcher
from crawler.fetch.guard import EgressGuard
from crawler.fetch.http import HttpFetcher
from crawler.fetch.http2 import Http2Fetcher
from crawler.fetch.limits import FetchLimits
from crawler.fetch.tls import HTTP2, trust
from crawler.http import Failed, Fetched, Outcome, Proxy, Request
from crawler.policy.addresses import AddressPolicy
from tests.site import HostileSite, bombs, frames
from tests.site.certificates import self_signed
from tests.site.http2 import StreamReply
from tests.site.pages import ETAG, TEXT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.site.reply import Reply

SHORT = timedelta(seconds=0.5)
IMPATIENT, DEMANDING = FetchLimits(headers=SHORT), FetchLimits(slow_after=SHORT)


@pytest.fixture
def site(hostile_http2_site: HostileSite) -> HostileSite:
    return hostile_http2_site


def code(outcome: Outcome | None) -> str:
    assert isinstance(outcome, Failed), outcome
    return outcome.error.code


def page(outcome: Outcome | None) -> Fetched:
    assert isinstance(outcome, Fetched), outcome
    return outcome


def believed(tmp_path: Path) -> ssl.SSLContext:
    return trust(str(tmp_path / "certificate.pem"), alpn=HTTP2)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/lies/too-short", "truncated_body"),
        ("/lies/too-long", "truncated_body"),
        ("/lies/not-gzip", "bad_encoding"),
        ("/lies/half-gzip", "truncated_body"),
        ("/lies/many-codings", "bad_encoding"),
        ("/broken/close", "connection_lost"),
        ("/broken/reset", "connection_lost"),
        ("/broken/reset-in-body", "truncated_body"),
        ("/broken/garbage", "bad_response"),
        ("/bomb/many-headers", "header_bomb"),
        ("/bomb/large-headers", "header_bomb"),
        ("/bomb/claims-much", "too_large"),
        ("/bomb/gzip", "inflation_bomb"),
        ("/bomb/br", "inflation_bomb"),
        ("/bomb/zstd", "inflation_bomb"),
    ],
)
async def test_trouble_has_its_code(
    site: HostileSite, http2_fetcher: Http2Fetcher, path: str, expected: str
) -> None:
    assert code(await http2_fetcher.fetch(Request(url=site.url(path)))) == expected


@pytest.mark.parametrize("path", ["/ok", "/coded/gzip", "/coded/br", "/coded/zstd", "/lies/no-type"])
async def test_body_arrives_decoded_however_it_was_sent(
    site: HostileSite, http2_fetcher: Http2Fetcher, path: str
) -> None:
    assert page(await http2_fetcher.fetch(Request(url=site.url(path)))).body == TEXT


@pytest.mark.parametrize(
    ("path", "limits", "which"),
    [
        ("/slow/never", IMPATIENT, "headers"),
        ("/slow/drip", DEMANDING, "too_slow"),
        ("/slow/stalls", DEMANDING, "too_slow"),
    ],
)
async def test_slow_server_ends_within_its_limit(
    site: HostileSite, guard: EgressGuard, tmp_path: Path, path: str, limits: FetchLimits, which: str
) -> None:
    async with Http2Fetcher(guard, limits=limits, tls=believed(tmp_path)) as fetcher:
        outcome = await fetcher.fetch(Request(url=site.url(path)))

    assert code(outcome) == "timed_out"
    assert isinstance(outcome, Failed)
    assert getattr(outcome.error, "which", "") == which


async def test_body_beyond_the_limit_is_not_read_to_its_end(
    site: HostileSite, guard: EgressGuard, tmp_path: Path
) -> None:
    async def endless(_site: HostileSite, _request: object, reply: Reply) -> None:
        await reply.head(200)
        for _ in range(1_000):
            await reply.raw(b"x" * 65_536)

    limits = FetchLimits(max_wire_bytes=1_000_000)
    async with Http2Fetcher(guard, limits=limits, tls=believed(tmp_path)) as fetcher:
        assert code(await fetcher.fetch(Request(url=site.answer("/endless", endless)))) == "too_large"
        assert page(await fetcher.fetch(Request(url=site.url("/ok")))).body == TEXT


@pytest.mark.parametrize("path", [path for path in bombs.OVER_HTTP2 if path.startswith("/frames/")])
async def test_frames_without_end_are_left_early_and_the_next_page_arrives(
    site: HostileSite, http2_fetcher: Http2Fetcher, path: str
) -> None:
    site.answer(path, frames.PAGES[path])

    assert code(await http2_fetcher.fetch(Request(url=site.url(path)))) == bombs.OVER_HTTP2[path]
    assert page(await http2_fetcher.fetch(Request(url=site.url("/ok")))).body == TEXT


@pytest.mark.parametrize(
    "target", ["/a%2fb?x=%zz&y=[]|&z=a+b", "//double//", "/x?a=b?c", "/%7Euser/caf%C3%A9"]
)
async def test_url_is_sent_as_it_is(site: HostileSite, http2_fetcher: Http2Fetcher, target: str) -> None:
    await http2_fetcher.fetch(Request(url=site.url(target)))

    assert [request.target for request in site.requests] == [target]


async def test_only_our_own_headers_are_added(site: HostileSite, http2_fetcher: Http2Fetcher) -> None:
    said = json.loads(page(await http2_fetcher.fetch(Request(url=site.url("/echo")))).body)

    assert dict(said["headers"]) == {
        "host": f"127.0.0.1:{site.port}",
        "user-agent": "Trawl-Test/1",
        "accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "accept-encoding": "gzip, deflate, br, zstd",
    }


@pytest.mark.parametrize(
    ("name", "value"), [("Host", "x"), ("Connection", "close"), ("X-Own", "a\r\nb"), ("X-Own", "a\0b")]
)
async def test_headers_of_the_connection_cannot_be_set(
    site: HostileSite, http2_fetcher: Http2Fetcher, name: str, value: str
) -> None:
    assert (
        code(await http2_fetcher.fetch(Request(url=site.url("/ok"), headers=((name, value),))))
        == "bad_request"
    )
    assert site.requests == []


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "https://u:p@127.0.0.1/", "/ok", "https://"])
async def test_only_plain_https_urls_are_fetched(guard: EgressGuard, url: str) -> None:
    async with Http2Fetcher(guard) as fetcher:
        assert code(await fetcher.fetch(Request(url=url))) == "bad_request"


async def test_validators_come_back_octet_for_octet(site: HostileSite, http2_fetcher: Http2Fetcher) -> None:
    first = page(await http2_fetcher.fetch(Request(url=site.url("/conditional"))))
    again = Request(url=site.url("/conditional"), headers=(("If-None-Match", ETAG),))

    assert first.headers.get("ETag") == ETAG
    assert page(await http2_fetcher.fetch(again)).status == 304


async def test_header_that_would_be_two_is_no_answer(site: HostileSite, http2_fetcher: Http2Fetcher) -> None:
    async def splitting(_site: HostileSite, _request: object, reply: Reply) -> None:
        await reply.send(200, b"", [("X-Robots-Tag", "none\nLink: x")])

    url = site.answer("/splitting", splitting)

    assert code(await http2_fetcher.fetch(Request(url=url))) == "bad_response"


@pytest.mark.parametrize("status", [-1, 0, 99, 1_000, 99_999])
async def test_status_without_three_digits_is_no_answer(
    site: HostileSite, http2_fetcher: Http2Fetcher, status: int
) -> None:
    async def answering(_site: HostileSite, _request: object, reply: Reply) -> None:
        await reply.send(status, TEXT)

    url = site.answer("/numbered", answering)

    assert code(await http2_fetcher.fetch(Request(url=url))) == "bad_response"


async def test_connection_is_used_again_by_one_exchange_after_the_other(
    site: HostileSite, http2_fetcher: Http2Fetcher
) -> None:
    for _ in range(5):
        await http2_fetcher.fetch(Request(url=site.url("/ok")))
    assert site.connections == 1

    await asyncio.gather(*(http2_fetcher.fetch(Request(url=site.url("/slow/some"))) for _ in range(3)))
    assert site.connections == 3


async def test_nothing_stays_open_to_hosts_that_are_left(
    site: HostileSite, http2_fetcher: Http2Fetcher
) -> None:
    for left in ([site.origin.replace("https", "http"), "https://other.test"], [site.origin], []):
        await http2_fetcher.fetch(Request(url=site.url("/ok")))
        await http2_fetcher.leave(left)

    assert site.connections == 2


async def test_kept_connection_that_was_closed_meanwhile_costs_no_page(
    site: HostileSite, http2_fetcher: Http2Fetcher
) -> None:
    async def closing(site: HostileSite, _request: object, reply: Reply) -> None:
        if site.count("closing") == 1:
            assert isinstance(reply, StreamReply)
            reply.slam()
        else:
            await reply.send(200, TEXT)

    url = site.answer("/closing", closing)
    await http2_fetcher.fetch(Request(url=site.url("/ok")))

    assert page(await http2_fetcher.fetch(Request(url=url))).body == TEXT
    assert (len(site.asked("/closing")), site.connections) == (2, 2)


async def test_server_that_does_not_answer_is_asked_once(
    site: HostileSite, http2_fetcher: Http2Fetcher
) -> None:
    await http2_fetcher.fetch(Request(url=site.url("/broken/reset")))

    assert len(site.requests) == 1


async def test_certificate_nobody_vouches_for_is_refused(site: HostileSite, guard: EgressGuard) -> None:
    async with Http2Fetcher(guard) as fetcher:
        outcome = await fetcher.fetch(Request(url=site.url("/ok")))

    assert code(outcome) == "tls_failed"
    assert isinstance(outcome, Failed)
    assert "certificate" in outcome.error.message
    assert site.requests == []


async def test_certificate_for_another_name_is_refused(
    site: HostileSite, guard: EgressGuard, tmp_path: Path
) -> None:
    async with Http2Fetcher(guard, tls=believed(tmp_path)) as fetcher:
        outcome = await fetcher.fetch(Request(url=f"https://localhost:{site.port}/ok"))

    assert code(outcome) == "tls_failed"


async def test_address_that_is_refused_is_not_dialled(site: HostileSite, tmp_path: Path) -> None:
    guard = EgressGuard(AddressPolicy())
    async with Http2Fetcher(guard, tls=believed(tmp_path)) as fetcher:
        assert code(await fetcher.fetch(Request(url=site.url("/ok")))) == "address_refused"
    guard.close()
    assert site.connections == 0


async def test_nothing_is_sent_once_the_lease_is_gone(
    site: HostileSite, guard: EgressGuard, tmp_path: Path
) -> None:
    async with Http2Fetcher(guard, tls=believed(tmp_path), may_send=lambda: False) as fetcher:
        assert code(await fetcher.fetch(Request(url=site.url("/ok")))) == "connection_lost"
    assert site.requests == []


async def test_port_without_a_server_fails_to_connect(guard: EgressGuard, silent_port: int) -> None:
    async with Http2Fetcher(guard) as fetcher:
        outcome = await fetcher.fetch(Request(url=f"https://127.0.0.1:{silent_port}/"))

    assert code(outcome) == "connect_failed"
    assert isinstance(outcome, Failed)
    assert "127.0.0.1" not in outcome.error.message


@pytest.fixture
def http1_site(tmp_path: Path) -> Iterator[HostileSite]:
    """A site over TLS that offers no HTTP/2."""
    with HostileSite(tls=self_signed(tmp_path, alpn=("http/1.1",))) as site:
        yield site


def choosing(guard: EgressGuard, tmp_path: Path) -> ChoosingFetcher:
    ca = str(tmp_path / "certificate.pem")
    http = HttpFetcher(guard, tls=trust(ca))
    return ChoosingFetcher(http, lambda: Http2Fetcher(guard, tls=trust(ca, alpn=HTTP2)))


async def test_http2_is_spoken_where_it_is_wanted_and_offered(
    site: HostileSite, guard: EgressGuard, tmp_path: Path
) -> None:
    async with choosing(guard, tmp_path) as fetcher:
        told = [
            page(await fetcher.fetch(Request(url=site.url("/ok"), http2=wanted))) for wanted in (True, False)
        ]

    assert [answer.http2 for answer in told] == [True, False]


async def test_server_without_http2_is_asked_once_over_http1(
    http1_site: HostileSite, guard: EgressGuard, tmp_path: Path
) -> None:
    async with choosing(guard, tmp_path) as fetcher:
        answer = page(await fetcher.fetch(Request(url=http1_site.url("/ok"), http2=True)))

    assert (answer.http2, answer.body) == (False, TEXT)
    assert len(http1_site.requests) == 1


async def test_plain_http_needs_no_client_for_http2(hostile_site: HostileSite, guard: EgressGuard) -> None:
    def make() -> Http2Fetcher:
        raise AssertionError("nobody asked for it")

    async with ChoosingFetcher(HttpFetcher(guard), make) as fetcher:
        assert page(await fetcher.fetch(Request(url=hostile_site.url("/ok"), http2=True))).body == TEXT


async def test_request_through_a_proxy_is_never_sent_around_it(
    hostile_site: HostileSite, guard: EgressGuard
) -> None:
    def make() -> Http2Fetcher:
        raise AssertionError("nobody asked for it")

    proxy = Proxy(url=hostile_site.url("").rstrip("/"))
    async with ChoosingFetcher(HttpFetcher(guard), make) as fetcher:
        outcome = await fetcher.fetch(Request(url="https://127.0.0.1:8443/", http2=True, proxy=proxy))

    assert isinstance(outcome, Failed)
