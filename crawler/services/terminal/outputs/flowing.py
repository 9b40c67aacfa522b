"""Items written as they come: to standard output, or as lines at the end of a file."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crawler.exports import FORMATS
from crawler.services.terminal.outputs import held as files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crawler.exports import Row
    from crawler.services.terminal.outputs.places import Destination


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
        new = [row for row in rows if not self.held or files.mark(row["_key"]) not in self.held]
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
    last = files.last_line(place.path)
    with place.path.open("ab", buffering=0) as file:
        if last and not last.endswith(b"\n"):
            file.write(b"\n")
        yield Flow(file.fileno(), held)
