"""Whether items can be written where they are to go, seen before anything is fetched."""

from __future__ import annotations

import csv
import stat
import tempfile
from typing import TYPE_CHECKING, Final

from crawler.exports import SYSTEM_COLUMNS
from crawler.services.terminal.asked import Refusal
from crawler.services.terminal.outputs import held

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from crawler.services.terminal.outputs.places import Destination


def require_writable(place: Destination, *, declared: Sequence[str]) -> None:
    """Raise Refusal unless the items can be written to `place`, as its content is now.

    `declared` are the columns of a CSV file where they are known before the crawl.
    """
    path = place.path
    if path is None:
        return
    try:
        _try_to_write(path, flows=place.flows)
        if not place.replace:
            _CHECKS[place.format](path, declared)
    except OSError as error:
        raise Refusal(f"{path}: cannot be written: {error.strerror or error}") from None


def _try_to_write(path: Path, *, flows: bool) -> None:
    if path.exists():
        if not flows and not stat.S_ISREG(path.stat().st_mode):
            raise Refusal(f"{path}: is not a regular file; only JSON lines can be appended to one")
        with path.open("ab"):
            pass
    elif flows:
        path.touch()
    if not flows:
        with tempfile.TemporaryFile(dir=path.parent):
            pass


def _check_lines(path: Path, _declared: Sequence[str]) -> None:
    """Refuse a file whose last line was cut off: what is appended would make two broken lines of it."""
    last = held.last_line(path)
    if last and not last.endswith(b"\n") and not held.is_json(last):
        raise Refusal(f"{path}: its last line is not whole JSON; mend it, or replace the file with -O")


def _check_array(path: Path, _declared: Sequence[str]) -> None:
    if not isinstance(held.array(path), list):
        raise Refusal(f"{path}: holds no JSON array to append to; replace it with -O")


def _check_table(path: Path, declared: Sequence[str]) -> None:
    try:
        header = held.header(path)
        for _row in held.records(path) if header else ():
            pass
    except (UnicodeDecodeError, csv.Error):
        raise Refusal(f"{path}: is no CSV file in UTF-8; replace it with -O") from None
    if not header:
        return
    missing = [name for name in SYSTEM_COLUMNS if name not in header]
    if missing:
        raise Refusal(f"{path}: lacks the columns {', '.join(missing)}; replace it with -O")
    if declared and set(header) != set(declared):
        differ = sorted(set(header) ^ set(declared))
        raise Refusal(
            f"{path}: its columns differ from this crawl's in {', '.join(differ)}; replace it with -O"
        )


_CHECKS: Final[dict[str, Callable[[Path, Sequence[str]], None]]] = {
    "jsonl": _check_lines,
    "json": _check_array,
    "csv": _check_table,
}
