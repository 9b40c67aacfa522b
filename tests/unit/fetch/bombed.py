"""A process that fetches one bomb after the other, and says what came of each and how far its memory grew."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import timedelta
from pathlib import Path

from crawler.fetch.guard import EgressGuard
from crawler.fetch.http import HttpFetcher
from crawler.fetch.limits import FetchLimits
from crawler.http import Failed, Outcome, Request
from crawler.policy.addresses import AddressPolicy, parse_allow

LIMITS = FetchLimits(
    total=timedelta(seconds=10), headers=timedelta(seconds=2.5), slow_after=timedelta(seconds=2)
)


async def main(origin: str, paths: list[str]) -> None:
    """Fetch each path once; before that a plain page, so that all is loaded that fetching needs."""
    guard = EgressGuard(AddressPolicy(parse_allow("127.0.0.0/8")))
    async with HttpFetcher(guard, limits=LIMITS) as fetcher:
        for path in ("/ok", "/coded/br+gzip", "/coded/zstd", "/coded/deflate"):
            await fetcher.fetch(Request(url=origin + path))
        before = memory("VmRSS")
        for path in paths:
            forget_peak()
            said = _said(await fetcher.fetch(Request(url=origin + path)))
            sys.stdout.write(json.dumps([path, said, memory("VmHWM") - before]) + "\n")
    guard.close()


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
    asyncio.run(main(sys.argv[1], sys.argv[2:]))
