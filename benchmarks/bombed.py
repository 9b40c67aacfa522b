"""A process that fetches one bomb after the other, and says what came of each and how far its memory grew.

    python -m benchmarks.bombed [--certificate FILE] [--as-usual] ORIGIN PATH ...

Over HTTP/2 where the certificate of an https origin is given; as slow as any fetch may be with `--as-usual`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.engine import steady
from crawler.fetch.guard import EgressGuard
from crawler.fetch.http import HttpFetcher
from crawler.fetch.http2 import Http2Fetcher
from crawler.fetch.limits import FetchLimits
from crawler.fetch.tls import HTTP2, trust
from crawler.http import Failed, Fetched, Outcome, Request
from crawler.policy.addresses import AddressPolicy, parse_allow

if TYPE_CHECKING:
    from collections.abc import Iterable

BASE = Path(__file__).resolve().parent.parent
USUAL = FetchLimits()
SHORT = FetchLimits(
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


def bombed(
    origin: str, paths: Iterable[str], *, certificate: str = "", as_usual: bool = False
) -> list[Ended]:
    """Fetch each path in a process of its own, whose memory is managed as a worker's is."""
    command = [sys.executable, "-m", "benchmarks.bombed", "--certificate", certificate, origin, *paths]
    if as_usual:
        command.append("--as-usual")
    environment = {**os.environ, **steady.ENVIRONMENT}
    done = subprocess.run(command, cwd=BASE, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return [Ended(**json.loads(line)) for line in done.stdout.splitlines()]


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--certificate", default="")
    parser.add_argument("--as-usual", action="store_true")
    parser.add_argument("origin")
    parser.add_argument("paths", nargs="+")
    asked = parser.parse_args()
    limits = USUAL if asked.as_usual else SHORT
    guard = EgressGuard(AddressPolicy(parse_allow("127.0.0.0/8")))
    if asked.certificate:
        tls = trust(asked.certificate, alpn=HTTP2)
        async with Http2Fetcher(guard, limits=limits, tls=tls) as http2:
            await _fetch_all(http2, asked.origin, asked.paths)
    else:
        async with HttpFetcher(guard, limits=limits) as http1:
            await _fetch_all(http1, asked.origin, asked.paths)
    guard.close()


async def _fetch_all(fetcher: HttpFetcher | Http2Fetcher, origin: str, paths: list[str]) -> None:
    """Fetch each path once; before that plain pages, so that all is loaded that fetching needs."""
    for path in WARM_UP:
        await fetcher.fetch(Request(url=origin + path))
    before = memory("VmRSS")
    for path in paths:
        forget_peak()
        said, seconds = _told(await fetcher.fetch(Request(url=origin + path)))
        grown = memory("VmHWM") - before
        ended = Ended(path=path, said=said, seconds=round(seconds, 2), grown_bytes=grown)
        sys.stdout.write(json.dumps(asdict(ended)) + "\n")


def memory(line: str) -> int:
    """Return a line of what Linux knows of this process's memory, in bytes.

    Not `getrusage`, whose peak begins with that of the process which started this one.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition(f"{line}:")[2].split()[0]) * 1024


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # see proc(5)


def _told(outcome: Outcome | None) -> tuple[str, float]:
    match outcome:
        case Failed(error=error):
            return error.code, outcome.elapsed_seconds
        case Fetched(body=body):
            return f"{len(body)} bytes", outcome.elapsed_seconds
        case None:
            return "not_offered", 0.0


if __name__ == "__main__":
    asyncio.run(main())
