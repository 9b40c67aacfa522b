"""No spelling of a forbidden address, wherever it stands, makes anybody connect to it."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections import Counter
from datetime import timedelta
from functools import partial
from ipaddress import IPv4Address, ip_address
from typing import TYPE_CHECKING

import pytest
from django.db import connection, connections

from crawler.fetch.guard import EgressGuard
from crawler.fetch.http import HttpFetcher
from crawler.fetch.http2 import Http2Fetcher
from crawler.fetch.sender import Sender
from crawler.models import Request, RequestState
from crawler.policy.addresses import AddressPolicy, parse_allow
from tests.crawling import a_run, one_slice
from tests.forbidden import INTERNAL_V4, INTERNAL_V6, carriers
from tests.integration.egress import spellings, ways
from tests.integration.egress.everywhere import CONTROL, CONTROL_V6, Everywhere, page, redirect_to

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from pytest_django import Settings

    from tests.integration.egress.ways import Way

URLS = spellings.urls()
AT_ONCE = 64
ELSEWHERE = frozenset({ip_address("192.0.2.250")})  # as own addresses, so that ranges alone refuse
INTERNAL = [text for text in (*INTERNAL_V4, *INTERNAL_V6) if "%" not in text]


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, logger="crawler.fetch.guard")


def crawled(
    everywhere: Everywhere,
    way: Way,
    urls: Iterable[str],
    *,
    allow: str = "",
    keep: timedelta = timedelta(minutes=1),
    at_once: int = AT_ONCE,
) -> Counter[str]:
    """Count what became of `urls` with a fetcher that may go where an operator allowed."""

    async def crawl() -> list[str]:
        guard = EgressGuard(AddressPolicy(parse_allow(allow), own=ELSEWHERE), keep=keep)
        try:
            async with HttpFetcher(guard) as fetcher:
                return await several(partial(way, fetcher), urls, at_once=at_once)
        finally:
            guard.close()

    return Counter(everywhere.run(lambda: asyncio.run(crawl())))


async def several(
    one: Callable[[int, str], Awaitable[str]], urls: Iterable[str], *, at_once: int = AT_ONCE
) -> list[str]:
    turn = asyncio.Semaphore(at_once)

    async def in_turn(number: int, url: str) -> str:
        async with turn:
            return await one(number, url)

    return await asyncio.gather(*(in_turn(number, url) for number, url in enumerate(urls)))


def led_astray(everywhere: Everywhere) -> None:
    """Have page `/7` of the control, and robots.txt of r7.control.test, lead to the seventh spelling."""
    everywhere.names["control.test"] = [[CONTROL, CONTROL_V6]]
    everywhere.names.update({f"r{number}.control.test": [[CONTROL]] for number in range(len(URLS))})

    def answer(host: str, path: str) -> bytes:
        number = host[1:].partition(".")[0] if path == "/robots.txt" else path[1:]
        return redirect_to(URLS[int(number)]) if number.isdigit() else page()

    everywhere.answers = answer


def test_the_canary_hears_whoever_connects(everywhere: Everywhere) -> None:
    tried = ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fec0::1", "64:ff9b::7f00:1", "2002:7f00:1::"]

    def connect() -> None:
        for address in tried:
            socket.create_connection((address, 8080), timeout=5).close()

    everywhere.run(connect)
    everywhere.settle()

    assert sorted(address for address, _port in everywhere.reached) == sorted(tried)


def told(way: str, everywhere: Everywhere, outcomes: Counter[str]) -> None:
    """Wait for the canary's count, and print the line that docs/standards.md quotes."""
    everywhere.settle()
    assert outcomes.total() == len(URLS) > 1_000
    reached = len(everywhere.reached)
    print(f"{way}: {len(URLS)} spellings, {reached} connections; {dict(outcomes)}")  # noqa: T201


@pytest.mark.parametrize(
    "way",
    [
        ways.start_url,
        ways.redirect,
        ways.sitemap_entry,
        ways.robots_redirect,
        ways.through_proxy,
        ways.as_proxy,
    ],
    ids=lambda way: way.__name__,
)
def test_no_spelling_is_connected_to(everywhere: Everywhere, way: Way) -> None:
    led_astray(everywhere)

    outcomes = crawled(everywhere, way, URLS)

    told(way.__name__, everywhere, outcomes)
    assert everywhere.reached == []
    assert outcomes["proxy_failed" if way is ways.as_proxy else "address_refused"] > 800
    assert len(everywhere.controls) >= 8  # spellings that name the control, and what led astray


def test_nothing_forbidden_is_reached_over_http2(everywhere: Everywhere) -> None:
    led_astray(everywhere)

    async def fetch() -> list[str]:
        guard = EgressGuard(AddressPolicy(own=ELSEWHERE))
        try:
            async with Http2Fetcher(guard) as fetcher:
                return await several(partial(ways.http2, fetcher), URLS)
        finally:
            guard.close()

    outcomes = Counter(everywhere.run(lambda: asyncio.run(fetch())))

    told("http2", everywhere, outcomes)
    assert everywhere.reached == []
    assert outcomes["address_refused"] > 800
    assert outcomes["fetched"] == 0
    assert len(everywhere.controls) >= 8


