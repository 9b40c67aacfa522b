"""One crawler on one site: how long it took, what it used, and what it fetched and brought."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from benchmarks import site
from benchmarks.crawls.contenders import ITEMS

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.crawls.contenders import Contender
    from benchmarks.crawls.places import Place

ROBOTS: Final = "/robots.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What one crawl was like.

    `seconds` are from the first page that was asked for to the last; the rest is of the whole process,
    with what it started. `twice` counts what was asked for more than once.
    """

    seconds: float
    cpu_seconds: float
    peak_mib: float
    pages: frozenset[str]
    requests: int
    twice: int
    items: int


def measure(
    contender: Contender, place: Place, folder: Path, *, cores: tuple[int | None, int | None]
) -> Sample:
    """Have `contender` crawl `place`, on the first of the cores, served from the second."""
    folder.mkdir()
    log = folder / "access.log"
    own = folder / "crawl"
    own.mkdir()
    try:
        with site.serving(place.folder, log, core=cores[1]) as (origin, _server):
            command = [*site.pinned(cores[0]), *contender.command(f"{origin}{place.start}", own)]
            cpu_seconds, peak_mib = _run(command, contender, own)
        return _sample(site.asked(log), cpu_seconds=cpu_seconds, peak_mib=peak_mib, items=_lines(own / ITEMS))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(command: list[str], contender: Contender, folder: Path) -> tuple[float, float]:
    with (folder / "output.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=contender.environment(folder), stdout=log, stderr=log
        )
        _pid, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode and contender.writes_items:  # wget's says that a link was broken
        said = (folder / "output.log").read_text(errors="replace")[-2_000:]
        raise SystemExit(f"{contender.name} ended with status {process.returncode}:\n{said}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def _sample(asked: list[site.Asked], *, cpu_seconds: float, peak_mib: float, items: int) -> Sample:
    crawled = [request for request in asked if request.path != ROBOTS]
    if not crawled:
        raise SystemExit("nothing was asked of the site")
    times = Counter(request.path for request in crawled)
    return Sample(
        seconds=crawled[-1].at - crawled[0].at,
        cpu_seconds=cpu_seconds,
        peak_mib=peak_mib,
        pages=frozenset(request.path for request in crawled if request.is_page),
        requests=len(crawled),
        twice=sum(count > 1 for count in times.values()),
        items=items,
    )


def _lines(file: Path) -> int:
    if not file.exists():
        return 0
    with file.open("rb") as lines:
        return sum(1 for _ in lines)
