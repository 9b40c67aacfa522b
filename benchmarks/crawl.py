"""Trawl beside `wget -r`, Scrapy and Crawlee on the same sites, one after the other in each round.

    ./run bench crawl [--site NAME] [--only NAME ...] [--pages N] [--rounds N] [--json FILE]

Crawlers run on one core, the server on another. Other crawlers are installed into an environment of their
own; another checkout (`--beside DIR`) runs in that of its own, where it has one. A short form:
`./run bench crawl --site generated --pages 2000 --rounds 1 --only trawl wget`.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import site
from benchmarks.crawls import contenders, places, report
from benchmarks.crawls.measuring import Sample, measure
from benchmarks.crawls.report import Results, Row

if TYPE_CHECKING:
    from benchmarks.crawls.contenders import Contender

SITES = ("documentation", "generated")
STARTS = 3
OUTPUT = Path("var") / "bench" / "crawl.json"


def main() -> int:
    asked = _arguments()
    folder = Path(tempfile.mkdtemp(prefix="trawl-bench-"))
    folder.chmod(0o755)
    try:
        sites = [_site(name, folder, pages=asked.pages) for name in asked.site or SITES]
        running = contenders.chosen(asked.only, beside=asked.beside)
        if site.nginx_of() is None:
            print("without nginx a small server in Python serves them: sudo apt install nginx-light")
        found = _compare(running, sites, folder, rounds=asked.rounds)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    tables = {results.place.name: results.rows(running) for results in found}
    _print(tables)
    _write(asked.json, tables, rounds=asked.rounds)
    ours = [row for rows in tables.values() for row in rows if row.crawler == contenders.OURS]
    return 1 if any(row.missing for row in ours) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench crawl", description=__doc__.partition("\n")[0])
    parser.add_argument("--site", nargs="+", choices=SITES, help="which sites (default: all)")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="crawlers whose names contain one of these")
    parser.add_argument(
        "--beside", nargs="+", type=Path, default=(), metavar="DIR", help="other checkouts of Trawl"
    )
    parser.add_argument("--pages", type=int, default=20_000, help="pages of the generated site (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds (%(default)s)")
    parser.add_argument("--json", type=Path, default=OUTPUT, help="where the figures go (%(default)s)")
    return parser.parse_args()


def _site(name: str, folder: Path, *, pages: int) -> places.Place:
    if name == "documentation":
        return places.documentation(folder / name)
    return places.generated(folder / name, pages=pages)


def _compare(
    running: list[Contender], sites: list[places.Place], folder: Path, *, rounds: int
) -> list[Results]:
    """Return the samples of each site: in each round each crawler has each site once."""
    cores = (0, 1) if (os.cpu_count() or 1) > 1 else (None, None)
    single = places.single(folder / "single")
    work = folder / "work"
    starts: dict[str, Sample] = {}
    for contender in running:
        print(f"{contender.name}: one page ...", flush=True)
        samples = [measure(contender, single, work, cores=cores) for _ in range(STARTS)]
        starts[contender.name] = min(samples, key=lambda sample: sample.cpu_seconds)
    found = [Results(place, starts) for place in sites]
    for round_ in range(rounds):
        for results in found:
            for contender in running:
                sample = measure(contender, results.place, work, cores=cores)
                results.add(contender, sample)
                said = f"{sample.requests / sample.seconds:,.0f}/s, {sample.cpu_seconds:.1f} s of CPU"
                where = f"round {round_ + 1}, {results.place.name}"
                print(f"{where}, {contender.name}: {sample.requests:,} requests, {said}", flush=True)
    return found


def _print(tables: dict[str, list[Row]]) -> None:
    for name, rows in tables.items():
        print(f"\n{name}\n\n{report.HEAD}")
        for row in rows:
            print(row.line())


def _write(file: Path, tables: dict[str, list[Row]], *, rounds: int) -> None:
    figures = {name: [asdict(row) for row in rows] for name, rows in tables.items()}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"machine": report.machine(), "rounds": rounds, "sites": figures}, indent=2))
    print(f"\nfigures in {file}")


if __name__ == "__main__":
    sys.exit(main())