def test_no_webhook_is_sent_to_a_forbidden_address(everywhere: Everywhere) -> None:
    led_astray(everywhere)

    async def send() -> list[str]:
        guard = EgressGuard(AddressPolicy(own=ELSEWHERE))
        try:
            async with Sender(guard) as sender:
                return await several(lambda _number, url: ways.webhook(sender, url), URLS)
        finally:
            guard.close()

    outcomes = Counter(everywhere.run(lambda: asyncio.run(send())))

    told("webhook", everywhere, outcomes)
    assert everywhere.reached == []
    assert outcomes["address_refused"] > 800
    assert outcomes["fetched"] == len(everywhere.controls) >= 8


def test_no_answer_of_a_name_server_is_connected_to(everywhere: Everywhere) -> None:
    for number, address in enumerate(INTERNAL):
        everywhere.names[f"only{number}.test"] = [[address]]
        everywhere.names[f"before{number}.test"] = [[address, CONTROL, CONTROL_V6]]
        everywhere.names[f"after{number}.test"] = [[CONTROL, CONTROL_V6, address]]
    carried = [str(form) for text in INTERNAL_V4 for form in carriers(IPv4Address(text))]
    everywhere.names.update({f"form{number}.test": [[form]] for number, form in enumerate(carried)})
    everywhere.names |= {"alias.test": [["=localhost"]], "alias.mixed.test": [[CONTROL, "=localhost"]]}
    urls = [f"http://{name}/" for name in everywhere.names]

    outcomes = crawled(everywhere, ways.start_url, urls)

    everywhere.settle()
    assert everywhere.reached == []
    assert outcomes == {"address_refused": len(urls)}


def test_answer_that_changes_is_judged_at_each_look(everywhere: Everywhere) -> None:
    everywhere.answers = lambda _host, _path: page(keep=False)  # another request is another connection
    everywhere.names["rebind.test"] = [[CONTROL], ["127.0.0.1"], [CONTROL], ["10.0.0.1", CONTROL]]
    urls = [f"http://rebind.test/{number}" for number in range(4)]

    outcomes = crawled(everywhere, ways.start_url, urls, keep=timedelta(0), at_once=1)

    everywhere.settle()
    assert outcomes == {"fetched": 2, "address_refused": 2}
    assert everywhere.reached == []


@pytest.mark.parametrize(
    "url", [f"http://{CONTROL}/", f"http://[{CONTROL_V6}]:8080/", "http://control.test/"]
)
def test_public_address_is_fetched(everywhere: Everywhere, url: str) -> None:
    everywhere.names["control.test"] = [[CONTROL, CONTROL_V6]]

    assert crawled(everywhere, ways.start_url, [url]) == {"fetched": 1}


@pytest.mark.parametrize("port", [22, 6379])
def test_other_ports_of_a_public_address_are_not_connected_to(everywhere: Everywhere, port: int) -> None:
    urls = [f"http://{CONTROL}:{port}/", f"http://[{CONTROL_V6}]:{port}/"]

    assert crawled(everywhere, ways.start_url, urls) == {"address_refused": 2}
    everywhere.settle()
    assert everywhere.reached == []


def test_operator_opens_one_network_and_never_metadata(everywhere: Everywhere) -> None:
    hosts = ["10.0.0.1:8080", "[::ffff:10.0.0.1]:8080", "10.0.0.1", "127.0.0.1:8080", "169.254.169.254"]
    urls = [f"http://{host}/" for host in hosts]

    crawled(everywhere, ways.start_url, urls, allow="10.0.0.0/8:8080, 169.254.0.0/16")

    everywhere.settle()
    assert set(everywhere.reached) == {("10.0.0.1", 8080)}


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="only a file is in both networks")
def test_whole_slice_connects_to_nothing_forbidden(everywhere: Everywhere, settings: Settings) -> None:
    led_astray(everywhere)
    settings.EGRESS_ALLOW = ""
    everywhere.names |= {"www.control.com": [[CONTROL]], "inner.control.com": [["127.0.0.1"]]}
    otherwise, listed = (
        everywhere.answers,
        b"<urlset><url><loc>http://inner.control.com/</loc></url></urlset>",
    )
    everywhere.answers = lambda host, path: page(listed) if path == "/sitemap.xml" else otherwise(host, path)
    sample = range(0, len(URLS), 60)
    starts = ["http://www.control.com/", *(f"http://control.test/{number}" for number in sample)]
    sitemaps = ["http://www.control.com/sitemap.xml", "http://10.0.0.1/sitemap.xml"]
    forbidden = [f"http://{text}/" for text in INTERNAL_V4]
    run = a_run(*starts, *forbidden, scope="domain", sitemaps=sitemaps)

    def crawl() -> None:
        try:
            one_slice()
        finally:
            connections.close_all()

    everywhere.run(crawl)

    everywhere.settle()
    states = Counter(Request.objects.filter(run=run).values_list("state", "reason"))
    assert everywhere.reached == []
    assert states[RequestState.FAILED, "address_refused"] > len(INTERNAL_V4)
    assert states[RequestState.DONE, "redirected"] > 0
    assert states[RequestState.DONE, ""] > 0
    assert {state for state, _reason in states} == {RequestState.DONE, RequestState.FAILED}
    by_sitemap = Request.objects.get(run=run, url="http://inner.control.com/")
    assert (by_sitemap.state, by_sitemap.reason) == (RequestState.FAILED, "address_refused")
