"""How much faster more processes crawl, and what a page costs each of them then.

    ./run bench scale [--processes N ...] [--hosts N ...] [--pages N] [--rounds N] [--postgres] [--json FILE]

The whole service crawls a site of so many hosts on loopback addresses, each with the same pages of 10 KB,
with no delay, first with one crawling process, then with more. A small run on the same hosts comes before.
Pages a second are from the first page in the site's log to the last; CPU is that of the worker's processes.
On two cores the site, the database and all processes share them: there the CPU of a page says more than
pages a second. On SQLite, or with `--postgres` on DATABASE_URL or a private cluster.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks import databases, figures, fleets, installation, manyhosts, site

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from benchmarks.installation import Api

MOST_CPU_RATIO, MOST_WAITING = 1.15, 0.1
WARM_UP_PAGES = 20
WITHIN_SECONDS = 900.0
FINAL = ("finished", "failed", "cancelled")
HEAD = (
    "| hosts | processes | pages/s | × one | CPU µs/page | × one | waiting for locks |\n"
    "|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What to measure: `pages` are those of all hosts together."""

    processes: tuple[int, ...]
    hosts: tuple[int, ...]
    pages: int
    rounds: int
    postgres: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One crawl. `waiting` is the part of the processes' time that went by in waits for locks, if known."""

    hosts: int
    processes: int
    pages: int
    seconds: float
    cpu_seconds: float
    waiting: float | None
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The medians of the samples with as many hosts and processes."""

    hosts: int
    processes: int
    pages_per_second: float
    cpu_us_a_page: float
    waiting: float | None


def main() -> int:
    parser = argparse.ArgumentParser(prog="./run bench scale", description=__doc__.partition("\n")[0])
    for name, usual, meaning in (
        ("processes", (1, 2, 4), "numbers of crawling processes"),
        ("hosts", (20,), "numbers of hosts, such as 1 20 50"),
    ):
        parser.add_argument(f"--{name}", type=int, nargs="+", default=usual, help=f"{meaning} (%(default)s)")
    parser.add_argument("--pages", type=int, default=10_000, help="pages of all hosts together (%(default)s)")
    parser.add_argument("--rounds", type=int, default=1, help="rounds (default: %(default)s)")
    parser.add_argument("--postgres", action="store_true", help="on PostgreSQL instead of SQLite")
    figures.option(parser, "scale")
    given = vars(parser.parse_args())
    file, numbers = given.pop("json"), {name: tuple(given.pop(name)) for name in ("processes", "hosts")}
    asked = Asked(processes=numbers["processes"], hosts=numbers["hosts"], **given)
    folder = Path(tempfile.mkdtemp(prefix="trawl-bench-"))
    folder.chmod(0o755)
    load = os.getloadavg()[0]
    try:
        with databases.chosen(folder, postgres=asked.postgres) as variables:
            samples = measure(folder, asked, variables)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    code = report(samples)
    figures.write(
        file, asked=asdict(asked), load_before=round(load, 2), samples=[asdict(one) for one in samples]
    )
    return code


def measure(folder: Path, asked: Asked, variables: Mapping[str, str]) -> list[Sample]:
    """Measure each number of hosts with each number of processes, once a round."""
    for hosts in asked.hosts:
        (folder / f"site-{hosts}").mkdir()
        site.generate(folder / f"site-{hosts}", pages=asked.pages // hosts)
    samples = []
    for round_ in range(asked.rounds):
        for hosts in asked.hosts:
            for processes in asked.processes:
                own = folder / f"{round_}-{hosts}-{processes}"
                own.mkdir()
                samples.append(_crawl(own, folder / f"site-{hosts}", hosts, processes, dict(variables)))
                print(_told(samples[-1]), flush=True)
                shutil.rmtree(own, ignore_errors=True)
    return samples


def _crawl(own: Path, root: Path, hosts: int, processes: int, variables: dict[str, str]) -> Sample:
    addresses = [manyhosts.address(host) for host in range(hosts)]
    log, each = own / "access.log", sum(1 for _ in root.rglob("*.html"))
    with site.serving(root, log, core=None, addresses=addresses) as (origin, _server):
        port = origin.rpartition(":")[2]
        starts = [f"http://{address}:{port}{site.path_of(0)}" for address in addresses]
        with installation.running(own, workers=processes, variables=variables) as service:
            _run(service.api, "Warm up", starts, most=WARM_UP_PAGES * hosts)
            began_at, before = time.time(), fleets.cpu_seconds(own / "var")
            with fleets.lock_waits(own / "var", variables.get(databases.NAME)) as waits:
                _run(service.api, "Crawl", starts, most=None)
            used = fleets.cpu_seconds(own / "var") - before
    asked = [one for one in site.asked(log) if one.at >= began_at and one.is_page]
    return Sample(
        hosts=hosts,
        processes=processes,
        pages=len(asked),
        seconds=max(one.at for one in asked) - min(one.at for one in asked),
        cpu_seconds=used,
        waiting=waits.share(processes=processes),
        problems=tuple(fetched_once([one.path for one in asked], hosts=hosts, pages=each)),
    )


def _run(api: Api, name: str, starts: Sequence[str], *, most: int | None) -> None:
    """Crawl the hosts to the end."""
    body = {"name": name, "start_urls": list(starts), "delay_seconds": 0, "max_pages": most}
    target = api.call("POST", "/targets", body)["id"]
    run = api.call("POST", f"/targets/{target}/runs")["id"]
    ends_at = time.monotonic() + WITHIN_SECONDS
    while api.call("GET", f"/runs/{run}")["state"] not in FINAL:
        if time.monotonic() > ends_at:
            raise SystemExit(f"the crawl did not end within {WITHIN_SECONDS:.0f} s")
        time.sleep(0.25)


def fetched_once(paths: Iterable[str], *, hosts: int, pages: int) -> Iterable[str]:
    """Say what of the site was not asked for once on each host."""
    times = Counter(paths)
    wrong = [path for path in map(site.path_of, range(pages)) if times[path] != hosts]
    if wrong:
        yield f"{len(wrong):,} pages were not fetched once from each host, such as {wrong[0]}"


def _told(sample: Sample) -> str:
    speed = sample.pages / sample.seconds
    cpu = 1e6 * sample.cpu_seconds / sample.pages
    where = f"{sample.hosts} hosts, {sample.processes} processes"
    return f"{where}: {speed:,.0f} pages/s, {cpu:,.0f} µs of CPU a page"


def rows(samples: Iterable[Sample]) -> list[Row]:
    """Return the medians, in the order in which they were measured first."""
    places: dict[tuple[int, int], list[Sample]] = {}
    for sample in samples:
        places.setdefault((sample.hosts, sample.processes), []).append(sample)
    return [_row(hosts, processes, some) for (hosts, processes), some in places.items()]


def _row(hosts: int, processes: int, samples: Sequence[Sample]) -> Row:
    waiting = [sample.waiting for sample in samples if sample.waiting is not None]
    return Row(
        hosts=hosts,
        processes=processes,
        pages_per_second=median(sample.pages / sample.seconds for sample in samples),
        cpu_us_a_page=median(1e6 * sample.cpu_seconds / sample.pages for sample in samples),
        waiting=median(waiting) if waiting else None,
    )


def report(samples: Sequence[Sample]) -> int:
    """Print the table; return 1 where a target is missed or a page was not fetched once."""
    found = rows(samples)
    bases = {row.hosts: row for row in found if row.processes == min(one.processes for one in found)}
    print(f"\n{HEAD}")
    for row in found:
        print(_line(row, bases[row.hosts]))
    problems = [*misses(found, bases), *(problem for sample in samples for problem in sample.problems)]
    for problem in problems:
        print(f"PROBLEM: {problem}")
    return 1 if problems else 0


def _line(row: Row, base: Row) -> str:
    cells = (
        *(f"{row.hosts}", f"{row.processes}"),
        *(
            f"{row.pages_per_second:,.0f}",
            f"{figures.ratio(row.pages_per_second, base.pages_per_second):.2f}",
        ),
        *(f"{row.cpu_us_a_page:,.0f}", f"{figures.ratio(row.cpu_us_a_page, base.cpu_us_a_page):.2f}"),
        "–" if row.waiting is None else f"{row.waiting:.1%}",
    )
    return f"| {' | '.join(cells)} |"


def misses(found: Iterable[Row], bases: Mapping[int, Row]) -> Iterable[str]:
    """Say which targets were missed: those are of two processes on several hosts."""
    for row in found:
        where = f"{row.processes} processes on {row.hosts} hosts"
        times = figures.ratio(row.cpu_us_a_page, bases[row.hosts].cpu_us_a_page)
        if row.processes == 2 and row.hosts > 1 and times > MOST_CPU_RATIO:
            yield f"{where} use {times:.2f} times the CPU of one for a page"
        if row.waiting is not None and row.waiting > MOST_WAITING:
            yield f"{where} wait for locks {row.waiting:.0%} of their time"


if __name__ == "__main__":
    sys.exit(main())
