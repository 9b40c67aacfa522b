"""How near to each other the requests of one host are, by the log of the site that was asked.

    ./run bench gaps [--gaps N] [--seconds N] [--hosts N] [--workers N] [--delay SECONDS]

Starts the whole service with four crawling processes, has it crawl fifty hosts, every fifth of which
asks for a crawl delay of three times the delay, and goes on until there are so many gaps or so much
time has passed. A gap is short when it has less than 0.95 of what its host was promised. Another
process notes meanwhile when the machine let it not run; short gaps beside such a stall are told, and
count like the others. With DATABASE_URL or CELERY_BROKER_URL it runs on these.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import installation, manyhosts, stalls
from benchmarks.manyhosts import has_crawl_delay

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchmarks.installation import Api
    from benchmarks.manyhosts import Hit, Site
    from benchmarks.stalls import Stall

LEAST, KEPT_SHARE, TARGET_AT_ONCE = 0.95, 0.999, 1
CRAWL_DELAYS = 3
THINKS_SECONDS = 0.05
BESIDE_SECONDS = 0.1
TOLD = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """The time between two requests of a host (`time.time()`), in parts of what had been promised to it."""

    host: int
    began: float
    ended: float
    part: float

    def is_beside(self, stalled: Iterable[Stall]) -> bool:
        """Say whether the machine stood still when the gap began, or when it ended."""
        return any(
            stall.touches(at - BESIDE_SECONDS, at + BESIDE_SECONDS)
            for stall in stalled
            for at in (self.began, self.ended)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Gaps:
    """Each gap of all hosts, and how many requests and connections any host had at once at most."""

    all: tuple[Gap, ...]
    most_at_once: int
    most_connections: int

    @property
    def parts(self) -> list[float]:
        """The gaps in parts of their delays, smallest first."""
        return sorted(gap.part for gap in self.all)

    def kept(self, *, least: float) -> float:
        """Return which part of the gaps is at least that part of its delay."""
        return sum(gap.part >= least for gap in self.all) / len(self.all)

    def short(self) -> list[Gap]:
        """Return the gaps that broke the promise, shortest first."""
        return sorted((gap for gap in self.all if gap.part < LEAST), key=lambda gap: gap.part)

    def __str__(self) -> str:
        parts = self.parts
        return (
            f"{len(parts):,} gaps, the smallest {parts[0]:.3f} of its delay, "
            f"p0.1 {parts[len(parts) // 1_000]:.3f}, {100 * self.kept(least=LEAST):.2f} % at least {LEAST} "
            f"of it; {self.most_at_once} at once at most"
        )


def of(hits: Iterable[Hit], *, delay: float, crawl_delay: float) -> Gaps:
    """Return the gaps of all hosts; robots.txt, which comes before its delay is known, opens none."""
    by_host: dict[int, list[Hit]] = defaultdict(list)
    most = most_connections = 0
    for hit in hits:
        by_host[hit.host].append(hit)
        most = max(most, hit.at_once)
        most_connections = max(most_connections, hit.connections)
    found = []
    for host, asked in by_host.items():
        promised = max(delay, crawl_delay if has_crawl_delay(host) else 0.0)
        for before, after in pairwise(sorted(asked, key=lambda hit: hit.at)):
            own = delay if before.path == "/robots.txt" else promised
            part = (after.at - before.at) / own if own else 1.0
            found.append(Gap(host=host, began=before.at, ended=after.at, part=part))
    return Gaps(all=tuple(found), most_at_once=most, most_connections=most_connections)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What to measure: until there are `gaps`, but no longer than `seconds`."""

    gaps: int
    seconds: float
    hosts: int
    workers: int
    delay: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The gaps, the stalls of the machine meanwhile, and its load before and after."""

    gaps: Gaps
    stalls: Sequence[Stall]
    load: tuple[float, float]


def main(given: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="./run bench gaps", description="Measure politeness.")
    for name, kind, usual, meaning in (
        ("gaps", int, 5_500, "gaps after which it ends"),
        ("seconds", float, 240, "seconds after which it ends in any case"),
        ("hosts", int, 50, "hosts of the site"),
        ("workers", int, 4, "processes that crawl"),
        ("delay", float, 1, "seconds between two requests to a host"),
    ):
        parser.add_argument(f"--{name}", type=kind, default=usual, help=f"{meaning} (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="also write each gap and stall to this file")
    options = vars(parser.parse_args(given))
    file, asked = options.pop("json"), Asked(**options)
    folder = Path(tempfile.mkdtemp(prefix="trawl-bench-"))
    try:
        found = measure(folder, asked)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if file:
        file.write_text(json.dumps({"asked": asdict(asked), **asdict(found)}, indent=1) + "\n")
    return report(found)


def measure(folder: Path, asked: Asked) -> Found:
    own = ("DATABASE_URL", "CELERY_BROKER_URL")
    variables = {name: os.environ[name] for name in own if name in os.environ}
    crawl_delay = round(CRAWL_DELAYS * asked.delay)
    with (
        manyhosts.serving(
            hosts=asked.hosts, folder=folder, crawl_delay=crawl_delay, thinks=THINKS_SECONDS
        ) as site,
        installation.running(folder, workers=asked.workers, variables=variables) as service,
        stalls.watched(folder) as watch,
    ):
        load = os.getloadavg()[0]
        _crawl(site, service.api, asked)
        hits = site.hits()
    gaps = of(hits, delay=asked.delay, crawl_delay=crawl_delay)
    return Found(gaps=gaps, stalls=watch.stalls(), load=(round(load, 2), round(os.getloadavg()[0], 2)))


def _crawl(site: Site, api: Api, asked: Asked) -> None:
    """Start a run that has more pages than there is time for, and wait until enough was asked."""
    each = int(asked.seconds / asked.delay) + 1
    body = {
        "name": "Polite",
        "start_urls": [site.url(host, f"/list/p/{each}") for host in range(asked.hosts)],
        "delay_seconds": asked.delay,
        "max_pages": None,
    }
    target = api.call("POST", "/targets", body)["id"]
    api.call("POST", f"/targets/{target}/runs")
    print(f"crawling {asked.hosts} hosts with {asked.workers} processes ...", flush=True)
    ends_at = time.monotonic() + asked.seconds
    follower = site.follow()
    count = 0
    while count < asked.gaps + asked.hosts and time.monotonic() < ends_at:
        time.sleep(1)
        count += len(follower.new())
    follower.close()


def report(found: Found) -> int:
    """Print the figures; return 1 where the promise was not kept."""
    gaps, short = found.gaps, found.gaps.short()
    parts = gaps.parts
    beside = {gap for gap in short if gap.is_beside(found.stalls)}
    lost = sum(stall.ended - stall.began for stall in found.stalls)
    print(f"gaps                      {len(parts):,}")
    print(f"smallest, of its delay    {parts[0]:.3f}; p0.1 {parts[len(parts) // 1_000]:.3f}")
    print(f"at least {LEAST} of it      {100 * gaps.kept(least=LEAST):.3f} %")
    print(f"requests at once a host   {gaps.most_at_once} at most")
    print(f"connections open a host   {gaps.most_connections} at most")
    print(f"shorter                   {len(short)}, of which {len(beside)} beside a stall of the machine")
    for gap in short[:TOLD]:
        why = " (stall)" if gap in beside else ""
        print(f"  host {gap.host}: {gap.ended - gap.began:.3f} s, {gap.part:.3f} of its delay{why}")
    print(f"stalls of the machine     {len(found.stalls):,}, {lost:.1f} s in all")
    print(f"load of the machine       {found.load[0]} before, {found.load[1]} after")
    problems = list(_problems(gaps))
    for problem in problems:
        print(f"PROBLEM: {problem}")
    return 1 if problems else 0


def _problems(gaps: Gaps) -> Iterable[str]:
    if gaps.kept(least=LEAST) < KEPT_SHARE:
        yield f"less than {100 * KEPT_SHARE:g} % of the gaps have {LEAST} of their delay"
    if gaps.most_at_once > TARGET_AT_ONCE:
        yield f"a host was asked {gaps.most_at_once} times at once"
    if gaps.most_connections > TARGET_AT_ONCE:
        yield f"a host had {gaps.most_connections} connections at once"


if __name__ == "__main__":
    sys.exit(main())
