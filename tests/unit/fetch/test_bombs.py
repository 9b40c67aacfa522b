"""What a server may do to a fetch: each ends with its code, within its time and 64 MiB of memory."""

from __future__ import annotations

import socket
import sys
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from benchmarks.bombed import bombed
from crawler.errors import TimedOut
from crawler.fetch.http import HttpFetcher
from crawler.fetch.limits import FetchLimits
from crawler.http import Failed, Request
from tests.site import bombs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.fetch.guard import EgressGuard
    from tests.site import HostileSite

MOST_GROWTH = 64 * 1_048_576


def test_no_bomb_and_no_large_body_takes_more_than_64_mib(hostile_site: HostileSite) -> None:
    bombs.plant(hostile_site)
    found = bombed(hostile_site.origin, bombs.OVER_HTTP1)
    assert [ended.path for ended in found] == list(bombs.OVER_HTTP1)
    assert [ended for ended in found if not bombs.is_expected(ended.said, bombs.OVER_HTTP1[ended.path])] == []
    sys.stdout.write(f"most growth: {max(ended.grown_bytes for ended in found) / 1_048_576:.0f} MiB\n")
    assert [ended for ended in found if ended.grown_bytes > MOST_GROWTH] == []


@pytest.fixture
def impatient(guard: EgressGuard) -> HttpFetcher:
    return HttpFetcher(guard, limits=FetchLimits(connect=timedelta(seconds=0.3)))


async def timed_out(fetcher: HttpFetcher, url: str) -> str:
    async with fetcher:
        outcome = await fetcher.fetch(Request(url=url))
    assert isinstance(outcome, Failed), outcome
    assert isinstance(outcome.error, TimedOut), outcome
    return outcome.error.which


async def test_handshake_that_never_ends_runs_out_of_the_time_for_connecting(impatient: HttpFetcher) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert await timed_out(impatient, f"https://127.0.0.1:{listener.getsockname()[1]}/") == "connect"


async def test_connection_that_nobody_answers_runs_out_of_time(impatient: HttpFetcher) -> None:
    with _black_hole() as port:
        assert await timed_out(impatient, f"http://127.0.0.1:{port}/") == "connect"


@contextmanager
def _black_hole() -> Iterator[int]:
    """Yield a port whose queue of connections is full, so that no more are answered."""
    with ExitStack() as opened, socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        for _ in range(4):
            filler = opened.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(address)
        yield address[1]
