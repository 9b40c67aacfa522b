"""Where items are to go: standard output, or a file in the format that its suffix names."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from crawler.services.terminal.asked import Refusal

SUFFIXES: Final = {".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json", ".csv": "csv"}
STDOUT: Final = "-"


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
