"""How soon an urgent run starts while bulk work waits, and what it costs the bulk work.

    ./run bench urgent [--requests N] [--hosts N] [--runs N] [--delay SECONDS] [--window SECONDS]

Starts the whole service with two crawling processes, queues `--requests` bulk requests on `--hosts`
hosts, and then starts `--runs` urgent runs one after another through the API: every other one on a
host that bulk runs are using. The time from the POST to the first byte that the site is asked for is
taken from the site's own log. At the end an urgent run with work on every host shows what is left
for bulk work then. With DATABASE_URL or CELERY_BROKER_URL it runs on these.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import installation, manyhosts
from crawler.frontier import share

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchmarks.installation import Api
    from benchmarks.manyhosts import Follower, Hit, Site

WORKERS = 2
URGENT, BULK = 9, 1
QUEUED_WITHIN_SECONDS = 600.0
FIRST_BYTE_WITHIN_SECONDS = 30.0
LONGEST_PAUSE_SECONDS = 0.5
DELAY_DRAW = 1.3  # a delay is lengthened by 0 to 30 %
TARGET_SECONDS, KEPT_SHARE = 1.0, 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What to measure."""

    requests: int
    hosts: int
    runs: int
    delay: float
    window: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Seconds from the POST to the first byte: of all runs of one kind, smallest first."""

    seconds: tuple[float, ...]

    def at(self, part: float) -> float:
        return self.seconds[min(int(part * len(self.seconds)), len(self.seconds) - 1)]

    @property
    def line(self) -> str:
        figures = ", ".join(
            f"p{part:.0%}".rstrip("%") + f" {self.at(part):.3f} s" for part in (0.5, 0.95, 0.99)
        )
        return f"{figures}, longest {self.seconds[-1]:.3f} s ({len(self.seconds)} runs)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Requests a second that the site was asked: bulk and urgent ones."""

    bulk: float
    urgent: float

    @property
    def line(self) -> str:
        return f"bulk {self.bulk:.1f}/s, urgent {self.urgent:.1f}/s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The figures."""

    queued: int
    queued_seconds: float
    free: Latency
    busy: Latency
    before: Rates
    during: Rates
    under_constant_load: Rates
    load: tuple[float, float]


