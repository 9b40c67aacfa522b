"""A process that fetches one bomb after the other, and says what came of each and how far its memory grew.

    python -m benchmarks.bombed ORIGIN CERTIFICATE PATH ...

Over HTTP/2 where the origin is https, whose certificate is then in the named file.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.engine import steady
from crawler.fetch.guard import EgressGuard
from crawler.fetch.http import HttpFetcher
from crawler.fetch.http2 import Http2Fetcher
from crawler.fetch.limits import FetchLimits
from crawler.fetch.tls import HTTP2, trust
from crawler.http import Failed, Outcome, Request
from crawler.policy.addresses import AddressPolicy, parse_allow

if TYPE_CHECKING:
    from collections.abc import Iterable

BASE = Path(__file__).resolve().parent.parent
LIMITS = FetchLimits(
    total=timedelta(seconds=10), headers=timedelta(seconds=2.5), slow_after=timedelta(seconds=2)
)
WARM_UP = ("/ok", "/coded/br+gzip", "/coded/zstd", "/coded/deflate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What came of one fetch: the error's code or the size of the page, and the most it took meanwhile."""

    path: str
    said: str
    seconds: float
    grown_bytes: int


def bombed(origin: str, paths: Iterable[str], *, certificate: str = "") -> list[Ended]:
    """Fetch each path in a process of its own, whose memory is managed as a worker's is."""
    command = [sys.executable, "-m", "benchmarks.bombed", origin, certificate, *paths]
    environment = {**os.environ, **steady.ENVIRONMENT}
    done = subprocess.run(
        command, cwd=BASE, env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return [Ended(**json.loads(line)) for line in done.stdout.splitlines()]


async def main(origin: str, certificate: str, paths: list[str]) -> None:
    """Fetch each path once; before that plain pages, so that all is loaded that fetching needs."""
    guard = EgressGuard(AddressPolicy(parse_allow("127.0.0.0/8")))
    client: HttpFetcher | Http2Fetcher = HttpFetcher(guard, limits=LIMITS)
    if certificate:
        client = Http2Fetcher(guard, limits=LIMITS, tls=trust(certificate, alpn=HTTP2))
    async with AsyncExitStack() as opened:
        opened.callback(guard.close)
        fetcher = await opened.enter_async_context(client)
        for path in WARM_UP:
            await fetcher.fetch(Request(url=origin + path))
        before = memory("VmRSS")
        for path in paths:
            forget_peak()
            outcome = await fetcher.fetch(Request(url=origin + path))
            assert outcome is not None, "the site offers no HTTP/2"
            ended = {
                "path": path,
                "said": _said(outcome),
                "seconds": round(outcome.elapsed_seconds, 2),
                "grown_bytes": memory("VmHWM") - before,
            }
            sys.stdout.write(json.dumps(ended) + "\n")
            del outcome


def memory(line: str) -> int:
    """Return a line of what Linux knows of this process's memory, in bytes.

    Not `getrusage`, whose peak begins with that of the process which started this one.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition(f"{line}:")[2].split()[0]) * 1024


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # see proc(5)


def _said(outcome: Outcome) -> str:
    return outcome.error.code if isinstance(outcome, Failed) else f"{len(outcome.body)} bytes"


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
