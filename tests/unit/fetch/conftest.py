"""Fixtures of the fetching tests: the hostile web, and fetchers that may reach it."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from crawler.fetch.guard import EgressGuard
from crawler.fetch.http import HttpFetcher
from crawler.fetch.http2 import Http2Fetcher
from crawler.fetch.limits import FetchLimits
from crawler.fetch.tls import HTTP2, trust
from crawler.policy.addresses import AddressPolicy, parse_allow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


LONG = timedelta(minutes=4)
PATIENT = FetchLimits(total=LONG, headers=LONG, connect=LONG, slow_after=LONG)
"""No limit of time is met before any other, however busy the machine is."""


@pytest.fixture
def guard() -> Iterator[EgressGuard]:
    """A guard that lets loopback through."""
    guard = EgressGuard(AddressPolicy(parse_allow("127.0.0.0/8")))
    yield guard
    guard.close()


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port on which nobody listens, and nobody else can meanwhile."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield int(taken.getsockname()[1])


@pytest.fixture
async def fetcher(guard: EgressGuard) -> AsyncIterator[HttpFetcher]:
    async with HttpFetcher(guard, user_agent="Trawl-Test/1", limits=PATIENT) as fetcher:
        yield fetcher


@pytest.fixture
async def http2_fetcher(guard: EgressGuard, tmp_path: Path) -> AsyncIterator[Http2Fetcher]:
    """A client that believes the certificate of the site whose fixture comes before it."""
    tls = trust(str(tmp_path / "certificate.pem"), alpn=HTTP2)
    async with Http2Fetcher(guard, user_agent="Trawl-Test/1", tls=tls, limits=PATIENT) as fetcher:
        yield fetcher
