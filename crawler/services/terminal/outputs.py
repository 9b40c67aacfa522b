"""Where a terminal's items go: standard output or a file, each item once, also when a run is resumed."""

from __future__ import annotations

import csv
import json
import os
import stat
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from crawler.exports import FORMATS, SYSTEM_COLUMNS
from crawler.exports.csv import FORMULA_STARTS
from crawler.policy import identity
from crawler.services.terminal.asked import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from crawler.exports import Row

SUFFIXES: Final = {".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json", ".csv": "csv"}
STDOUT: Final = "-"
LARGEST_CELL: Final = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where items are to go: `path` is None for standard output; `replace` puts a new file in its place."""

    path: Path | None = None
    format: str = "jsonl"
    replace: bool = False

    @property
    def flows(self) -> bool:
        """Whether items are written as they come; other files are written whole, at the end."""
        return self.path is None or (self.format == "jsonl" and not self.replace)


def destination(append: str | None, replace: str | None) -> Destination:
    """Return where `-o` or `-O` point to. Raises Refusal."""
    if append is not None and replace is not None:
        raise Refusal("-O: give -o to append or -O to replace, not both")
    option, name = ("-o", append) if replace is None else ("-O", replace)
    if name is None or name == STDOUT:
        return Destination()
    path = Path(os.path.realpath(Path(name).expanduser()))
    if path.suffix.lower() not in SUFFIXES:
        raise Refusal(f"{option}: {name!r} must end with one of {', '.join(SUFFIXES)}")
    return Destination(path=path, format=format_of(path), replace=replace is not None)


def format_of(path: Path) -> str:
    """Return the name of the format that a file's suffix stands for."""
    return SUFFIXES[path.suffix.lower()]


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
    last = _last_line(path)
    if last and not last.endswith(b"\n") and not _is_json(last):
        raise Refusal(f"{path}: its last line is not whole JSON; mend it, or replace the file with -O")


def _check_array(path: Path, _declared: Sequence[str]) -> None:
    if not isinstance(_array(path), list):
        raise Refusal(f"{path}: holds no JSON array to append to; replace it with -O")


def _check_table(path: Path, declared: Sequence[str]) -> None:
    try:
        header = _header(path)
        for _row in _records(path) if header else ():
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


@dataclass(slots=True)
class Flow:
    """Writes JSON lines as they come to a descriptor; rows whose key is in `held` are there already.

    It writes around Python's buffers, so that what was counted as written is with the reader.
    """

    descriptor: int
    held: frozenset[bytes] = frozenset()
    written: int = field(default=0, init=False)

    def write(self, rows: Iterable[Row]) -> None:
        """Write `rows`; raises OSError, BrokenPipeError when nobody reads any more."""
        new = [row for row in rows if not self.held or _mark(row["_key"]) not in self.held]
        for chunk in FORMATS["jsonl"].write(new):
            left = memoryview(chunk)
            while left:
                left = left[os.write(self.descriptor, left) :]
        self.written += len(new)


@contextmanager
def flow(place: Destination, *, held: frozenset[bytes]) -> Iterator[Flow]:
    """Open standard output or a file of JSON lines for appending."""
    if place.path is None:
        yield Flow(1)
        return
    last = _last_line(place.path)
    with place.path.open("ab", buffering=0) as file:
        if last and not last.endswith(b"\n"):
            file.write(b"\n")
        yield Flow(file.fileno(), held)


def write_whole(
    place: Destination, rows: Iterable[Row], *, columns: Sequence[str], held: frozenset[bytes]
) -> int:
    """Write a file anew with what it held, unless it is replaced, and `rows`; return how many rows.

    The new file takes the place of the old one in one step, when it is complete.
    """
    path = place.path
    if path is None:
        raise ValueError("standard output cannot be written anew")
    written = 0

    def counted() -> Iterator[Row]:
        nonlocal written
        for row in rows:
            if not held or _mark(row["_key"]) not in held:
                written += 1
                yield row

    with _replacing(path) as draft:
        draft.writelines(_parts(place, path, counted(), columns))
    return written


def _parts(place: Destination, path: Path, rows: Iterator[Row], columns: Sequence[str]) -> Iterator[bytes]:
    before = () if place.replace or not path.exists() else _before(place.format, path)
    writer = FORMATS[place.format].write
    if place.format == "csv":
        header = [] if place.replace else _header(path)
        wide = (*header, *(name for name in columns if name not in header))
        # What is there already was made harmless when it was written: only the new rows still are to be.
        yield from writer(before, columns=wide, raw=True)
        yield from _without(b"".join(writer((), columns=wide)), writer(rows, columns=wide))
    else:
        yield from writer(chain(before, rows))


def _without(header: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    yield next(chunks).removeprefix(header)
    yield from chunks


@contextmanager
def _replacing(path: Path) -> Iterator[Any]:
    """Open a draft beside `path` that takes its place, with its mode, when all went well."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.chmod(stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o666 & ~_umask())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def held_keys(place: Destination, *, run: int) -> frozenset[bytes]:
    """Return marks of the items of `run` that a file has already; nothing where it is replaced."""
    if place.path is None or place.replace or not place.path.exists():
        return frozenset()
    rows = _before(place.format, place.path)
    return frozenset(mark for row in rows for mark in _marks(row, run))


def _marks(row: object, run: int) -> Iterator[bytes]:
    if not isinstance(row, dict) or str(row.get("_run")) != str(run):
        return
    key = str(row.get("_key", ""))
    yield _mark(key)
    if key.startswith("'") and key[1:].startswith(FORMULA_STARTS):  # how CSV disarms a formula
        yield _mark(key[1:])


def _mark(key: str) -> bytes:
    return identity.digest(key.encode("utf-8", "surrogatepass"))


def _before(format_: str, path: Path) -> Iterable[Row]:
    """Return the rows that a file holds, one after the other where its format allows it."""
    match format_:
        case "jsonl":
            return _lines(path)
        case "json":
            return _array(path) or []
        case _:
            return _records(path)


def _lines(path: Path) -> Iterator[Row]:
    with path.open("rb") as file:
        for line in file:
            if _is_json(line) and isinstance(row := json.loads(line), dict):
                yield row


def _array(path: Path) -> Any:
    """Return what a JSON file holds, an empty list for an empty file, None for what is no JSON."""
    if not path.exists():
        return []
    text = path.read_bytes()
    try:
        return json.loads(text) if text.strip() else []
    except ValueError:
        return None


def _records(path: Path) -> Iterator[Row]:
    csv.field_size_limit(LARGEST_CELL)
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


def _header(path: Path) -> list[str]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8-sig", newline="") as file:
        return next(csv.reader(file), [])


def _last_line(path: Path) -> bytes:
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


def _is_json(line: bytes) -> bool:
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return True
