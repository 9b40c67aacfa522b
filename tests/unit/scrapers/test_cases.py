"""Golden cases: whole pages, and everything that is read from them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scrapers import reader, registry
from scrapers.page import Page

CASES = Path(__file__).parents[2] / "cases" / "extractors"
FOLDERS = sorted(path.parent for path in CASES.glob("*/*/input.json"))


def read(folder: Path) -> dict[str, Any]:
    """Return what a case reads, in the form of its `expected.json`."""
    said = json.loads((folder / "input.json").read_text(encoding="utf-8"))
    scraper = registry.compile(
        name=said["scraper"],
        options=said.get("options"),
        row=said.get("row", ""),
        fields=said.get("fields"),
    )
    body = (folder / "page.html").read_bytes()
    reading = reader.read(Page(url=said["url"], body=body, headers=said["headers"]), scraper)
    return {
        "items": [item.data for item in reading.items],
        "links": [link.url + (" nofollow" if link.nofollow else "") for link in reading.links],
        "problems": [f"{problem.code}: {problem.message}" for problem in reading.problems],
        "noindex": reading.facts.noindex,
    }


def test_every_scraper_of_the_registry_has_a_case() -> None:
    covered = {folder.parent.name for folder in FOLDERS}
    assert {choice.name for choice in registry.names()} - {"none", "site"} <= covered


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: f"{folder.parent.name}-{folder.name}")
def test_case_reads_as_expected(folder: Path) -> None:
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    assert read(folder) == expected
