"""Golden cases of replays: stored pages, a scraper before and after it was edited, and what is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crawler.policy import identity, replays
from scrapers import reader, registry
from scrapers.page import Page

CASES = Path(__file__).parents[2] / "cases" / "replaying"
FOLDERS = sorted(path.parent for path in CASES.glob("*/before.json"))
Records = dict[str, dict[str, Any]]


def read(page: Page, said: dict[str, Any], totals: replays.Totals | None = None) -> Records:
    """Return what a page gives by its key; `totals` are told of its problems."""
    scraper = registry.compile(
        name=said["scraper"], options=said.get("options"), row=said.get("row", ""), fields=said.get("fields")
    )
    reading = reader.read(page, scraper)
    for problem in reading.problems if totals else ():
        assert totals is not None
        totals.report(problem.code, problem.field or "", problem.message)
    several = len(reading.items) > 1
    keyed = (
        (identity.item_key(item.data, fields=said.get("key", []), url=page.url, several=several), item.data)
        for item in reading.items
    )
    return {key: data for key, data in keyed if key is not None}


def replayed(folder: Path) -> dict[str, Any]:
    """Return what a replay tells, in the form of a case's `expected.json`."""
    before, after = (
        json.loads((folder / f"{name}.json").read_text(encoding="utf-8")) for name in ("before", "after")
    )
    totals = replays.Totals()
    told = []
    for path in sorted(folder.glob("*.html")):
        url = f"https://shop.example/{path.stem}"
        page = Page(url=url, body=path.read_bytes(), headers={"content-type": "text/html; charset=utf-8"})
        stored, found = read(page, before), read(page, after, totals)
        compared = list(
            replays.compare(urls=dict.fromkeys({**stored, **found}, url), stored=stored, read=found)
        )
        totals.add(compared)
        told += [f"{one.change} {one.key}: {', '.join(one.fields)}".rstrip(": ") for one in compared]
    return {
        "records": told,
        "counts": totals.records,
        "coverage": [[one.name, one.before, one.after] for one in totals.coverage()],
        "problems": totals.problems,
    }


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_case_is_replayed_as_expected(folder: Path) -> None:
    assert replayed(folder) == json.loads((folder / "expected.json").read_text(encoding="utf-8"))
