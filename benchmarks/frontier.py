"""What looking for requests, committing results and inserting links cost while a run grows to millions.

    ./run bench frontier [--requests N] [--postgres] [--batches N] [--json FILE]

The stores themselves, in this process, as the engine drives them: 200 requests of 20 hosts a batch, each
with two new links and eight that the run has, and nothing fetched, read or stored besides. The run is
filled in by raw SQL, half of it done. On SQLite, or with `--postgres` on the database of DATABASE_URL, which
should be there for this alone, or a private cluster. Ratios are to the size of 100,000.
"""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import django
from django.core.management import call_command

from benchmarks import databases, figures

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchmarks.frontiers.measuring import Cost, Size

SIZES = (100_000, 1_000_000, 10_000_000)
MOST_RATIO, MOST_MIB = 1.5, 200
NO_BROKER = "redis://127.0.0.1:1/0"
HEAD = (
    "| requests | look, µs | × | commit, µs | × | bare insert, µs | × | requests/s | own MiB | all MiB |\n"
    "|---|---|---|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What to measure."""

    requests: int
    batches: int
    postgres: bool


def main() -> int:
    parser = argparse.ArgumentParser(prog="./run bench frontier", description=__doc__.partition("\n")[0])
    parser.add_argument("--requests", type=int, default=SIZES[1], help="the largest run (%(default)s)")
    parser.add_argument("--batches", type=int, default=50, help="batches measured at a size (%(default)s)")
    parser.add_argument("--postgres", action="store_true", help="on PostgreSQL instead of SQLite")
    figures.option(parser, "frontier")
    given = vars(parser.parse_args())
    file, asked = given.pop("json"), Asked(**given)
    folder = Path(tempfile.mkdtemp(prefix="trawl-bench-"))
    try:
        with databases.chosen(folder, postgres=asked.postgres) as variables:
            _set_up(folder, variables)
            sizes = measure(asked)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    code = report(sizes)
    figures.write(file, asked=asdict(asked), sizes=[asdict(size) for size in sizes])
    return code


def _set_up(folder: Path, variables: dict[str, str]) -> None:
    for name in (databases.NAME, "CELERY_BROKER_URL"):
        os.environ.pop(name, None)
    own = {
        "TRAWL_VAR": str(folder / "var"),
        "REDIS_URL": NO_BROKER,
        "DJANGO_SETTINGS_MODULE": "webui.settings",
    }
    os.environ.update(own | variables)
    django.setup()
    logging.getLogger("crawler.services.bells").setLevel(logging.ERROR)  # there is nobody to ring for
    call_command("migrate", interactive=False, verbosity=0)


def sizes_up_to(most: int) -> list[int]:
    """Return the sizes to measure: those there are below `most`, and that itself."""
    return [*(size for size in SIZES if size < most), most]


def measure(asked: Asked) -> list[Size]:
    """Measure one run at each size that it grows through; Django has to be there."""
    from benchmarks.frontiers import filling, measuring
    from crawler.stores.clock import DatabaseClock

    clock = DatabaseClock()
    filled = filling.Filled(clock)
    found = []
    for size in sizes_up_to(asked.requests):
        print(f"filling up to {size:,} requests ...", flush=True)
        filled.grow(size)
        found.append(measuring.measure(filled, batches=asked.batches, clock=clock))
    return found


def report(sizes: Sequence[Size]) -> int:
    """Print the figures; return 1 where a target is missed."""
    first = sizes[0]
    print(HEAD)
    for size in sizes:
        pairs = ((size.look, first.look), (size.commit, first.commit), (size.insert, first.insert))
        costs = " | ".join(_cells(cost, base) for cost, base in pairs)
        rate = 1e6 / (size.look.mean + size.commit.mean)
        memory = f"{size.memory.own:,.0f} | {size.memory.resident:,.0f}"
        print(f"| {size.requests:,} | {costs} | {rate:,.0f} | {memory} |")
    missed = list(misses(sizes))
    for problem in missed:
        print(f"PROBLEM: {problem}")
    return 1 if missed else 0


def _cells(cost: Cost, base: Cost) -> str:
    return f"{cost.mean:,.0f} ({cost.median:,.0f}) | {figures.ratio(cost.mean, base.mean):.2f}"


def misses(sizes: Sequence[Size]) -> Iterable[str]:
    """Say which targets were missed."""
    first = sizes[0]
    for size in sizes:
        for name, cost, base in (
            ("looking", size.look, first.look),
            ("committing", size.commit, first.commit),
        ):
            if (times := figures.ratio(cost.mean, base.mean)) > MOST_RATIO:
                yield f"{name} costs {times:.2f} times as much at {size.requests:,} as at {first.requests:,}"
        if size.memory.own > MOST_MIB:
            yield f"the process has {size.memory.own:,.0f} MiB of its own at {size.requests:,}"


if __name__ == "__main__":
    sys.exit(main())
