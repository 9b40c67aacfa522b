"""How long each list of the API and each page of the site takes, with a million items and requests.

    ./run bench api [--items N] [--requests N] [--rounds N] [--postgres] [--keep]

A database in a temporary folder is filled with 100 targets, of which the first has half of all items,
pages and requests. Each address is asked for in this process, through all of Django but the socket,
by an administrator, who sees everything, and by a person who owns every tenth target. The first
answer of each is not counted; without a broker nothing is cached between two answers.

Judged is the processor time of this process and the database's, which is what an answer takes on a
machine with nothing else to do that has the data in memory. PostgreSQL runs no query in several processes
here, so that all of it is seen.
"""

from __future__ import annotations

import argparse
import base64
import json
import math
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks import filled
from benchmarks.site import WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.test import Client

    from benchmarks.filled import Filled

LISTING_MS, SEARCH_MS = 100, 300
FEWEST_ROUNDS = 5
ENOUGH_SECONDS = 6.0
FREQUENT = WORDS[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """What is asked for, and within how many milliseconds 95 % of the answers are to come."""

    path: str
    name: str
    within_ms: int = LISTING_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """How much processor time the answers to one caller took, smallest first, and how late most came."""

    address: Address
    caller: str
    milliseconds: tuple[float, ...]
    median_wall_ms: float = 0.0

    def at(self, part: float) -> float:
        return self.milliseconds[max(0, math.ceil(part * len(self.milliseconds)) - 1)]

    @property
    def misses(self) -> bool:
        return self.at(0.95) > self.address.within_ms


def main() -> int:
    parser = argparse.ArgumentParser(prog="./run bench api", description=__doc__.partition("\n")[0])
    parser.add_argument("--items", type=int, default=1_000_000, help="items and pages (default: %(default)s)")
    parser.add_argument("--requests", type=int, default=1_000_000, help="requests (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=20, help="answers of each (default: %(default)s)")
    filled.options(parser)
    asked = parser.parse_args()
    sizes = filled.Sizes(items=asked.items, pages=asked.items, requests=asked.requests, targets=100)
    with filled.temporary(asked) as variables:
        found = measure(sizes, variables, rounds=asked.rounds)
    filled.write("api", asked, sizes=asdict(sizes), lists=[_figures(timed) for timed in found])
    return report_of(found)


def measure(sizes: filled.Sizes, variables: dict[str, str], *, rounds: int) -> list[Timed]:
    """Fill the database that `variables` name and return how long each address takes each caller."""
    print(f"writing {sizes.items:,} items and pages, {sizes.requests:,} requests ...", flush=True)
    filled.connect(variables)
    began = time.monotonic()
    made = filled.fill(sizes)
    print(f"written in {time.monotonic() - began:.0f} s; indexing ...", flush=True)
    began = time.monotonic()
    index()
    alone()
    print(f"indexed in {time.monotonic() - began:.0f} s; asking ...", flush=True)
    found = []
    callers = {
        "administrator": (made.administrator, filled.ADMINISTRATOR, 0),
        "person": (made.person, filled.PERSON, 1),
    }
    for caller, (token, name, place) in callers.items():
        api, site = filled.client(token), filled.signed_in(name)
        for address in addresses(made, sizes, place=place):
            client = api if address.path.startswith("/api/") else site
            found.append(_timed(client, address, caller, rounds))
    return found


def index() -> None:
    """Let searches have their index, as the beat would, a part at a time."""
    from django.utils import timezone

    from crawler.services import searching

    while searching.index(now=timezone.now()):
        pass


def alone() -> None:
    """Begin as the site's processes do, and have PostgreSQL answer in the one process whose time is read."""
    from crawler.stores import sql
    from webui.processes import gunicorn

    gunicorn.when_ready(None)

    if sql.is_postgres():
        sql.execute("SET max_parallel_workers_per_gather = 0")


def addresses(made: Filled, sizes: filled.Sizes, *, place: int) -> list[Address]:
    """Return all that is asked for, about the target at `place` and its newest run where one is named."""
    target, run = made.targets[place], made.runs[place]
    item = Address(name="page: item", path=f"/items/{made.item}/")
    return [*_api(target, run, sizes), *_pages(target, run, sizes), item, *_searches(target)]


def _api(target: int, run: int, sizes: filled.Sizes) -> Iterable[Address]:
    deep = _cursor(sizes.items // 2)
    for name, path in (
        ("targets", "targets"),
        ("target", f"targets/{target}"),
        ("runs", "runs"),
        ("runs of a target", f"runs?target={target}"),
        ("run", f"runs/{run}"),
        ("requests", f"runs/{run}/requests"),
        ("requests, deep", f"runs/{run}/requests?cursor={_cursor(sizes.requests // 2)}"),
        ("requests, failed", f"runs/{run}/requests?state=failed"),
        ("requests, done", f"runs/{run}/requests?state=done"),
        ("links outside", f"runs/{run}/outside"),
        ("sitemaps", f"runs/{run}/sitemaps"),
        ("problems", f"runs/{run}/problems"),
        ("queue", "queue"),
        ("queue of a run", f"runs/{run}/queue"),
        ("items", "items"),
        ("items, deep", f"items?cursor={deep}"),
        ("items of a target", f"items?target={target}"),
        ("items of a target, deep", f"items?target={target}&cursor={deep}"),
        ("items of a run", f"items?run={run}"),
        ("items of a run, deep", f"items?run={run}&cursor={deep}"),
        ("items changed since, none", "items?changed_since=2030-01-01T00:00:00Z"),
        ("pages", "pages"),
        ("pages, deep", f"pages?cursor={deep}"),
        ("pages of a target", f"pages?target={target}"),
        ("pages with a status", "pages?status=404"),
        ("pages with a status that none has", "pages?status=500"),
        ("pages changed since, none", "pages?changed_since=2030-01-01T00:00:00Z"),
        ("events", "events"),
        ("calendar", "calendar"),
    ):
        yield Address(name=f"API: {name}", path=f"/api/v1/{path}")


def _pages(target: int, run: int, sizes: filled.Sizes) -> Iterable[Address]:
    deep = _cursor(sizes.items // 2)
    for name, path in (
        ("overview", ""),
        ("targets", "targets/"),
        ("target", f"targets/{target}/"),
        ("runs", "runs/"),
        ("run", f"runs/{run}/"),
        ("requests", f"runs/{run}/requests/"),
        ("requests, failed", f"runs/{run}/requests/?state=failed"),
        ("queue", "queue/"),
        ("queue of a run", f"runs/{run}/queue/"),
        ("items", "items/"),
        ("items, deep", f"items/?cursor={deep}"),
        ("items of a target", f"items/?target={target}"),
        ("items of a run", f"items/?run={run}"),
        ("items changed in a week, none", "items/?since=7d"),
        ("hosts", "hosts/"),
        ("calendar", "calendar/"),
        ("webhooks", "webhooks/"),
    ):
        yield Address(name=f"page: {name}", path=f"/{path}")


def _searches(target: int) -> Iterable[Address]:
    for name, word in (("frequent", FREQUENT), ("rare", filled.RARE), ("absent", "qqqqq"), ("short", "qx")):
        for where, path in (
            ("API: items", f"/api/v1/items?q={word}"),
            ("API: items of a target", f"/api/v1/items?target={target}&q={word}"),
            ("API: pages", f"/api/v1/pages?q={word}"),
            ("page: items", f"/items/?q={word}"),
        ):
            yield Address(name=f"{where}, {name} word", path=path, within_ms=SEARCH_MS)


def _cursor(after: int) -> str:
    """Return the cursor that begins after the row with this id, of a list that is ordered by ids."""
    return base64.urlsafe_b64encode(json.dumps([False, after]).encode()).decode().rstrip("=")


def _timed(client: Client, address: Address, caller: str, rounds: int) -> Timed:
    took: list[float] = []
    walls: list[float] = []
    ask(client, address.path)
    while len(took) < rounds and (len(took) < FEWEST_ROUNDS or sum(walls) < 1_000 * ENOUGH_SECONDS):
        began, before = time.perf_counter(), cpu_seconds()
        ask(client, address.path)
        took.append(1_000 * (cpu_seconds() - before))
        walls.append(1_000 * (time.perf_counter() - began))
    return Timed(
        address=address, caller=caller, milliseconds=tuple(sorted(took)), median_wall_ms=median(walls)
    )


def cpu_seconds() -> float:
    """Return what this process has used, and the server's process for it where the database has one."""
    from django.db import connection

    used = time.process_time()
    if connection.vendor == "postgresql":
        connection.ensure_connection()
        schedule = Path("/proc") / str(connection.connection.info.backend_pid) / "schedstat"
        used += int(schedule.read_text().split()[0]) / 1e9
    return used


def ask(client: Client, path: str) -> None:
    """Ask for an address; an answer that is not 200 ends the benchmark."""
    answer = client.get(path)
    if answer.status_code != 200:
        raise SystemExit(f"{path} was answered with {answer.status_code}: {answer.content[:300]!r}")


def _figures(timed: Timed) -> dict[str, Any]:
    return {
        **asdict(timed.address),
        "caller": timed.caller,
        "rounds": len(timed.milliseconds),
        "p50_ms": timed.at(0.5),
        "p95_ms": timed.at(0.95),
        "median_wall_ms": timed.median_wall_ms,
    }


def report_of(found: list[Timed]) -> int:
    """Print a row for each address; return 1 where one misses its target."""
    print("\n| asked for | by | wall p50 ms | CPU p50 ms | CPU p95 ms | within ms | |")
    print("|---|---|---|---|---|---|---|")
    for timed in found:
        cpu = f"{timed.at(0.5):,.1f} | {timed.at(0.95):,.1f}"
        figures = f"{timed.median_wall_ms:,.1f} | {cpu} | {timed.address.within_ms}"
        verdict = "MISSED" if timed.misses else ""
        print(f"| {timed.address.name} | {timed.caller} | {figures} | {verdict} |")
    missed = sum(timed.misses for timed in found)
    print(f"\n{missed} of {len(found)} miss their target")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
