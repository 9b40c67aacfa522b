"""What is sent to receivers of webhooks, and what comes of their answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from ipaddress import ip_address

import pytest

from crawler.errors import (
    BadResponse,
    ConnectFailed,
    ConnectionLost,
    FetchError,
    NameNotFound,
    Refused,
    TimedOut,
    TlsFailed,
)
from crawler.fetch.guard import EgressGuard
from crawler.fetch.sender import Sender
from crawler.http import Failed, Fetched, Outcome
from crawler.policy.addresses import AddressPolicy, parse_allow
from tests.site import HostileSite


@pytest.fixture
async def sender(guard: EgressGuard) -> AsyncIterator[Sender]:
    async with Sender(guard, user_agent="Trawl-Test/1", total=timedelta(seconds=10)) as sender:
        yield sender


def error(outcome: Outcome) -> FetchError:
    assert isinstance(outcome, Failed), outcome
    return outcome.error


async def test_document_arrives_with_its_headers(sender: Sender, hostile_site: HostileSite) -> None:
    hostile_site.serve("/hook", "thank you", status=204)

    outcome = await sender.post(hostile_site.url("/hook?a=b"), b'{"a":1}', {"webhook-id": "msg_1"})

    assert isinstance(outcome, Fetched)
    assert outcome.status == 204
    [received] = hostile_site.requests
    assert (received.method, received.target, received.body) == ("POST", "/hook?a=b", b'{"a":1}')
    assert received.host == f"127.0.0.1:{hostile_site.port}"
    sent = {name: received.header(name) for name in ("content-type", "webhook-id", "user-agent")}
    assert sent == {
        "content-type": "application/json", "webhook-id": "msg_1", "user-agent": "Trawl-Test/1"
    }  # fmt: skip


async def test_redirect_is_not_followed(sender: Sender, hostile_site: HostileSite) -> None:
    outcome = await sender.post(hostile_site.url("/redirect/1"), b"{}", {})

    assert isinstance(outcome, Fetched)
    assert outcome.status == 302
    assert [request.path for request in hostile_site.requests] == ["/redirect/1"]


async def test_endless_answer_is_not_read_to_its_end(sender: Sender, hostile_site: HostileSite) -> None:
    outcome = await sender.post(hostile_site.url("/bomb/endless-body"), b"{}", {})

    assert isinstance(outcome, Fetched)
    assert outcome.body == b""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/broken/close", ConnectionLost),
        ("/broken/reset", ConnectionLost),
        ("/bomb/one-large-header", BadResponse),
    ],
)
async def test_trouble_is_a_value(
    sender: Sender, hostile_site: HostileSite, path: str, expected: type[FetchError]
) -> None:
    assert type(error(await sender.post(hostile_site.url(path), b"{}", {}))) is expected


async def test_silent_receiver_has_a_limit(guard: EgressGuard, hostile_site: HostileSite) -> None:
    async with Sender(guard, total=timedelta(milliseconds=50)) as sender:
        assert isinstance(error(await sender.post(hostile_site.url("/slow/never"), b"{}", {})), TimedOut)


async def test_slow_receiver_holds_up_no_other(sender: Sender, hostile_site: HostileSite) -> None:
    waiting = asyncio.create_task(sender.post(hostile_site.url("/slow/never"), b"{}", {}))
    outcomes = await asyncio.gather(*(sender.post(hostile_site.url("/ok"), b"{}", {}) for _ in range(10)))

    assert [isinstance(outcome, Fetched) for outcome in outcomes] == [True] * 10
    assert not waiting.done()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)


async def test_certificate_that_nobody_vouches_for_is_refused(
    sender: Sender, hostile_tls_site: HostileSite
) -> None:
    assert isinstance(error(await sender.post(hostile_tls_site.url("/ok"), b"{}", {})), TlsFailed)
    assert hostile_tls_site.requests == []


async def test_closed_port_is_no_connection(sender: Sender, hostile_site: HostileSite) -> None:
    hostile_site.stop()

    assert isinstance(error(await sender.post(hostile_site.url("/ok"), b"{}", {})), ConnectFailed)


async def test_forbidden_address_gets_no_connection(hostile_site: HostileSite) -> None:
    guard = EgressGuard(AddressPolicy())
    async with Sender(guard) as sender:
        refusal = error(await sender.post(hostile_site.url("/ok"), b"{}", {}))
    guard.close()

    assert isinstance(refusal, Refused)
    assert hostile_site.connections == 0


async def test_next_address_is_tried_when_one_does_not_answer(hostile_site: HostileSite) -> None:
    answers = {"two.test": ["127.0.0.9", "127.0.0.1"], "none.test": []}
    guard = EgressGuard(
        AddressPolicy(parse_allow("127.0.0.0/8")),
        lookup=lambda host: [ip_address(text) for text in answers[host]],
    )
    async with Sender(guard) as sender:
        outcome = await sender.post(f"http://two.test:{hostile_site.port}/ok", b"{}", {})
        gone = await sender.post(f"http://none.test:{hostile_site.port}/ok", b"{}", {})
    guard.close()

    assert isinstance(outcome, Fetched)
    assert isinstance(error(gone), NameNotFound)


async def test_peer_is_judged_after_dialling(hostile_site: HostileSite) -> None:
    """A guard that lets the address through and its peer not still has nothing sent."""

    class Changing(EgressGuard):
        def check(self, address: object, port: int, *, host: str | None = None) -> None:
            if host is None:
                raise Refused

    guard = Changing(AddressPolicy(parse_allow("127.0.0.0/8")))
    async with Sender(guard) as sender:
        outcome = await sender.post(hostile_site.url("/ok"), b"{}", {})
    guard.close()

    assert isinstance(error(outcome), Refused)
    assert hostile_site.requests == []


async def test_cookie_of_an_answer_goes_nowhere(sender: Sender, hostile_site: HostileSite) -> None:
    hostile_site.serve("/hook", "", headers=[("Set-Cookie", "who=receiver; Path=/")])

    await sender.post(hostile_site.url("/hook"), b"{}", {})
    await sender.post(hostile_site.url("/hook"), b"{}", {})

    assert [received.header("cookie") for received in hostile_site.requests] == [None, None]
