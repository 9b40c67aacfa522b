"""Which connections are used again, what is sent again, and that nobody gets an answer meant for another."""

from __future__ import annotations

import asyncio

import pytest
import uvloop

from crawler.errors import TruncatedBody
from crawler.fetch import connections
from crawler.fetch.connection import Connection
from crawler.fetch.guard import EgressGuard
from crawler.fetch.http import HttpFetcher
from crawler.fetch.limits import Deadline, FetchLimits
from crawler.http import Failed, Fetched, Outcome, Proxy, Request
from tests.site.wire import Wire

TRUE = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntrue"
FALSE = TRUE.replace(b"true", b"FALS")


class Silent(asyncio.Transport):
    """Takes what is sent and says nothing, until it is `aborted`."""

    aborted = False

    def write(self, data: object) -> None:
        pass

    def abort(self) -> None:
        self.aborted = True


def body(outcome: Outcome) -> bytes:
    assert isinstance(outcome, Fetched), outcome
    return outcome.body


def code(outcome: Outcome) -> str:
    assert isinstance(outcome, Failed), outcome
    return outcome.error.code


@pytest.mark.parametrize("surplus", [FALSE, b"HTTP/1.1 200", b"garbage", b"\r\n\r\n" + FALSE])
async def test_answer_that_nobody_asked_for_answers_nobody(fetcher: HttpFetcher, surplus: bytes) -> None:
    async with Wire(lambda path: TRUE + surplus if path == "/more" else TRUE) as wire:
        assert body(await fetcher.fetch(Request(url=wire.url("/more")))) == b"true"
        assert body(await fetcher.fetch(Request(url=wire.url("/next")))) == b"true"

        assert wire.connections == 2


async def test_what_comes_between_two_requests_ends_the_connection(fetcher: HttpFetcher) -> None:
    async with Wire(lambda _path: TRUE) as wire:
        await fetcher.fetch(Request(url=wire.url("/first")))
        [writer] = wire.open
        writer.write(FALSE)
        await wire.all_gone()

        assert body(await fetcher.fetch(Request(url=wire.url("/next")))) == b"true"
        assert wire.connections == 2


