"""How long a start takes: to the site's first page, until everything is ready, and what goes by before that.

    ./run bench start [--rounds N] [--json FILE]

Each round clones what is committed, and starts the service there with `./run up`: in an empty home, where
every package has to be fetched; in a second clone with that home, where installers find what they kept; and
in that clone once more. Packages come from where the machine's settings say. With `--without-clones` this
checkout starts twice in a folder that is empty first, with the virtual environment that is there.
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
    from collections.abc import Iterable, Iterator, Sequence

BASE = Path(__file__).resolve().parent.parent
WITHIN_SECONDS, STOPS_WITHIN_SECONDS = 600.0, 90.0
LOOK_EVERY_SECONDS = 0.02
PAGE = "/sign-in/"
INSTALLS, MIGRATES = "Installing requirements", "Bringing the database"
STARTS, READY = "Starting ...", "Trawl is running at"
OWN = ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL")
CACHES = ("XDG_CACHE_HOME", "PIP_CACHE_DIR", "UV_CACHE_DIR")
"""Where installers keep packages other than in the home; what they read of the machine's settings stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What `up` said, and how many seconds after its beginning."""

    at: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Seconds from the command to the first page and until ready; `migrating` is 0 where nothing was to do.

    Migrating is from its line to that of the processes' start: the first administrator is part of it.
    `installing` is what came before the service itself began, 0 where everything was installed.
    """

    first_page: float
    ready: float
    migrating: float
    installing: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a start happens: the checkout, its home (None: the usual one), and what it keeps."""

    tree: Path
    var: Path
    home: Path | None = None

    def environment(self) -> dict[str, str]:
        left_out = (*OWN, *CACHES) if self.home is not None else OWN
        kept = {name: value for name, value in os.environ.items() if name not in left_out}
        if self.home is not None:
            kept["HOME"] = str(self.home)
        return {**kept, "TRAWL_VAR": str(self.var), "ADMIN_PASSWORD": "a password for benchmarks"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="./run bench start", description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=1, help="rounds (default: %(default)s)")
    parser.add_argument(
        "--without-clones", action="store_true", help="start this checkout as it is installed"
    )
    figures.option(parser, "start")
    asked = parser.parse_args()
    found: dict[str, list[Start]] = {}
    load = os.getloadavg()[0]
    for number in range(asked.rounds):
        folder = Path(tempfile.mkdtemp(prefix="trawl-bench-"))
        try:
            for name, place in _installed(folder) if asked.without_clones else _cloned(folder):
                found.setdefault(name, []).append(begun := start(place))
                print(f"round {number + 1}, {name}: first page after {begun.first_page:.1f} s", flush=True)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    report(found)
    starts = {name: [asdict(start) for start in starts] for name, starts in found.items()}
    figures.write(asked.json, rounds=asked.rounds, load_before=round(load, 2), starts=starts)
    return 0


def _installed(folder: Path) -> Iterator[tuple[str, Place]]:
    """Yield the starts of this checkout, in a folder that the first of them fills."""
    for name in ("empty folder", "second start"):
        yield name, Place(tree=BASE, var=folder / "var")


def _cloned(folder: Path) -> Iterator[tuple[str, Place]]:
    """Yield the starts of clones, in a home that the first of them fills with what installers keep."""
    home = folder / "home"
    home.mkdir()
    places = [Place(tree=folder / name, var=folder / name / "var", home=home) for name in ("one", "two")]
    for name, place in zip(("empty clone, empty home", "empty clone, packages kept"), places, strict=True):
        clone(place.tree)
        yield name, place
    yield "second start", places[-1]


def clone(tree: Path) -> None:
    """Clone what is committed here to `tree`; what is not is left out."""
    asked = ["git", "clone", "--quiet", "--no-hardlinks", str(BASE), str(tree)]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{BASE} cannot be cloned (try --without-clones): {done.stderr.strip()}")


def start(place: Place) -> Start:
    """Start the service in its place, and stop it when it is ready."""
    port = free_port()
    site = Site(host="127.0.0.1", port=port)
    began = time.monotonic()
    process = subprocess.Popen(
        [str(place.tree / "run"), "up", "--port", str(port)],
        cwd=place.tree,
        env=place.environment(),
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
        for word in (INSTALLS, MIGRATES, STARTS, READY):
            if line.text.startswith(word):
                at.setdefault(word, line.at)
    begun = at.get(MIGRATES, at[STARTS])
    return Start(
        first_page=first_page,
        ready=at[READY],
        migrating=at[STARTS] - begun,
        installing=begun if INSTALLS in at else 0.0,
    )


def report(found: dict[str, list[Start]]) -> None:
    """Print the medians."""
    print("| start | first page, s | ready, s | installing, s | migrations, s |\n|---|---|---|---|---|")
    for name, starts in found.items():
        cells = (
            f"{median(start.first_page for start in starts):.1f}",
            f"{median(start.ready for start in starts):.1f}",
            f"{median(start.installing for start in starts):.1f}",
            f"{median(start.migrating for start in starts):.1f}",
        )
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    sys.exit(main())