def main() -> int:
    parser = argparse.ArgumentParser(prog="./run bench urgent", description="Measure the urgent lane.")
    for name, kind, usual, meaning in (
        ("requests", int, 100_000, "bulk requests"),
        ("hosts", int, 50, "hosts of the bulk run"),
        ("runs", int, 100, "urgent runs"),
        ("delay", float, 0.5, "seconds between two requests to a host"),
        ("window", float, 30, "seconds over which a rate is measured"),
    ):
        parser.add_argument(f"--{name}", type=kind, default=usual, help=f"{meaning} (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--keep", action="store_true", help="leave the folder with logs and database")
    given = vars(parser.parse_args())
    file, keep = given.pop("json"), given.pop("keep")
    asked = Asked(**given)
    folder = Path(tempfile.mkdtemp(prefix="trawl-bench-"))
    try:
        found = measure(folder, asked)
    finally:
        if keep:
            print(f"kept in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    if file:
        file.write_text(json.dumps({"asked": asdict(asked), **asdict(found)}, indent=1) + "\n")
    return report(found, asked)


def measure(folder: Path, asked: Asked) -> Found:
    variables = {
        name: os.environ[name] for name in ("DATABASE_URL", "CELERY_BROKER_URL") if name in os.environ
    }
    with (
        manyhosts.serving(hosts=asked.hosts + asked.runs, folder=folder) as site,
        installation.running(folder, workers=WORKERS, variables=variables) as service,
    ):
        return _measure(site, service.api, asked)


def _measure(site: Site, api: Api, asked: Asked) -> Found:
    print(f"queueing {asked.requests:,} bulk requests on {asked.hosts} hosts ...", flush=True)
    began = time.monotonic()
    queued = _queue(site, api, asked)
    queued_seconds = time.monotonic() - began
    targets = [_urgent_target(site, api, asked, number) for number in range(asked.runs)]
    load = os.getloadavg()[0]
    print(f"{queued:,} wait after {queued_seconds:.0f} s; measuring bulk alone ...", flush=True)
    before = _rates_over(site, asked.window)
    print(f"starting {asked.runs} urgent runs one after another ...", flush=True)
    from_, latencies = time.time(), _run_all(site, api, targets)
    during = rates(site.hits(), from_, time.time())
    print("measuring bulk under constant urgent load ...", flush=True)
    _load_every_host(site, api, asked)
    constant = _rates_over(site, asked.window)
    return Found(
        queued=queued,
        queued_seconds=round(queued_seconds, 1),
        free=Latency(seconds=tuple(sorted(latencies[1::2]))),
        busy=Latency(seconds=tuple(sorted(latencies[::2]))),
        before=before,
        during=during,
        under_constant_load=constant,
        load=(round(load, 2), round(os.getloadavg()[0], 2)),
    )


def _target(api: Api, asked: Asked, name: str, urls: Sequence[str], **settings: object) -> int:
    body = {"name": name, "start_urls": list(urls), "delay_seconds": asked.delay, "max_pages": None}
    return int(api.call("POST", "/targets", {**body, **settings})["id"])


def _queue(site: Site, api: Api, asked: Asked) -> int:
    """Start the bulk run and return how many of its requests wait once all are known."""
    each = -(-asked.requests // asked.hosts)
    starts = [site.url(host, f"/list/bulk/{each}") for host in range(asked.hosts)]
    run = api.call("POST", f"/targets/{_target(api, asked, 'Bulk', starts, priority=BULK)}/runs")["id"]
    ends_at = time.monotonic() + QUEUED_WITHIN_SECONDS
    while True:
        counts = api.call("GET", f"/runs/{run}")["counts"]
        known = sum(counts.values())
        if known >= asked.hosts * (each + 1):
            return int(counts["queued"] + counts["leased"])
        if time.monotonic() > ends_at:
            raise SystemExit(f"only {known:,} requests were known in time")
        time.sleep(1)


def _urgent_target(site: Site, api: Api, asked: Asked, number: int) -> str:
    """Register what an urgent run crawls, one page, and return it as the API's path and the host and path."""
    busy = number % 2 == 0
    host = (number * 7) % asked.hosts if busy else asked.hosts + number
    url = site.url(host, f"/urgent/{number}")
    target = _target(api, asked, f"Urgent {number}", [url], priority=URGENT, scope="page")
    return f"{target} {host} /urgent/{number} {int(busy)}"


def _run_all(site: Site, api: Api, targets: Iterable[str]) -> list[float]:
    """Start a run of each and return the seconds until its host was asked for the first byte of it."""
    chance = random.Random(1)
    follower = site.follow()
    seconds = []
    for described in targets:
        time.sleep(chance.uniform(0, LONGEST_PAUSE_SECONDS))
        target, host, path, busy = described.split(" ")
        began = time.time()
        api.call("POST", f"/targets/{target}/runs")
        paths = {path} if busy == "1" else {path, "/robots.txt"}
        seconds.append(_first(follower, int(host), paths) - began)
    follower.close()
    return seconds


def _first(follower: Follower, host: int, paths: set[str]) -> float:
    ends_at = time.monotonic() + FIRST_BYTE_WITHIN_SECONDS
    while time.monotonic() < ends_at:
        for hit in follower.new():
            if hit.host == host and hit.path in paths:
                return hit.at
        time.sleep(0.005)
    raise SystemExit(f"host {host} was not asked for {paths} within {FIRST_BYTE_WITHIN_SECONDS:.0f} s")


def _load_every_host(site: Site, api: Api, asked: Asked) -> None:
    """Start an urgent run with work on every host of the bulk runs and as many others, without end."""
    each = max(int(10 * asked.window / asked.delay) if asked.delay else 10_000, 100)
    hosts = [*range(asked.hosts), *range(asked.hosts, asked.hosts + min(asked.hosts, asked.runs))]
    starts = [site.url(host, f"/list/constant/{each}") for host in hosts]
    target = _target(api, asked, "Constant", starts, priority=URGENT)
    follower, seen = site.follow(), set[int]()
    api.call("POST", f"/targets/{target}/runs")
    ends_at = time.monotonic() + QUEUED_WITHIN_SECONDS
    while len(seen) < len(hosts) and time.monotonic() < ends_at:
        seen |= {hit.host for hit in follower.new() if hit.path.startswith("/constant/")}
        time.sleep(0.1)
    follower.close()
    time.sleep(2 * share.LOOK_AHEAD_SECONDS)  # what was claimed before is sent by then


def _rates_over(site: Site, seconds: float) -> Rates:
    from_ = time.time()
    time.sleep(seconds)
    return rates(site.hits(), from_, time.time())


def rates(hits: Iterable[Hit], from_: float, to: float) -> Rates:
    """Return what the site was asked a second between two moments."""
    paths = [hit.path for hit in hits if from_ <= hit.at < to]
    bulk = sum(path.startswith("/bulk/") for path in paths)
    return Rates(bulk=bulk / (to - from_), urgent=(len(paths) - bulk) / (to - from_))


def report(found: Found, asked: Asked) -> int:
    """Print the figures; return 1 where a promise is not kept."""
    own_delay = asked.delay * DELAY_DRAW
    print(f"queued                    {found.queued:,} in {found.queued_seconds:.0f} s")
    print(f"POST to first byte, free  {found.free.line}")
    print(f"POST to first byte, busy  {found.busy.line}; the host's own delay is up to {own_delay:.2f} s")
    print(f"before                    {found.before.line}")
    print(f"while urgent runs come    {found.during.line}")
    print(f"under constant load       {found.under_constant_load.line}")
    print(f"load of the machine       {found.load[0]} before, {found.load[1]} after")
    problems = list(_problems(found, own_delay))
    for problem in problems:
        print(f"PROBLEM: {problem}")
    return 1 if problems else 0


def _problems(found: Found, own_delay: float) -> Iterable[str]:
    if found.free.at(0.95) > TARGET_SECONDS:
        yield f"on free hosts p95 is over {TARGET_SECONDS:.0f} s"
    if found.busy.at(0.95) > TARGET_SECONDS + own_delay:
        yield f"on busy hosts p95 is over {TARGET_SECONDS:.0f} s and the host's own delay"
    lost = found.before.bulk - found.during.bulk
    if lost > found.during.urgent:
        yield f"bulk lost {lost:.1f}/s to urgent runs that used {found.during.urgent:.1f}/s"
    if found.under_constant_load.bulk < KEPT_SHARE * found.before.bulk:
        yield f"bulk kept less than {KEPT_SHARE:.0%} under constant urgent load"


if __name__ == "__main__":
    sys.exit(main())
