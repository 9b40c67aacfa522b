"""Where the figures of a benchmark go: a file that says on which machine they were measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.crawls import report

if TYPE_CHECKING:
    from argparse import ArgumentParser

FOLDER = Path("var") / "bench"


def option(parser: ArgumentParser, name: str) -> None:
    """Let people choose the file; without a word it is the benchmark's own."""
    usual = FOLDER / f"{name}.json"
    parser.add_argument(
        "--json", type=Path, default=usual, help="where the figures go (default: %(default)s)"
    )


def write(file: Path, **figures: Any) -> None:
    """Write what was found beside the machine's description."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"machine": report.machine(), **figures}, indent=2) + "\n")
    print(f"\nfigures in {file}")


def ratio(value: float, base: float) -> float:
    """Return how many times `base` it is."""
    return value / base if base else float("inf")
