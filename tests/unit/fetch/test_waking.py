"""What is sent when the right to send ends while a connection is made, as in a process that froze."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_address

from crawler.errors import ConnectionLost
from crawler.fetch.guard import EgressGuard
from crawler.fetch.http import HttpFetcher
from crawler.http import Failed, Fetched, Request
from crawler.policy.addresses import Address, AddressPolicy, parse_allow
from tests.site import HostileSite
from tests.waiting import until


@dataclass(slots=True, kw_only=True)
class Right:
    """The right to send, which may end when a name is looked up: just before its address is dialled."""

    held: bool = True
    ends_while_dialling: bool

    def look_up(self, _host: str) -> list[Address]:
        self.held = self.held and not self.ends_while_dialling
        return [ip_address("127.0.0.1")]


@asynccontextmanager
async def fetcher_with(right: Right) -> AsyncIterator[HttpFetcher]:
    guard = EgressGuard(AddressPolicy(parse_allow("127.0.0.0/8")), lookup=right.look_up)
    async with HttpFetcher(guard, may_send=lambda: right.held) as fetcher:
        yield fetcher
    guard.close()


def page_of(site: HostileSite) -> Request:
    return Request(url=f"http://shop.example:{site.port}/ok")


async def test_nothing_is_sent_on_a_connection_that_was_made_meanwhile(hostile_site: HostileSite) -> None:
    """It dials, so it is the check afterwards that keeps it from sending."""
    right = Right(ends_while_dialling=True)
    async with fetcher_with(right) as fetcher:
        outcome = await fetcher.fetch(page_of(hostile_site))

    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, ConnectionLost)
    until(lambda: hostile_site.connections == 1, what="the connection")
    assert hostile_site.requests == []


async def test_that_connection_is_not_kept_for_when_the_right_is_back(hostile_site: HostileSite) -> None:
    right = Right(ends_while_dialling=True)
    async with fetcher_with(right) as fetcher:
        await fetcher.fetch(page_of(hostile_site))
        right.held = True
        outcome = await fetcher.fetch(page_of(hostile_site))

    assert isinstance(outcome, Fetched)
    assert (hostile_site.connections, len(hostile_site.requests)) == (2, 1)


async def test_with_the_right_to_send_a_connection_is_kept(hostile_site: HostileSite) -> None:
    async with fetcher_with(Right(ends_while_dialling=False)) as fetcher:
        outcomes = [await fetcher.fetch(page_of(hostile_site)) for _ in range(3)]

    assert all(isinstance(outcome, Fetched) for outcome in outcomes)
    assert (hostile_site.connections, len(hostile_site.requests)) == (1, 3)