@pytest.mark.parametrize("heard", [b"H", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 103 Early\r\n\r\n"])
async def test_request_whose_answer_began_is_not_sent_again(fetcher: HttpFetcher, heard: bytes) -> None:
    async with Wire(lambda path: TRUE if path == "/first" else heard) as wire:
        await fetcher.fetch(Request(url=wire.url("/first")))
        asking = asyncio.create_task(fetcher.fetch(Request(url=wire.url("/next"))))
        await wire.was_asked(2)
        [writer] = wire.open
        await writer.drain()
        writer.close()

        assert code(await asking) == "connection_lost"
        assert (len(wire.asked), wire.connections) == (2, 1)


@pytest.mark.parametrize(("form", "asked"), [(None, 3), (b"a=b", 2)])
async def test_only_a_page_is_asked_for_again(fetcher: HttpFetcher, form: bytes | None, asked: int) -> None:
    async with Wire(lambda path: TRUE if path == "/first" else None) as wire:
        await fetcher.fetch(Request(url=wire.url("/first")))

        assert code(await fetcher.fetch(Request(url=wire.url("/next"), form=form))) == "connection_lost"
        assert len(wire.asked) == asked


async def test_connection_that_is_idle_for_long_is_closed(
    fetcher: HttpFetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "KEEP_SECONDS", 0.02)
    async with Wire(lambda _path: TRUE) as wire:
        await fetcher.fetch(Request(url=wire.url("/first")))
        await wire.all_gone()

        assert body(await fetcher.fetch(Request(url=wire.url("/next")))) == b"true"


async def test_answer_before_the_whole_form_was_sent_ends_the_connection(fetcher: HttpFetcher) -> None:
    async with Wire(lambda _path: TRUE, reads_bodies=False) as wire:
        form = bytes(32 * 1_048_576)

        assert body(await fetcher.fetch(Request(url=wire.url("/form"), form=form))) == b"true"
        assert body(await fetcher.fetch(Request(url=wire.url("/next")))) == b"true"
        assert wire.connections == 2


async def test_connection_that_took_a_form_takes_nothing_more(fetcher: HttpFetcher) -> None:
    async with Wire(lambda _path: TRUE) as wire:
        assert body(await fetcher.fetch(Request(url=wire.url("/form"), form=b"a=b"))) == b"true"
        await wire.all_gone()


async def test_length_said_twice_is_one_length(fetcher: HttpFetcher) -> None:
    twice = TRUE.replace(b"\r\n\r\n", b"\r\nContent-Length: 4\r\n\r\n")
    async with Wire(lambda _path: twice) as wire:
        outcomes = [await fetcher.fetch(Request(url=wire.url("/twice"))) for _ in range(3)]

        assert [body(outcome) for outcome in outcomes] == [b"true"] * 3
        assert wire.connections == 1


def test_long_body_is_cut_on_the_loop_that_crawls_use(guard: EgressGuard) -> None:
    uvloop.run(_cut_of_a_long_body(guard))


async def _cut_of_a_long_body(guard: EgressGuard) -> None:
    long = b"HTTP/1.1 200 OK\r\nContent-Length: 4000000\r\n\r\n" + b"x" * 4_000_000
    async with Wire(lambda _path: long) as wire, HttpFetcher(guard) as fetcher:
        for _ in range(5):
            page = await fetcher.fetch(Request(url=wire.url("/long"), keep_bytes=300_000))
            assert isinstance(page, Fetched), page
            assert (page.status, len(page.body), page.truncated) == (200, 300_000, True)


def test_transport_that_is_handed_over_stays_open() -> None:
    connection, transport = Connection(FetchLimits()), Silent()
    connection.connection_made(transport)
    connection.hand_over()

    assert not connection.usable
    connection.abort()
    assert not transport.aborted


async def test_reset_is_no_end_of_a_body() -> None:
    connection = Connection(FetchLimits())
    connection.connection_made(Silent())
    asking = asyncio.create_task(connection.ask(b"", Deadline(0.0, 0.0), most=100))
    await asyncio.sleep(0)
    connection.data_received(b"HTTP/1.1 200 OK\r\n\r\nhalf")
    connection.connection_lost(ConnectionResetError())

    with pytest.raises(TruncatedBody):
        await asking


@pytest.mark.parametrize("length", [4, 4_000_000])
async def test_answer_stays_whole_when_more_comes_before_it_is_taken(length: int) -> None:
    """Where there is much to read, uvloop reads several times in one turn: what ends a long body, too."""
    connection, transport = Connection(FetchLimits()), Silent()
    connection.connection_made(transport)
    asking = asyncio.create_task(connection.ask(b"", Deadline(0.0, 0.0), most=3, cuts=True))
    await asyncio.sleep(0)
    connection.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\ntrue" % length)
    connection.data_received(FALSE)

    answer = await asking
    assert (answer.status, answer.headers.get("Content-Length"), answer.sent) == (200, str(length), [b"true"])
    assert transport.aborted
    assert not connection.usable


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (TRUE.replace(b"200 OK", b"502 Bad"), "answers with status 502"),
        (b"HTTP/1.1 200 OK\r\n\r\nmore", "does not open a tunnel as it should"),
        (b"garbage\r\n\r\n", "the answer is not valid HTTP"),
        (b"HTTP/1.1 407 Who\r\n\r\n", "does not accept its user name and password"),
        (None, "hangs up instead of opening a tunnel"),
    ],
)
async def test_proxy_that_opens_no_tunnel_has_failed(
    fetcher: HttpFetcher, answer: bytes | None, message: str
) -> None:
    async with Wire(lambda _path: answer) as wire:
        request = Request(url="https://127.0.0.1:9/", proxy=Proxy(url=wire.url("")))
        outcome = await fetcher.fetch(request)

        assert isinstance(outcome, Failed)
        assert outcome.error.message.startswith(f"the proxy {wire.url('')}")
        assert message in outcome.error.message
        assert outcome.error.code == "proxy_failed"
        await wire.all_gone()


@pytest.mark.parametrize("status", [200, 201, 299])
async def test_any_status_of_success_opens_a_tunnel(fetcher: HttpFetcher, status: int) -> None:
    """What then speaks no TLS is the host, as far as anybody can tell."""
    async with Wire(lambda _path: b"HTTP/1.1 %d Yes\r\n\r\n" % status, last="127.0.0.1:9") as wire:
        request = Request(url="https://127.0.0.1:9/", proxy=Proxy(url=wire.url("")))

        assert code(await fetcher.fetch(request)) in {"connect_failed", "tls_failed"}


async def test_ways_to_one_host_are_apart(fetcher: HttpFetcher) -> None:
    async with Wire(lambda _path: TRUE) as site, Wire(lambda _path: TRUE) as proxy:
        for way in (None, Proxy(url=proxy.url("")), Proxy(url=proxy.url(""), user="ada")):
            for _ in range(2):
                await fetcher.fetch(Request(url=site.url("/x"), proxy=way))

        assert (site.connections, proxy.connections) == (1, 2)
        assert proxy.asked == [f"GET {site.url('/x')} HTTP/1.1"] * 4
        await fetcher.leave([site.url("")])
        await asyncio.gather(site.all_gone(), proxy.all_gone())


async def test_nothing_is_open_when_the_fetcher_is_closed(guard: EgressGuard) -> None:
    async with Wire(lambda _path: TRUE) as wire:
        async with HttpFetcher(guard) as fetcher:
            await asyncio.gather(*(fetcher.fetch(Request(url=wire.url("/x"))) for _ in range(5)))
            assert len(wire.open) == 5
        await wire.all_gone()


async def test_answer_after_the_fetcher_was_closed_leaves_nothing_open(guard: EgressGuard) -> None:
    async with Wire(lambda _path: TRUE) as wire:
        async with HttpFetcher(guard) as fetcher:
            asking = asyncio.create_task(fetcher.fetch(Request(url=wire.url("/x"))))
            await asyncio.sleep(0)
        assert body(await asking) == b"true"
        await wire.all_gone()
