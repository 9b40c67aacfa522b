"""When the machine let nobody run: a process of its own wakes every 10 ms and notes when it woke late."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

BASE = Path(__file__).resolve().parent.parent
WAKES_EVERY_SECONDS = 0.01
LATE_SECONDS = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Stall:
    """A time (`time.time()`) in which the process should have run and did not."""

    began: float
    ended: float

    def touches(self, began: float, ended: float) -> bool:
        return self.began <= ended and began <= self.ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What a watching process has noted."""

    log: Path

    def stalls(self) -> list[Stall]:
        """Return the stalls so far, oldest first."""
        lines = (line.split(" ") for line in self.log.read_text().splitlines())
        return [Stall(began=float(began), ended=float(ended)) for began, ended in lines]


@contextmanager
def watched(folder: Path) -> Iterator[Watch]:
    """Watch the machine until the block ends."""
    log = folder / "stalls.log"
    log.touch()
    command = [sys.executable, "-m", "benchmarks.stalls", str(log)]
    with subprocess.Popen(command, cwd=BASE) as process:
        try:
            yield Watch(log=log)
        finally:
            process.kill()


def main() -> None:
    log = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND)
    while True:
        due = time.time() + WAKES_EVERY_SECONDS
        time.sleep(WAKES_EVERY_SECONDS)
        woke = time.time()
        if woke - due > LATE_SECONDS:
            os.write(log, f"{due:.6f} {woke:.6f}\n".encode())


if __name__ == "__main__":
    main()
