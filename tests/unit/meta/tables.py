"""The tables of the documents, for the tests that compare them with the code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.unit.meta import tree

if TYPE_CHECKING:
    from pathlib import Path

DOCS = tree.ROOT / "docs"
CODE = re.compile(r"`([^`]+)`")


def rows(path: Path, *, below: str = "") -> list[list[str]]:
    """Return the cells of every table row, heads and rulers left out; `below` names one section."""
    found: list[list[str]] = []
    section, in_table = "", False
    for line in tree.text(path).splitlines():
        if line.startswith("#"):
            section = line.lstrip("# ")
        if not line.startswith("|"):
            in_table = False
            continue
        if in_table and not line.startswith("|--") and below in section:
            found.append([cell.strip() for cell in line.strip("|").split("|")])
        in_table = True
    return found


def named(path: Path, *, below: str = "") -> list[str]:
    """Return what stands as code in the first cell of every row."""
    return [name for row in rows(path, below=below) for name in CODE.findall(row[0])]
