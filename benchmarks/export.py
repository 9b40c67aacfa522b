"""How fast items leave, and in how much memory, beside what the database alone gives away.

    ./run bench export [--items N] [--postgres] [--keep]

A database in a temporary folder is filled with items of one target. Each format is exported by the
API's own view in a process of its own; all that is left out is the socket. *Alone* is a bare SELECT
of the same columns, a thousand rows at a time, with orjson making a line of each row as it is.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import orjson

from benchmarks import filled
from benchmarks.bombed import memory

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from django.test import Client

BASE = Path(__file__).resolve().parent.parent
ALONE = "alone"
LEAST = {"jsonl": 100_000, "csv": 60_000}
MOST_MIB = 100
PAGE_ROWS = 1_000
SAMPLED_EVERY_SECONDS = 0.02
MIB = 1024 * 1024
WITHIN_SECONDS = 1_800


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What one export took. Memory is that of the process itself, without the database's mapped file."""

    what: str
    items: int
    bytes: int
    seconds: float
    cpu_seconds: float
    above_idle_mib: float

    @property
    def rate(self) -> float:
        return self.items / self.seconds


def main() -> int:
    parser = argparse.ArgumentParser(prog="./run bench export", description=__doc__.partition("\n")[0])
    parser.add_argument("--items", type=int, default=1_000_000, help="items (default: %(default)s)")
    filled.options(parser)
    asked = parser.parse_args()
    with filled.temporary(asked) as variables:
        found = measure(asked.items, variables)
    filled.write("export", asked, exports=[{**asdict(one), "rate": one.rate} for one in found])
    return report_of(found, asked.items)


def measure(items: int, variables: dict[str, str]) -> list[Exported]:
    """Fill the database that `variables` name and return what each export of it took."""
    print(f"writing {items:,} items ...", flush=True)
    made = orjson.loads(_python("fill", str(items), variables=variables))
    found = []
    for what in (ALONE, *LEAST):
        print(f"{what} ...", flush=True)
        figures = _python(what, str(made["target"]), made["token"], variables=variables)
        found.append(Exported(**orjson.loads(figures)))
    return found


def _python(*words: str, variables: dict[str, str]) -> str:
    command = [sys.executable, "-c", "from benchmarks import export; export.work()", *words]
    done = subprocess.run(
        command,
        cwd=BASE,
        env=os.environ | variables,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=WITHIN_SECONDS,
    )
    return done.stdout


def work() -> None:
    """Do one part in this process: fill the database, or export it, and print the figures as JSON."""
    what, *words = sys.argv[1:]
    filled.connect({})
    if what == "fill":
        made = filled.fill(filled.Sizes(items=int(words[0])))
        print(json.dumps({"target": made.targets[0], "token": made.administrator}))
        return
    print(json.dumps(asdict(exported(what, int(words[0]), token=words[1]))))


def exported(what: str, target: int, *, token: str) -> Exported:
    """Export the items of `target` and return what it took."""
    client = filled.client(token)
    client.get("/api/v1/targets")  # imports and caches are there before
    chunks = _alone(target) if what == ALONE else _exported(client, target, what)
    with _Sampled() as sampled:
        began, cpu_began = time.monotonic(), time.process_time()
        size = lines = 0
        for chunk in chunks:
            size += len(chunk)
            lines += chunk.count(b"\n")
        seconds, cpu_seconds = time.monotonic() - began, time.process_time() - cpu_began
    return Exported(
        what=what,
        items=lines - (what == "csv"),
        bytes=size,
        seconds=seconds,
        cpu_seconds=cpu_seconds,
        above_idle_mib=sampled.above_idle / MIB,
    )


def _exported(client: Client, target: int, name: str) -> Iterator[bytes]:
    answer = client.get(f"/api/v1/targets/{target}/export", {"format": name})
    if answer.status_code != 200:
        raise SystemExit(f"the export was answered with {answer.status_code}")
    yield from answer


def _alone(target: int) -> Iterator[bytes]:
    """Yield what the database gives away, each row a line of JSON just as it came."""
    from crawler.stores import sql

    data = "data::text" if sql.is_postgres() else "data"
    moments = ", ".join(f"CAST({name} AS text)" for name in ("first_seen", "last_seen", "changed_at"))
    statement = (
        f"SELECT id, url, key, run, {data}, {moments} FROM crawler_item "
        "WHERE target_id = %s AND id > %s ORDER BY id LIMIT %s"
    )
    after = 0
    while rows := sql.select(statement, [target, after, PAGE_ROWS]):
        yield b"".join([orjson.dumps(row) + b"\n" for row in rows])
        after = rows[-1][0]


class _Sampled:
    """How much memory this process takes at most within the block, above what it took before."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._before = self._most = memory("RssAnon")

    @property
    def above_idle(self) -> int:
        return self._most - self._before

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(SAMPLED_EVERY_SECONDS):
            self._most = max(self._most, memory("RssAnon"))


def report_of(found: list[Exported], items: int) -> int:
    """Print the figures; return 1 where a target is missed."""
    limit = found[0].rate
    print("\n| export | items/s | × alone | CPU µs/item | MB/s | MiB above idle |\n|---|---|---|---|---|---|")
    for one in found:
        cpu, speed = 1e6 * one.cpu_seconds / one.items, one.bytes / one.seconds / 1e6
        print(
            f"| {one.what} | {one.rate:,.0f} | {one.rate / limit:.2f} | {cpu:.1f} | {speed:.0f} "
            f"| {one.above_idle_mib:.0f} |"
        )
    problems = list(_problems(found, items))
    for problem in problems:
        print(f"PROBLEM: {problem}")
    return 1 if problems else 0


def _problems(found: list[Exported], items: int) -> Iterable[str]:
    for one in found:
        if one.items != items:
            yield f"{one.what} has {one.items:,} of {items:,} items"
        if one.rate < LEAST.get(one.what, 0):
            yield f"{one.what} makes {one.rate:,.0f} items/s, not {LEAST[one.what]:,}"
        if one.above_idle_mib > MOST_MIB:
            yield f"{one.what} takes {one.above_idle_mib:.0f} MiB above idle, not {MOST_MIB}"


if __name__ == "__main__":
    sys.exit(main())
