"""The egress guard: what is resolved, refused, dialled, and what the messages keep to themselves."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from ipaddress import ip_address

import pytest

from crawler.errors import DnsFailed, FetchError, NameNotFound, Refused
from crawler.fetch.guard import EgressGuard, own_addresses
from crawler.fetch.http import HttpFetcher
from crawler.http import Failed, Fetched, Outcome, Request
from crawler.policy.addresses import Address, AddressPolicy, parse_allow
from tests.site import HostileSite

LOOPBACK = AddressPolicy(parse_allow("127.0.0.0/8"))


class Names:
    """A resolver with answers of its own, and a count of the questions."""

    def __init__(self, **answers: list[str] | Exception) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def __call__(self, host: str) -> list[Address]:
        self.asked.append(host)
        answer = self.answers[host.partition(".")[0]]
        if isinstance(answer, Exception):
            raise answer
        return [ip_address(text) for text in answer]


@asynccontextmanager
async def fetcher_with(
    lookup: Callable[[str], list[Address]], policy: AddressPolicy = LOOPBACK
) -> AsyncIterator[HttpFetcher]:
    guard = EgressGuard(policy, lookup=lookup)
    async with HttpFetcher(guard) as fetcher:
        yield fetcher
    guard.close()


def error(outcome: Outcome) -> FetchError:
    assert isinstance(outcome, Failed), outcome
    return outcome.error


async def test_name_is_dialled_at_the_address_that_was_judged(hostile_site: HostileSite) -> None:
    names = Names(shop=["127.0.0.1"])
    async with fetcher_with(names) as fetcher:
        page = await fetcher.fetch(Request(url=f"http://shop.example:{hostile_site.port}/ok"))

    assert isinstance(page, Fetched)
    assert hostile_site.requests[0].host == f"shop.example:{hostile_site.port}"


async def test_address_that_is_not_allowed_gets_no_connection(hostile_site: HostileSite) -> None:
    async with fetcher_with(Names(), AddressPolicy()) as fetcher:
        refusal = error(await fetcher.fetch(Request(url=hostile_site.url("/ok"))))

    assert isinstance(refusal, Refused)
    assert hostile_site.connections == 0


async def test_one_refused_address_refuses_the_name(hostile_site: HostileSite) -> None:
    names = Names(mixed=["127.0.0.1", "10.0.0.1"])
    async with fetcher_with(names) as fetcher:
        outcome = await fetcher.fetch(Request(url=f"http://mixed.example:{hostile_site.port}/ok"))

    assert isinstance(error(outcome), Refused)
    assert hostile_site.connections == 0


async def test_refusal_names_the_setting_and_the_log_the_address(
    hostile_site: HostileSite, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="crawler.fetch.guard"):
        async with fetcher_with(Names(inner=["10.20.30.40"])) as fetcher:
            outcome = await fetcher.fetch(Request(url="http://inner.example/"))

    assert "EGRESS_ALLOW" in error(outcome).message
    assert "10.20.30.40" not in error(outcome).message
    assert "inner.example is 10.20.30.40, port 80" in caplog.text


async def test_answer_that_changes_after_the_look_changes_nothing(hostile_site: HostileSite) -> None:
    names = Names(rebind=["127.0.0.1"])
    url = f"http://rebind.example:{hostile_site.port}/ok"
    async with fetcher_with(names) as fetcher:
        await fetcher.fetch(Request(url=url))
        names.answers["rebind"] = ["10.0.0.1"]
        page = await fetcher.fetch(Request(url=url, headers=(("X-Again", "1"),)))

    assert isinstance(page, Fetched)
    assert names.asked == ["rebind.example"]


class Lying(EgressGuard):
    """A guard that lets addresses through which its policy does not permit."""

    async def resolve(self, host: str, port: int) -> list[Address]:
        return [ip_address("127.0.0.1")]


async def test_peer_is_judged_even_when_the_dialling_was_not(hostile_site: HostileSite) -> None:
    guard = Lying(AddressPolicy(parse_allow("127.0.0.2")))
    async with HttpFetcher(guard) as fetcher:
        outcome = await fetcher.fetch(Request(url=f"http://shop.example:{hostile_site.port}/ok"))
    guard.close()

    assert isinstance(error(outcome), Refused)
    assert hostile_site.requests == []


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (socket.gaierror(socket.EAI_NONAME, "no such name"), NameNotFound),
        (socket.gaierror(socket.EAI_AGAIN, "try again"), DnsFailed),
        (OSError("the network is down"), DnsFailed),
        (UnicodeError("label too long"), NameNotFound),
    ],
)
async def test_name_without_an_address_is_unreachable(answer: Exception, expected: type[FetchError]) -> None:
    async with fetcher_with(Names(gone=answer)) as fetcher:
        outcome = await fetcher.fetch(Request(url="http://gone.example/"))

    assert type(error(outcome)) is expected


@pytest.mark.parametrize("host", [".shop.example", "shop..example", ".", "x" * 64])
async def test_name_that_tls_cannot_ask_for_is_none(hostile_tls_site: HostileSite, host: str) -> None:
    async with fetcher_with(lambda _host: [ip_address("127.0.0.1")]) as fetcher:
        outcome = await fetcher.fetch(Request(url=f"https://{host}:{hostile_tls_site.port}/ok"))

        await fetcher.leave([f"https://{host}:{hostile_tls_site.port}"])

    assert type(error(outcome)) is NameNotFound
    assert hostile_tls_site.connections == 0


async def test_failed_look_up_is_asked_again() -> None:
    names = Names(shop=socket.gaierror(socket.EAI_AGAIN, "try again"))
    guard = EgressGuard(LOOPBACK, lookup=names)
    with pytest.raises(DnsFailed):
        await guard.resolve("shop.example", 80)
    names.answers["shop"] = ["127.0.0.1"]

    assert await guard.resolve("shop.example", 80) == [ip_address("127.0.0.1")]
    guard.close()


async def test_look_up_has_a_deadline() -> None:
    hanging = threading.Event()

    def hang(_host: str) -> list[Address]:
        hanging.wait(60)
        return []

    guard = EgressGuard(LOOPBACK, lookup=hang, lookup_limit=timedelta(milliseconds=30))
    with pytest.raises(DnsFailed, match="too long"):
        await guard.resolve("slow.example", 80)
    hanging.set()
    guard.close()


async def test_callers_at_once_share_one_look_up() -> None:
    names = Names(shop=["127.0.0.1"])
    guard = EgressGuard(LOOPBACK, lookup=names)
    await asyncio.gather(*(guard.resolve("shop.example", 80) for _ in range(10)))

    assert names.asked == ["shop.example"]
    guard.close()


async def test_caller_that_gives_up_leaves_the_answer_to_others() -> None:
    answer = threading.Event()

    def wait(_host: str) -> list[Address]:
        answer.wait(60)
        return [ip_address("127.0.0.1")]

    guard = EgressGuard(LOOPBACK, lookup=wait)
    first, second = (asyncio.create_task(guard.resolve("shop.example", 80)) for _ in range(2))
    await asyncio.sleep(0.01)
    first.cancel()
    answer.set()

    assert await second == [ip_address("127.0.0.1")]
    guard.close()


async def test_answers_are_kept_for_a_while_only() -> None:
    names = Names(shop=["127.0.0.1"])
    guard = EgressGuard(LOOPBACK, lookup=names, keep=timedelta(0))
    for _ in range(2):
        await guard.resolve("shop.example", 80)

    assert len(names.asked) == 2
    guard.close()


async def test_each_port_is_judged_though_the_name_is_kept() -> None:
    guard = EgressGuard(AddressPolicy(), lookup=Names(shop=["93.184.215.14"]))
    assert await guard.resolve("shop.example", 443)

    with pytest.raises(Refused):
        await guard.resolve("shop.example", 22)
    guard.close()


def test_machine_knows_its_own_addresses() -> None:
    assert ip_address("127.0.0.1") in own_addresses()
