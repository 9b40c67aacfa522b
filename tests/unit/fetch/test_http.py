"""The fetcher over HTTP/1.1 against the hostile web."""

from __future__ import annotations

import asyncio
import json
import resource
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
import uvloop

from crawler.errors import TimedOut
from crawler.fetch.guard import EgressGuard
from crawler.fetch.http import HttpFetcher
from crawler.fetch.limits import FetchLimits
from crawler.http import Failed, Fetched, Outcome, Request
from crawler.policy.addresses import AddressPolicy, parse_allow
from tests.site import HostileSite
from tests.site.pages import ETAG, TEXT
from tests.site.reply import Reply

SHORT = timedelta(seconds=0.3)
IMPATIENT, DEMANDING = FetchLimits(headers=SHORT), FetchLimits(slow_after=SHORT)
"""Each has one short limit, so that on a busy machine no other is met before it."""


@asynccontextmanager
async def opened(guard: EgressGuard, limits: FetchLimits) -> AsyncIterator[HttpFetcher]:
    async with HttpFetcher(guard, limits=limits) as fetcher:
        yield fetcher


def code(outcome: Outcome) -> str:
    assert isinstance(outcome, Failed), outcome
    return outcome.error.code


def body(outcome: Outcome) -> bytes:
    assert isinstance(outcome, Fetched), outcome
    return outcome.body


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/lies/too-short", "truncated_body"),
        ("/lies/two-lengths", "bad_response"),
        ("/lies/not-gzip", "bad_encoding"),
        ("/lies/half-gzip", "truncated_body"),
        ("/lies/unknown-coding", "bad_encoding"),
        ("/lies/many-codings", "bad_encoding"),
        ("/broken/close", "connection_lost"),
        ("/broken/reset", "connection_lost"),
        ("/broken/garbage", "bad_response"),
        ("/broken/half-head", "connection_lost"),
        ("/broken/bad-header", "bad_response"),
        ("/broken/reset-in-body", "truncated_body"),
        ("/broken/bad-chunk", "bad_response"),
        ("/broken/half-chunk", "truncated_body"),
        ("/bomb/many-headers", "header_bomb"),
        ("/bomb/large-headers", "header_bomb"),
        ("/bomb/one-large-header", "header_bomb"),
        ("/bomb/endless-headers", "header_bomb"),
        ("/bomb/interim", "bad_response"),
        ("/bomb/claims-much", "too_large"),
        ("/bomb/gzip", "inflation_bomb"),
        ("/bomb/deflate", "inflation_bomb"),
        ("/bomb/br", "inflation_bomb"),
        ("/bomb/zstd", "inflation_bomb"),
    ],
)
async def test_trouble_has_its_code(
    fetcher: HttpFetcher, hostile_site: HostileSite, path: str, expected: str
) -> None:
    assert code(await fetcher.fetch(Request(url=hostile_site.url(path)))) == expected


@pytest.mark.parametrize(
    "path",
    [
        "/ok",
        "/chunked",
        "/broken/until-close",
        "/lies/charset-as-coding",
        "/lies/image",
        "/lies/no-type",
        "/coded/gzip",
        "/coded/deflate",
        "/coded/raw-deflate",
        "/coded/br",
        "/coded/zstd",
        "/coded/br+gzip",
    ],
)
async def test_body_arrives_decoded_however_it_was_sent(
    fetcher: HttpFetcher, hostile_site: HostileSite, path: str
) -> None:
    assert body(await fetcher.fetch(Request(url=hostile_site.url(path)))) == TEXT


async def test_wire_bytes_count_what_was_sent(fetcher: HttpFetcher, hostile_site: HostileSite) -> None:
    page = await fetcher.fetch(Request(url=hostile_site.url("/coded/br")))

    assert isinstance(page, Fetched)
    assert page.wire_bytes < len(page.body) / 10


async def test_extra_bytes_after_the_length_are_not_the_next_response(
    fetcher: HttpFetcher, hostile_site: HostileSite
) -> None:
    await fetcher.fetch(Request(url=hostile_site.url("/lies/too-long")))

    assert body(await fetcher.fetch(Request(url=hostile_site.url("/ok")))) == TEXT


async def test_endless_body_ends_at_the_size_limit(guard: EgressGuard, hostile_site: HostileSite) -> None:
    async with opened(guard, FetchLimits(max_wire_bytes=300_000)) as fetcher:
        assert code(await fetcher.fetch(Request(url=hostile_site.url("/bomb/endless-body")))) == "too_large"


async def test_endless_body_is_cut_where_the_request_says(
    fetcher: HttpFetcher, hostile_site: HostileSite
) -> None:
    request = Request(url=hostile_site.url("/bomb/endless-body"), keep_bytes=70_000)

    assert len(body(await fetcher.fetch(request))) == 70_000


async def test_bomb_is_cut_where_the_request_says(fetcher: HttpFetcher, hostile_site: HostileSite) -> None:
    request = Request(url=hostile_site.url("/bomb/br"), keep_bytes=70_000)

    assert len(body(await fetcher.fetch(request))) == 70_000


