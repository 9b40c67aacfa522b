"""Files that are written whole, at the end of a crawl, and take the old one's place in one step."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawler.exports import FORMATS
from crawler.services.terminal.outputs import held as files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from crawler.exports import Row
    from crawler.services.terminal.outputs.places import Destination


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
            if not held or files.mark(row["_key"]) not in held:
                written += 1
                yield row

    with _replacing(path) as draft:
        draft.writelines(_parts(place, path, counted(), columns))
    return written


def _parts(place: Destination, path: Path, rows: Iterator[Row], columns: Sequence[str]) -> Iterator[bytes]:
    before = () if place.replace or not path.exists() else files.before(place.format, path)
    writer = FORMATS[place.format].write
    if place.format == "csv":
        header = [] if place.replace else files.header(path)
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
