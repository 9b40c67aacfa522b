"""No spelling of a forbidden address makes a client connect to it, whatever asks the client for it."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections import Counter
from datetime import timedelta
from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

from crawler.fetch.guard import EgressGuard
from crawler.fetch.http import HttpFetcher
from crawler.fetch.http2 import Http2Fetcher
from crawler.policy.addresses import AddressPolicy, parse_allow
from tests.forbidden import INTERNAL_V4, INTERNAL_V6
from tests.integration.egress import spellings, ways
from tests.integration.egress.everywhere import CONTROL, CONTROL_V6, Everywhere, page

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

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
    one: Callable[[str], Awaitable[str]], urls: Iterable[str], *, at_once: int = AT_ONCE
) -> list[str]:
    turn = asyncio.Semaphore(at_once)

    async def in_turn(url: str) -> str:
        async with turn:
            return await one(url)

    return await asyncio.gather(*map(in_turn, urls))


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
    [ways.plain, ways.through_proxy, ways.as_proxy],
    ids=lambda way: way.__name__,
)
def test_no_spelling_is_connected_to(everywhere: Everywhere, way: Way) -> None:
    everywhere.names["control.test"] = [[CONTROL, CONTROL_V6]]

    outcomes = crawled(everywhere, way, URLS)

    told(way.__name__, everywhere, outcomes)
    assert everywhere.reached == []
    assert outcomes["proxy_failed" if way is ways.as_proxy else "address_refused"] > 800
    assert len(everywhere.controls) >= 8  # spellings that name the control, and what led astray


def test_nothing_forbidden_is_reached_over_http2(everywhere: Everywhere) -> None:
    everywhere.names["control.test"] = [[CONTROL, CONTROL_V6]]

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


def test_answer_that_changes_is_judged_at_each_look(everywhere: Everywhere) -> None:
    everywhere.answers = lambda _host, _path: page(keep=False)  # another request is another connection
    everywhere.names["rebind.test"] = [[CONTROL], ["127.0.0.1"], [CONTROL], ["10.0.0.1", CONTROL]]
    urls = [f"http://rebind.test/{number}" for number in range(4)]

    outcomes = crawled(everywhere, ways.plain, urls, keep=timedelta(0), at_once=1)

    everywhere.settle()
    assert outcomes == {"fetched": 2, "address_refused": 2}
    assert everywhere.reached == []


@pytest.mark.parametrize(
    "url", [f"http://{CONTROL}/", f"http://[{CONTROL_V6}]:8080/", "http://control.test/"]
)
def test_public_address_is_fetched(everywhere: Everywhere, url: str) -> None:
    everywhere.names["control.test"] = [[CONTROL, CONTROL_V6]]

    assert crawled(everywhere, ways.plain, [url]) == {"fetched": 1}


@pytest.mark.parametrize("port", [22, 6379])
def test_other_ports_of_a_public_address_are_not_connected_to(everywhere: Everywhere, port: int) -> None:
    urls = [f"http://{CONTROL}:{port}/", f"http://[{CONTROL_V6}]:{port}/"]

    assert crawled(everywhere, ways.plain, urls) == {"address_refused": 2}
    everywhere.settle()
    assert everywhere.reached == []


def test_operator_opens_one_network_and_never_metadata(everywhere: Everywhere) -> None:
    hosts = ["10.0.0.1:8080", "[::ffff:10.0.0.1]:8080", "10.0.0.1", "127.0.0.1:8080", "169.254.169.254"]
    urls = [f"http://{host}/" for host in hosts]

    crawled(everywhere, ways.plain, urls, allow="10.0.0.0/8:8080, 169.254.0.0/16")

    everywhere.settle()
    assert set(everywhere.reached) == {("10.0.0.1", 8080)}
