"""Answers that are damaged at random, always the same ones: each has an outcome and harms no other."""

from __future__ import annotations

import gc
import gzip
import random
from datetime import timedelta

import pytest
import uvloop

from crawler.fetch.connection import Connection
from crawler.fetch.guard import EgressGuard
from crawler.fetch.http import HttpFetcher
from crawler.fetch.parsing import AnswerParser
from crawler.http import Failed, Fetched, Request
from tests.site.wire import Wire

EACH = 40
STAY = timedelta(milliseconds=20)
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
TRUE = OK + b"Content-Length: 4\r\n\r\ntrue"
PRESSED = gzip.compress(b"damaged" * 100, mtime=0)
WHOLE = [
    OK + b"Content-Length: 12\r\n\r\ndamaged page",
    OK + b"Content-Length: 12\r\nContent-Length: 12\r\n\r\ndamaged page",
    OK + b"Transfer-Encoding: chunked\r\n\r\n7\r\ndamaged\r\n5;a=b\r\n page\r\n0\r\nX-Sum: 1\r\n\r\n",
    OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b" % (len(PRESSED), PRESSED),
    b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + OK + b"Content-Length: 7\r\n\r\ndamaged",
    b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n",
    OK + b"Connection: close\r\n\r\ndamaged page",
]
STRAYS = [
    b"\r\n", b"\n", b"\r", b"\0", b":", b" ", b"\xff", b"\r\n\r\n", b"0\r\n\r\n", b"ffffffff\r\n",
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", b"Content-Length: 5\r\n",
    b"Content-Length: 12\r\n", b"Transfer-Encoding: chunked\r\n", b"Connection: keep-alive\r\n",
    TRUE.replace(b"true", b"FALS"),
]  # fmt: skip


def damaged(raw: bytes, seed: int) -> bytes:
    """Return `raw` with one to four pieces changed, left out, doubled or put in."""
    chance = random.Random(seed)
    for _ in range(chance.randint(1, 4)):
        start = chance.randrange(len(raw) + 1)
        end = min(len(raw), start + chance.randint(1, 12))
        piece = chance.choice([chance.randbytes(1), b"", raw[start:end] * 2, chance.choice(STRAYS)])
        raw = raw[:start] + piece + raw[end if chance.random() < 0.5 else start :]
    return raw


@pytest.mark.parametrize("whole", WHOLE)
def test_every_damage_has_an_outcome_and_the_next_page_is_its_own(guard: EgressGuard, whole: bytes) -> None:
    """On a connection that was used before; half of them end with the damage, the others stay open."""
    uvloop.run(asked(guard, whole, stays=1))


async def asked(guard: EgressGuard, whole: bytes, *, stays: int) -> None:
    """Ask for `whole` in all its damages; of two connections `stays` stay open until the time is up."""
    wire = Wire(lambda path: TRUE if path == "/true" else damaged(whole, int(path[6:])), last="/ends")
    async with wire, HttpFetcher(guard) as fetcher:
        for seed in range(EACH):
            page = await fetcher.fetch(Request(url=wire.url("/true")))
            assert isinstance(page, Fetched), (seed, page)
            assert page.body == b"true", seed
            path, timeout = (f"/stay/{seed}", STAY) if seed % 2 < stays else (f"/ends/{seed}", None)
            outcome = await fetcher.fetch(Request(url=wire.url(path), timeout=timeout))
            assert isinstance(outcome, Fetched | Failed)
        assert len(wire.open) <= 1


async def test_no_connection_is_held_by_what_it_read(guard: EgressGuard) -> None:
    """Cycles are looked for seldom, so that one with a page in it would stay for long.

    Nothing runs out of time here: when that happens within a fetch, and what its error then holds, is chance.
    """
    gc.collect()
    before = alive()
    gc.disable()
    try:
        for whole in WHOLE:
            await asked(guard, whole, stays=0)
        assert alive() <= before, "what was there before may be gone"
    finally:
        gc.enable()


def alive() -> int:
    return sum(isinstance(thing, Connection | AnswerParser) for thing in gc.get_objects())
