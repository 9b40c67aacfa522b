"""What hostile sites cost: the others beside hundreds that drip, and one process that is sent bombs.

    ./run bench hostile [--seconds N] [--hosts N] [--drips N] [--workers N] [--delay SECONDS] [--only PART]

`drips`: the whole service crawls good hosts, first alone, then beside hosts that send a byte a second, then
alone again; the site's log says how much of their pace is left. Once at the pace of a polite crawl, once as
fast as the machine goes. `bombs`: a process fetches whatever is larger, longer or slower than it may be, over
HTTP/1.1 and HTTP/2, as slow as it likes: each must end with its code within its limit, and take no more
than 64 MiB. With DATABASE_URL or CELERY_BROKER_URL the service runs on these.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import bombed, installation, manyhosts
from tests.site import HostileSite, bombs
from tests.site.certificates import self_signed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from benchmarks.bombed import Ended
    from benchmarks.installation import Api
    from benchmarks.manyhosts import Hit, Site

KEPT_SHARE = 0.8
MOST_GROWTH_MIB = 64
SPARE_SECONDS = 1.0
STARTED_WITHIN_SECONDS = 180.0
SETTLES_SECONDS = 5.0
DRIP_PAGES = 50
FASTEST = 250  # pages a second that a good run needs at most, so that it does not end too soon


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What to measure."""

    seconds: float
    hosts: int
    drips: int
    workers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Pages a second that the good hosts were asked for, and how many others dripped meanwhile."""

    delay: float
    before: float
    beside: float
    after: float
    dripping: float

    @property
    def share(self) -> float:
        return self.beside / ((self.before + self.after) / 2)

    def __str__(self) -> str:
        return (
            f"delay {self.delay:g} s: {self.before:.1f} pages/s alone, {self.beside:.1f} beside "
            f"{self.dripping:.0f} that drip, {self.after:.1f} alone again: {100 * self.share:.1f} %"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Pages a second that the good hosts were asked for, and how many of the others dripped on average."""

    rate: float
    dripping: float


def main(given: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="./run bench hostile", description="Measure what hostility costs.")
    for name, kind, usual, meaning in (
        ("seconds", float, 60, "seconds over which a rate is measured"),
        ("hosts", int, 50, "good hosts"),
        ("drips", int, 200, "hosts that drip"),
        ("workers", int, 2, "processes that crawl"),
    ):
        parser.add_argument(f"--{name}", type=kind, default=usual, help=f"{meaning} (default: %(default)s)")
    parser.add_argument(
        "--delay", type=float, nargs="+", default=[1.0, 0.1], help="seconds between two requests to a host"
    )
    parser.add_argument("--only", choices=["drips", "bombs"], help="measure one of the two")
    options = vars(parser.parse_args(given))
    only, delays, asked = options.pop("only"), options.pop("delay"), Asked(**options)
    problems = []
    if only != "bombs":
        problems += [problem for delay in delays for problem in drips(asked, delay)]
    if only != "drips":
        problems += [*bombs_over("HTTP/1.1"), *bombs_over("HTTP/2")]
    for problem in problems:
        print(f"PROBLEM: {problem}")
    return 1 if problems else 0


def drips(asked: Asked, delay: float) -> list[str]:
    """Measure and print what good hosts keep beside those that drip; return what is wrong."""
    own = ("DATABASE_URL", "CELERY_BROKER_URL")
    variables = {name: os.environ[name] for name in own if name in os.environ}
    folder = Path(tempfile.mkdtemp(prefix="trawl-bench-"))
    try:
        with (
            manyhosts.serving(hosts=asked.hosts + asked.drips, folder=folder) as site,
            installation.running(folder, workers=asked.workers, variables=variables) as service,
        ):
            load = os.getloadavg()[0]
            kept = _kept(site, service.api, asked, delay)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{kept} (load {load:.1f}, {os.getloadavg()[0]:.1f})", flush=True)
    return [f"good hosts keep {kept.share:.0%} with {delay:g} s"] if kept.share < KEPT_SHARE else []


