"""Golden cases of comparisons: two versions of a page, how they differ, and whether that counts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from scrapers.comparing import Noise, ShownKind, compare_pages, folded, only_noise
from scrapers.page import Page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapers.comparing import Line
    from scrapers.comparing.differing import Marked

CASES = Path(__file__).parents[2] / "cases" / "comparing"
FOLDERS = sorted(path.parent for path in CASES.glob("*/input.json"))
SIGNS = {ShownKind.SAME: "  ", ShownKind.REMOVED: "- ", ShownKind.ADDED: "+ "}


def compared(folder: Path) -> dict[str, Any]:
    """Return how the versions of a case differ, in the form of its `expected.json`."""
    said = json.loads((folder / "input.json").read_text(encoding="utf-8"))
    headers = {"content-type": said.get("content_type", "text/html; charset=utf-8")}
    noise = Noise.of(said["noise"])
    before, after = (
        Page(url="https://a.example/", body=(folder / name).read_bytes(), headers=headers)
        for name in ("before.html", "after.html")
    )
    found = folded(compare_pages(before, after, noise))
    only = only_noise(before, after, noise)
    return {
        "lines": [text for line in found.lines for text in _told(line)],
        "changed": found.changed,
        "added": found.added,
        "removed": found.removed,
        "only_noise": list(only) if only else None,
    }


def _told(line: Line) -> Iterator[str]:
    if line.kind is ShownKind.SKIPPED:
        yield f"{line.count} more"
    elif line.kind is ShownKind.CHANGED:
        yield f"- {_spelled(line.before)}"
        yield f"+ {_spelled(line.after)}"
    else:
        yield SIGNS[line.kind] + _spelled(line.after if line.before is None else line.before)


def _spelled(parts: Marked | None) -> str:
    return "".join(f"[{text}]" if differs else text for text, differs in parts or ())


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_versions_differ_as_expected(folder: Path) -> None:
    assert compared(folder) == json.loads((folder / "expected.json").read_text(encoding="utf-8"))
