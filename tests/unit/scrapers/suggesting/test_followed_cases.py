"""Golden cases of lists whose records go on to pages of their own: what these add, and that it is read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scrapers import reader, registry
from scrapers.page import Page
from scrapers.suggesting import Candidate, details, suggest
from scrapers.suggesting.details import Behind
from tests.unit.scrapers.suggesting.declared import scraper_of

CASES = Path(__file__).parents[3] / "cases" / "following"
FOLDERS = sorted(path.parent for path in CASES.glob("*/input.json"))


def told(folder: Path) -> dict[str, Any]:
    """Return what a case gives, in the form of its `expected.json`: the fields added, and whole records.

    Those are the records of the list whose pages the case has, as a run stores them.
    """
    said = json.loads((folder / "input.json").read_text(encoding="utf-8"))
    listed = page_of(folder / "list.html", said["url"])
    pages = [
        Behind(link=link, page=page_of(folder / f"behind-{number}.html", link))
        for number, link in enumerate(said["behind"], start=1)
    ]
    found = details.complete(listed, suggest(listed).candidates[0], pages)
    fields = {name: said for name, said in found.fields.items() if "follow" in said}
    return {"fields": fields, "records": whole_records(found, listed, pages) if fields else []}


def page_of(path: Path, url: str) -> Page:
    return Page(url=url, body=path.read_bytes(), headers={"content-type": "text/html; charset=utf-8"})


def whole_records(candidate: Candidate, listed: Page, pages: list[Behind]) -> list[dict[str, Any]]:
    scraper = scraper_of(candidate)
    resuming = registry.resuming(scraper)
    assert resuming is not None
    there = {one.link: one.page for one in pages}
    follows = [one for one in reader.read(listed, scraper).follows if one.url in there]
    readings = [reader.resume(there[one.url], resuming, [one], again=True) for one in follows]
    assert not any(reading.problems for reading in readings)
    return [item.data for reading in readings for items in reading.completed for item in items]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_case_gets_the_fields_of_its_pages_as_expected(folder: Path) -> None:
    assert told(folder) == json.loads((folder / "expected.json").read_text(encoding="utf-8"))
