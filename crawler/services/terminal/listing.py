"""`./run target`: all targets as a table, each with its next run and its last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crawler.queries import targets
from crawler.services.terminal.plain import plain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from crawler.queries.targets import TargetLine

HEAD: Final = ("target", "name", "next run (UTC)", "last run", "starts at")
LONGEST_NAME: Final = 40


def lines() -> Iterator[str]:
    """Yield a head and a line for each target, and nothing where there is none."""
    rows = [_cells(line) for line in targets.everyones()]
    if not rows:
        return
    widths = [max(map(len, column)) for column in zip(HEAD, *rows, strict=True)]
    for number, *cells in (HEAD, *rows):
        padded = (cell.ljust(width) for cell, width in zip(cells, widths[1:], strict=True))
        yield "  ".join([number.rjust(widths[0]), *padded]).rstrip()


def _cells(line: TargetLine) -> tuple[str, ...]:
    target = line.target
    name = plain(target.name)
    return (
        str(target.pk),
        name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…",
        _next(line),
        _last(line),
        plain(target.start_urls[0]) if target.start_urls else "",
    )


def _next(line: TargetLine) -> str:
    if not line.target.enabled:
        return "disabled"
    return _minute(line.next_run_at) if line.next_run_at else "-"


def _last(line: TargetLine) -> str:
    run = line.last_run
    if run is None:
        return "-"
    at = run.finished_at or run.started_at or run.created_at
    return f"{run.state} {_minute(at)}, {run.items:,} item{'' if run.items == 1 else 's'}"


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"