@pytest.mark.parametrize(
    ("path", "limits", "which"),
    [
        ("/slow/never", IMPATIENT, "headers"),
        ("/slow/headers", IMPATIENT, "headers"),
        ("/slow/drip", DEMANDING, "too_slow"),
        ("/slow/stalls", DEMANDING, "too_slow"),
    ],
)
async def test_slow_server_runs_out_of_time(
    guard: EgressGuard, hostile_site: HostileSite, path: str, limits: FetchLimits, which: str
) -> None:
    async with opened(guard, limits) as fetcher:
        outcome = await fetcher.fetch(Request(url=hostile_site.url(path)))

    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, TimedOut)
    assert outcome.error.which == which
    assert outcome.elapsed_seconds < 15


async def test_steady_body_still_ends_at_the_total_deadline(
    guard: EgressGuard, hostile_site: HostileSite
) -> None:
    limits = FetchLimits(total=timedelta(seconds=0.4), min_bytes_per_second=1)
    async with opened(guard, limits) as fetcher:
        outcome = await fetcher.fetch(Request(url=hostile_site.url("/slow/drip")))

    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, TimedOut)
    assert outcome.error.which == "total"


async def test_body_that_keeps_up_is_not_too_slow(guard: EgressGuard, hostile_site: HostileSite) -> None:
    async def steady(_site: HostileSite, _request: object, reply: Reply) -> None:
        await reply.head(200, [("Content-Length", "30000")])
        for _ in range(10):
            await reply.raw(b"x" * 3_000)
            await asyncio.sleep(0.06)

    url = hostile_site.answer("/steady", steady)
    async with opened(guard, DEMANDING) as fetcher:
        assert len(body(await fetcher.fetch(Request(url=url)))) == 30_000


async def test_port_without_a_server_fails_to_connect(fetcher: HttpFetcher, silent_port: int) -> None:
    outcome = await fetcher.fetch(Request(url=f"http://127.0.0.1:{silent_port}/"))

    assert code(outcome) == "connect_failed"
    assert isinstance(outcome, Failed)
    assert "127.0.0.1" not in outcome.error.message


async def test_certificate_nobody_vouches_for_is_refused(
    fetcher: HttpFetcher, hostile_tls_site: HostileSite
) -> None:
    outcome = await fetcher.fetch(Request(url=hostile_tls_site.url("/ok")))

    assert code(outcome) == "tls_failed"
    assert isinstance(outcome, Failed)
    assert "certificate" in outcome.error.message
    assert hostile_tls_site.requests == []


async def test_plain_server_speaks_no_tls(fetcher: HttpFetcher, hostile_site: HostileSite) -> None:
    url = hostile_site.url("/ok").replace("http:", "https:")

    assert code(await fetcher.fetch(Request(url=url))) == "tls_failed"


@pytest.mark.parametrize(
    "target",
    ["/a%2fb?x=%zz&y=[]|&z=a+b", "//double//", "/%7Euser/caf%C3%A9", "/a;b=1,2?q=%00'\"", "/x?a=b?c"],
)
async def test_url_is_sent_as_it_is(fetcher: HttpFetcher, hostile_site: HostileSite, target: str) -> None:
    await fetcher.fetch(Request(url=hostile_site.url(target)))

    assert [request.target for request in hostile_site.requests] == [target]


async def test_only_our_own_headers_are_added(fetcher: HttpFetcher, hostile_site: HostileSite) -> None:
    said = json.loads(body(await fetcher.fetch(Request(url=hostile_site.url("/echo")))))

    assert dict(said["headers"]) == {
        "Host": f"127.0.0.1:{hostile_site.port}",
        "User-Agent": "Trawl-Test/1",
        "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "Accept-Encoding": "gzip, deflate, br, zstd",
    }


@pytest.mark.parametrize(
    "name", ["Host", "content-length", "Transfer-Encoding", "Connection", "Accept-Encoding"]
)
async def test_headers_of_the_connection_cannot_be_set(
    fetcher: HttpFetcher, hostile_site: HostileSite, name: str
) -> None:
    request = Request(url=hostile_site.url("/ok"), headers=((name, "5"),))

    assert code(await fetcher.fetch(request)) == "bad_request"
    assert hostile_site.requests == []


@pytest.mark.parametrize("value", ["a\r\nX-Injected: 1", "a\nb", "a\0b"])
async def test_header_cannot_bring_another(
    fetcher: HttpFetcher, hostile_site: HostileSite, value: str
) -> None:
    request = Request(url=hostile_site.url("/ok"), headers=(("X-Own", value),))

    assert code(await fetcher.fetch(request)) == "bad_request"
    assert hostile_site.requests == []


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1/", "file:///etc/passwd", "http://u:p@127.0.0.1/", "/ok", "http://"]
)
async def test_only_plain_web_urls_are_fetched(fetcher: HttpFetcher, url: str) -> None:
    assert code(await fetcher.fetch(Request(url=url))) == "bad_request"


