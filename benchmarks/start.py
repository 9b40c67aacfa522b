"""How long a start takes: to the site's first page, until everything is ready, and of that its migrations.

    ./run bench start [--rounds N] [--json FILE]

Each round starts the service with `./run up` in an empty folder, stops it, and starts it there again. The
virtual environment is there already: what its installation takes is the network's.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks import figures
from webui.processes.addresses import free_port
from webui.processes.health import Site

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

BASE = Path(__file__).resolve().parent.parent
WITHIN_SECONDS, STOPS_WITHIN_SECONDS = 180.0, 90.0
LOOK_EVERY_SECONDS = 0.02
PAGE = "/sign-in/"
MIGRATES, STARTS, READY = "Bringing the database", "Starting ...", "Trawl is running at"
OWN = ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What `up` said, and how many seconds after its beginning."""

    at: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Seconds from the command to the first page and until ready; `migrating` is 0 where nothing was to do.

    Migrating is from its line to that of the processes' start: the first administrator is part of it.
    """

    first_page: float
    ready: float
    migrating: float

    @property
    def share(self) -> float:
        """Which part of the time until ready was migrations."""
        return self.migrating / self.ready


def main() -> int:
    parser = argparse.ArgumentParser(prog="./run bench start", description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3, help="rounds (default: %(default)s)")
    figures.option(parser, "start")
    asked = parser.parse_args()
    first, second = [], []
    load = os.getloadavg()[0]
    for number in range(asked.rounds):
        folder = Path(tempfile.mkdtemp(prefix="trawl-bench-"))
        try:
            first.append(start(folder))
            second.append(start(folder))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        print(
            f"round {number + 1}: ready after {first[-1].ready:.1f} s and {second[-1].ready:.1f} s",
            flush=True,
        )
    found = {"empty folder": first, "second start": second}
    report(found)
    starts = {name: [asdict(start) for start in starts] for name, starts in found.items()}
    figures.write(asked.json, rounds=asked.rounds, load_before=round(load, 2), starts=starts)
    return 0


def start(folder: Path) -> Start:
    """Start the service in `folder`, and stop it when it is ready."""
    port = free_port()
    site = Site(host="127.0.0.1", port=port)
    began = time.monotonic()
    process = subprocess.Popen(
        [str(BASE / "run"), "up", "--port", str(port)],
        cwd=BASE,
        env=_environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said: list[Line] = []
    reader = threading.Thread(target=_read, args=(process, said, began), daemon=True)
    reader.start()
    try:
        first_page = _await_page(process, site, said, began)
        while not any(line.text.startswith(READY) for line in said):
            _go_on(process, said, began)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(STOPS_WITHIN_SECONDS)
        reader.join()
    return figures_of(said, first_page=first_page)


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in OWN}
    return {**kept, "TRAWL_VAR": str(folder / "var"), "ADMIN_PASSWORD": "a password for benchmarks"}


def _read(process: subprocess.Popen[str], said: list[Line], began: float) -> None:
    assert process.stdout is not None
    for text in process.stdout:
        at = time.monotonic() - began
        said.append(Line(at=at, text=text.strip()))


def _await_page(process: subprocess.Popen[str], site: Site, said: Sequence[Line], began: float) -> float:
    while not site.is_ok(PAGE):
        _go_on(process, said, began)
    return time.monotonic() - began


def _go_on(process: subprocess.Popen[str], said: Sequence[Line], began: float) -> None:
    """Wait a moment; ends the benchmark where the service ended or takes too long."""
    if process.poll() is not None or time.monotonic() - began > WITHIN_SECONDS:
        output = "\n".join(line.text for line in said)
        raise SystemExit(f"the service did not get ready:\n{output}")
    time.sleep(LOOK_EVERY_SECONDS)


def figures_of(said: Iterable[Line], *, first_page: float) -> Start:
    """Return what the lines of `up` tell."""
    at: dict[str, float] = {}
    for line in said:
        for word in (MIGRATES, STARTS, READY):
            if line.text.startswith(word):
                at.setdefault(word, line.at)
    migrating = at[STARTS] - at[MIGRATES] if MIGRATES in at else 0.0
    return Start(first_page=first_page, ready=at[READY], migrating=migrating)


def report(found: dict[str, list[Start]]) -> None:
    """Print the medians."""
    print("| start | first page, s | ready, s | migrations, s | share |\n|---|---|---|---|---|")
    for name, starts in found.items():
        cells = (
            f"{median(start.first_page for start in starts):.1f}",
            f"{median(start.ready for start in starts):.1f}",
            f"{median(start.migrating for start in starts):.1f}",
            f"{median(start.share for start in starts):.0%}",
        )
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    sys.exit(main())
