"""What a server may do to a fetch: each ends with its code, within its time and 64 MiB of memory."""

from __future__ import annotations

import gzip
import json
import os
import random
import socket
import subprocess
import sys
import zlib
from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import brotli  # type: ignore[import-untyped]
import pytest
import zstandard

from crawler.errors import TimedOut
from crawler.fetch.http import HttpFetcher
from crawler.fetch.limits import FetchLimits
from crawler.http import Failed, Request
from tests.unit.meta import tree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.fetch.guard import EgressGuard
    from tests.site import HostileSite

MOST_GROWTH = 64 * 1_048_576
LARGEST = 20 * 1_048_576
CODED = {"/large/plain": "", "/large/gzip": "gzip", "/large/br+gzip": "br+gzip", "/large/gzip+br": "gzip+br"}
PRESSES: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda data: gzip.compress(data, 1),
    "deflate": lambda data: zlib.compress(data, 1),
    "br": lambda data: bytes(brotli.compress(data, quality=1)),
    "zstd": zstandard.ZstdCompressor().compress,
}
PRESSED = ("gzip", "deflate", "br", "zstd", "gzip+gzip", "gzip+br", "br+zstd", "zstd+deflate")
BOMBS = {
    **{f"/pressed/{codings}": "inflation_bomb" for codings in PRESSED},
    "/lies/many-codings": "bad_encoding",
    "/bomb/endless-body": "too_large",
    "/bomb/endless-chunks": "too_large",
    "/bomb/endless-headers": "header_bomb",
    "/bomb/many-headers": "header_bomb",
    "/bomb/one-large-header": "header_bomb",
    "/bomb/interim": "bad_response",
    "/bomb/claims-much": "too_large",
    "/bomb/large-chunk": "too_large",
    "/bomb/chunk-extensions": "timed_out",
    "/bomb/trailers": "header_bomb or bad_response",
    "/slow/drip": "timed_out",
    "/slow/headers": "timed_out",
}


@pytest.fixture
def bombs(hostile_site: HostileSite) -> HostileSite:
    """The hostile web with bodies that are as large as they may be, and bombs within bombs."""
    noise = random.Random(4).randbytes(LARGEST - 200_000)
    for path, codings in CODED.items():
        hostile_site.serve(path, _pressed(noise, codings), headers=_headers(codings))
    for codings in PRESSED:
        hostile_site.serve(
            f"/pressed/{codings}", _pressed(bytes(2 * LARGEST), codings), headers=_headers(codings)
        )
    return hostile_site


def _pressed(body: bytes, codings: str) -> bytes:
    for coding in filter(None, codings.split("+")):
        body = PRESSES[coding](body)
    return body


def _headers(codings: str) -> list[tuple[str, str]]:
    return [("Content-Encoding", codings.replace("+", ", "))] if codings else []


def test_no_bomb_and_no_large_body_takes_more_than_64_mib(bombs: HostileSite) -> None:
    paths = [*BOMBS, *CODED]
    command = [sys.executable, "-m", "tests.unit.fetch.bombed", bombs.origin, *paths]
    # What is freed goes back to the system at once: what is held is to be measured, not what malloc keeps.
    frugal = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_ARENA_MAX": "1"}
    done = subprocess.run(
        command, cwd=tree.ROOT, capture_output=True, text=True, check=False, env={**os.environ, **frugal}
    )
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    expected = BOMBS | dict.fromkeys(CODED, f"{LARGEST - 200_000} bytes")
    assert [(path, said) for path, said, _ in found if said not in expected[path].split(" or ")] == []
    assert len(found) == len(expected)
    sys.stdout.write(f"most growth: {max(grown for *_, grown in found) / 1_048_576:.0f} MiB\n")
    assert {path: grown for path, _, grown in found if grown > MOST_GROWTH} == {}


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
