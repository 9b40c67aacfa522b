"""How fast one core crawls a static site through `./run crawl`, everything stored in SQLite.

    ./run bench terminal [--pages N] [--scraper NAME] [--keep]

The site is made in a temporary folder and served from another core. Afterwards the server's log
must show every page fetched exactly once, and the database every page and every item.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from benchmarks import site

BASE = Path(__file__).resolve().parent.parent
SERVER_CORE, CRAWL_CORE = 1, 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What the crawl's process cost; memory is its peak."""

    seconds: float
    cpu_seconds: float
    peak_mib: float


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="./run bench terminal", description="Measure a crawl in the terminal."
    )
    parser.add_argument("--pages", type=int, default=50_000, help="pages of the site (default: %(default)s)")
    parser.add_argument("--scraper", default="auto", help="auto stores an item a page; none stores no items")
    parser.add_argument("--keep", action="store_true", help="leave the folder with the site and the database")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="trawl-bench-"))
    folder.chmod(0o755)
    try:
        return run(folder, pages=asked.pages, scraper=asked.scraper)
    finally:
        if asked.keep:
            print(f"kept in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def run(folder: Path, *, pages: int, scraper: str) -> int:
    """Measure one crawl; return 0 when everything was fetched once and stored."""
    cores = (os.cpu_count() or 1) > 1
    root, log, var = folder / "site", folder / "access.log", folder / "var"
    root.mkdir()
    print(f"writing {pages:,} pages ...", flush=True)
    site.generate(root, pages=pages)
    with site.serving(root, log, core=SERVER_CORE if cores else None) as (origin, server):
        print(f"crawling {origin} ({server}) ...", flush=True)
        command = [
            *site.pinned(CRAWL_CORE if cores else None),
            *(sys.executable, str(BASE / "manage.py"), "crawl", f"{origin}{site.path_of(0)}", "--delay", "0"),
            *("--pages", str(pages), "--scraper", scraper, "-o", str(folder / "items.jsonl")),
        ]
        measured = measure(command, var)
    figures(measured, pages)
    problems = [
        *fetched_once(log, pages),
        *stored(var / "trawl.sqlite3", folder / "items.jsonl", pages, scraper),
    ]
    for problem in problems:
        print(f"PROBLEM: {problem}")
    return 1 if problems else 0


def measure(command: list[str], var: Path) -> Measured:
    """Run the crawl and return what its one process used."""
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    began = time.monotonic()
    crawl = subprocess.Popen(
        command, env={**environment, "TRAWL_VAR": str(var), "EGRESS_ALLOW": "127.0.0.0/8"}
    )
    _pid, status, usage = os.wait4(crawl.pid, 0)
    crawl.returncode = os.waitstatus_to_exitcode(status)
    if crawl.returncode:
        raise SystemExit(f"the crawl ended with status {crawl.returncode}")
    return Measured(
        seconds=time.monotonic() - began,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        peak_mib=usage.ru_maxrss / 1024,
    )


def figures(measured: Measured, pages: int) -> None:
    print(f"{pages / measured.seconds:8,.0f} pages/s, start and end of the process included")
    print(f"{1e6 * measured.cpu_seconds / pages:8,.0f} µs of CPU a page")
    print(f"{measured.peak_mib:8,.0f} MiB at the peak")


def fetched_once(log: Path, pages: int) -> list[str]:
    """Return what the server's log has against the crawl."""
    asked = Counter(request.path for request in site.asked(log))
    asked.pop("/robots.txt", None)
    expected = {site.path_of(number) for number in range(pages)}
    problems = []
    if missing := expected - asked.keys():
        problems.append(f"{len(missing):,} pages were not fetched, such as {min(missing)}")
    if others := asked.keys() - expected:
        problems.append(f"{len(others):,} other URLs were fetched, such as {min(others)}")
    if twice := [path for path, times in asked.items() if times > 1]:
        problems.append(f"{len(twice):,} pages were fetched more than once, such as {min(twice)}")
    return problems


def stored(database: Path, lines: Path, pages: int, scraper: str) -> list[str]:
    """Return what is missing in the database and in the file of items."""
    items = 0 if scraper == "none" else pages
    with closing(sqlite3.connect(database)) as connection:
        counts = {
            "pages": (pages, "SELECT count(*) FROM crawler_page"),
            "requests done": (pages, "SELECT count(*) FROM crawler_request WHERE state = 2"),
            "bodies": (pages, "SELECT count(*) FROM crawler_snapshot"),
            "items": (items, "SELECT count(*) FROM crawler_item"),
        }
        found = {
            name: (connection.execute(sql).fetchone()[0], wanted) for name, (wanted, sql) in counts.items()
        }
    with lines.open("rb") as file:
        found["lines in the file"] = (sum(1 for _ in file), items)
    return [f"{name}: {is_:,}, expected {wanted:,}" for name, (is_, wanted) in found.items() if is_ != wanted]


if __name__ == "__main__":
    sys.exit(main())