def _kept(site: Site, api: Api, asked: Asked, delay: float) -> Kept:
    good, bad = range(asked.hosts), range(asked.hosts, asked.hosts + asked.drips)
    lasts = 4 * asked.seconds + 2 * STARTED_WITHIN_SECONDS
    each = int(lasts * min(1 / delay, FASTEST / asked.hosts))
    print(f"crawling {asked.hosts} hosts with a delay of {delay:g} s ...", flush=True)
    run = _start(site, api, "good", good, each=each, delay=delay)
    _until(lambda: len({hit.host for hit in site.hits() if hit.path.startswith("/good/")}) == asked.hosts)
    before = _window(site, asked)
    bad_run = _start(site, api, "drip", bad, each=DRIP_PAGES, delay=1.0)
    _until(lambda: len({hit.host for hit in site.hits() if hit.path.startswith("/drip/")}) == asked.drips)
    beside = _window(site, asked)
    api.call("POST", f"/runs/{bad_run}/cancel")
    _until(lambda: dripping(site.hits(), time.time()) == 0)
    after = _window(site, asked)
    if api.call("GET", f"/runs/{run}")["counts"]["queued"] == 0:
        raise SystemExit("the good run had too few pages for so long a measurement")
    return Kept(
        delay=delay, before=before.rate, beside=beside.rate, after=after.rate, dripping=beside.dripping
    )


def _start(site: Site, api: Api, name: str, hosts: Iterable[int], *, each: int, delay: float) -> int:
    body = {
        "name": name,
        "start_urls": [site.url(host, f"/list/{name}/{each}") for host in hosts],
        "delay_seconds": delay,
        "max_pages": None,
    }
    target = api.call("POST", "/targets", body)["id"]
    return int(api.call("POST", f"/targets/{target}/runs")["id"])


def _until(done: Callable[[], bool]) -> None:
    ends_at = time.monotonic() + STARTED_WITHIN_SECONDS
    while not done():
        if time.monotonic() > ends_at:
            raise SystemExit(f"the hosts were not all asked within {STARTED_WITHIN_SECONDS:.0f} s")
        time.sleep(1)


def _window(site: Site, asked: Asked) -> Window:
    time.sleep(SETTLES_SECONDS)
    began = time.time()
    time.sleep(asked.seconds)
    return window(site.hits(), began, time.time())


def window(hits: Sequence[Hit], began: float, ended: float) -> Window:
    """Return what happened between two moments."""
    pages = sum(hit.path.startswith("/good/") and began <= hit.at < ended for hit in hits)
    moments = [began + (ended - began) * part / 20 for part in range(20)]
    return Window(
        rate=pages / (ended - began),
        dripping=sum(dripping(hits, moment) for moment in moments) / len(moments),
    )


def dripping(hits: Iterable[Hit], at: float) -> int:
    """Return to how many requests the site was dripping at a moment."""
    past = [hit.path for hit in hits if hit.at <= at]
    return sum(path.startswith("/drip/") for path in past) - past.count(manyhosts.DRIPPED)


def bombs_over(version: str) -> list[str]:
    """Fetch every bomb, print what came of it, and return what is wrong."""
    print(f"bombs over {version} ...", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="trawl-bench-"))
    http2 = version == "HTTP/2"
    expected = bombs.OVER_HTTP2 if http2 else bombs.OVER_HTTP1
    certificate = str(folder / "certificate.pem") if http2 else ""
    try:
        with HostileSite(tls=self_signed(folder, alpn=("h2", "http/1.1")) if http2 else None) as site:
            bombs.plant(site)
            ended = bombed.bombed(site.origin, expected, certificate=certificate, as_usual=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for one in ended:
        grown = one.grown_bytes / 2**20
        print(f"{one.path:28} {one.said:16} {one.seconds:6.2f} s {grown:6.1f} MiB")
    return list(wrong(version, ended, expected))


def wrong(version: str, ended: Iterable[Ended], expected: Mapping[str, str]) -> Iterator[str]:
    """Say which bombs ended otherwise than they should, too late, or took too much."""
    longest = bombed.USUAL.total.total_seconds() + SPARE_SECONDS
    for one in ended:
        about = f"{one.path} over {version}"
        if not bombs.is_expected(one.said, expected[one.path]):
            yield f"{about} ended with {one.said}, not {expected[one.path]}"
        if one.seconds > longest:
            yield f"{about} took {one.seconds:.1f} s"
        if one.grown_bytes > MOST_GROWTH_MIB * 2**20:
            yield f"{about} took {one.grown_bytes / 2**20:.0f} MiB"


if __name__ == "__main__":
    sys.exit(main())