async def test_validators_come_back_octet_for_octet(fetcher: HttpFetcher, hostile_site: HostileSite) -> None:
    url = hostile_site.url("/conditional")
    first = await fetcher.fetch(Request(url=url))
    assert isinstance(first, Fetched)
    assert first.headers.get("ETag") == ETAG
    second = await fetcher.fetch(Request(url=url, headers=(("If-None-Match", ETAG),)))

    assert isinstance(second, Fetched)
    assert (second.status, second.body) == (304, b"")


async def test_header_octets_that_are_no_utf8_are_latin_1(
    fetcher: HttpFetcher, hostile_site: HostileSite
) -> None:
    async def latin(_site: HostileSite, _request: object, reply: Reply) -> None:
        await reply.raw(b"HTTP/1.1 200 OK\r\nX-Name: caf\xe9\r\nContent-Length: 0\r\n\r\n")

    page = await fetcher.fetch(Request(url=hostile_site.answer("/latin", latin)))

    assert isinstance(page, Fetched)
    assert page.headers.get("x-name") == "café"


async def test_proxy_of_the_environment_is_not_used(
    fetcher: HttpFetcher, hostile_site: HostileSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9/")

    assert body(await fetcher.fetch(Request(url=hostile_site.url("/ok")))) == TEXT


async def test_connection_is_used_again(fetcher: HttpFetcher, hostile_site: HostileSite) -> None:
    outcomes = [await fetcher.fetch(Request(url=hostile_site.url("/ok"))) for _ in range(5)]

    assert hostile_site.connections == 1
    dialled = [isinstance(outcome, Fetched) and outcome.dial_seconds > 0 for outcome in outcomes]
    assert dialled == [True, False, False, False, False]


async def test_nothing_stays_open_to_hosts_that_are_left(fetcher: HttpFetcher) -> None:
    with HostileSite(ports=2) as site:
        for origin in site.origins:
            await fetcher.fetch(Request(url=f"{origin}/ok"))
        await fetcher.leave([site.origins[0], "http://other.test"])
        for origin in site.origins:
            await fetcher.fetch(Request(url=f"{origin}/ok"))

        assert site.connections == 3


@pytest.mark.parametrize("path", ["/broken/close", "/broken/reset", "/broken/half-head"])
async def test_server_that_does_not_answer_is_asked_once(
    fetcher: HttpFetcher, hostile_site: HostileSite, path: str
) -> None:
    assert code(await fetcher.fetch(Request(url=hostile_site.url(path)))) == "connection_lost"
    assert len(hostile_site.requests) == 1


async def test_kept_connection_that_was_closed_meanwhile_costs_no_page(
    fetcher: HttpFetcher, hostile_site: HostileSite
) -> None:
    async def closing(site: HostileSite, _request: object, reply: Reply) -> None:
        if site.count("closing") == 1:
            reply.close()
        else:
            await reply.send(200, TEXT)

    url = hostile_site.answer("/closing", closing)
    await fetcher.fetch(Request(url=hostile_site.url("/ok")))

    assert body(await fetcher.fetch(Request(url=url))) == TEXT
    assert (len(hostile_site.asked("/closing")), hostile_site.connections) == (2, 2)


async def test_cancelled_fetch_closes_its_connection(fetcher: HttpFetcher, hostile_site: HostileSite) -> None:
    task = asyncio.create_task(fetcher.fetch(Request(url=hostile_site.url("/slow/stalls"))))
    while not hostile_site.requests:  # noqa: ASYNC110  # the site runs on a thread of its own
        await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await fetcher.fetch(Request(url=hostile_site.url("/ok")))

    assert hostile_site.connections == 2


async def test_bombs_leave_memory_alone(fetcher: HttpFetcher, hostile_site: HostileSite) -> None:
    paths = ["/bomb/gzip", "/bomb/br", "/bomb/zstd", "/bomb/endless-headers", "/bomb/interim"]
    for path in paths:  # the site makes its bombs in this process too
        await fetcher.fetch(Request(url=hostile_site.url(path)))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(4):
        await asyncio.gather(*(fetcher.fetch(Request(url=hostile_site.url(path))) for path in paths))

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


def test_fetcher_works_on_uvloop(hostile_site: HostileSite) -> None:
    async def fetch_all() -> list[Outcome]:
        guard = EgressGuard(AddressPolicy(parse_allow("127.0.0.0/8")))
        async with HttpFetcher(guard, limits=DEMANDING) as fetcher:
            urls = [hostile_site.url(path) for path in ("/ok", "/coded/br", "/slow/drip", "/broken/reset")]
            return [await fetcher.fetch(Request(url=url)) for url in urls]

    ok, coded, slow, reset = uvloop.run(fetch_all())

    assert (body(ok), body(coded), code(slow), code(reset)) == (TEXT, TEXT, "timed_out", "connection_lost")
