"""What a file holds already: its rows, its columns, its last line, and which of a run's items."""

from __future__ import annotations

import csv
import json
import os
import stat
from typing import TYPE_CHECKING, Any, Final

import orjson

from crawler.exports.csv import FORMULA_STARTS
from crawler.policy import identity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from crawler.exports import Row
    from crawler.services.terminal.outputs.places import Destination

LARGEST_CELL: Final = 2**31 - 1


def held_keys(place: Destination, *, run: int) -> frozenset[bytes]:
    """Return marks of the items of `run` that a file has already; nothing where it is replaced."""
    if place.path is None or place.replace or not place.path.exists():
        return frozenset()
    rows = before(place.format, place.path)
    return frozenset(mark for row in rows for mark in _marks(row, run))


def _marks(row: object, run: int) -> Iterator[bytes]:
    if not isinstance(row, dict) or str(row.get("_run")) != str(run):
        return
    key = str(row.get("_key", ""))
    yield mark(key)
    if key.startswith("'") and key[1:2] in FORMULA_STARTS:  # how CSV disarms a formula
        yield mark(key[1:])


def mark(key: str) -> bytes:
    """Return what stands for an item's key, and is shorter."""
    return identity.digest(key.encode("utf-8", "surrogatepass"))


def before(format_: str, path: Path) -> Iterable[Row]:
    """Return the rows that a file holds, one after the other where its format allows it."""
    match format_:
        case "jsonl":
            return _lines(path)
        case "json":
            return array(path) or []
        case _:
            return records(path)


def _lines(path: Path) -> Iterator[Row]:
    with path.open("rb") as file:
        for line in file:
            if is_json(line) and isinstance(row := json.loads(line), dict):
                yield row


def array(path: Path) -> Any:
    """Return what a JSON file holds, an empty list for an empty file, None for what is no JSON."""
    if not path.exists():
        return []
    text = path.read_bytes()
    try:
        return json.loads(text) if text.strip() else []
    except ValueError:
        return None


def records(path: Path) -> Iterator[Row]:
    """Return the rows of a CSV file."""
    csv.field_size_limit(LARGEST_CELL)
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


def header(path: Path) -> list[str]:
    """Return the columns of a CSV file, none where there is no file."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8-sig", newline="") as file:
        return next(csv.reader(file), [])


def last_line(path: Path) -> bytes:
    """Return what follows the last line end but one, read from the end."""
    if not stat.S_ISREG(path.stat().st_mode):
        return b""
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        tail, start = b"", end
        while start > 0 and b"\n" not in tail[:-1]:
            start = max(0, start - 65_536)
            file.seek(start)
            tail = file.read(end - start)
    return tail[:-1].rpartition(b"\n")[2] + tail[-1:]


def is_json(line: bytes) -> bool:
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return True
