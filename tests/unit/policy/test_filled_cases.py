"""Golden cases of what is filled in: versions of a page, a scraper, an item's history, and what is told."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crawler.policy import filling, identity
from crawler.policy.filling import Part
from scrapers import reader, registry
from scrapers.page import Page

CASES = Path(__file__).parents[2] / "cases" / "filling"
FOLDERS = sorted(path.parent for path in CASES.glob("*/history.json"))
URL = "https://shop.example/product/"


def day(word: str) -> datetime:
    return datetime.fromisoformat(word).replace(tzinfo=UTC)


def read(folder: Path, version: dict[str, str], said: dict[str, Any]) -> dict[str, Part]:
    """Return what a version of a page gives, by its key."""
    scraper = registry.compile(name=said["scraper"], options=None, row="", fields=said["fields"])
    body = (folder / f"{version['page']}.html").read_bytes()
    reading = reader.read(Page(url=URL, body=body, headers={"content-type": "text/html"}), scraper)
    found = {}
    for item in reading.items:
        key = identity.item_key(item.data, fields=said["key"], url=URL, several=len(reading.items) > 1)
        found[str(key)] = Part(since=day(version["page"]), until=day(version["until"]), data=item.data)
    return found


def told(folder: Path) -> list[dict[str, Any]]:
    """Return what is told of the item, in the form of a case's `expected.json`: each part of its versions."""
    said, history = (
        json.loads((folder / f"{name}.json").read_text(encoding="utf-8")) for name in ("scraper", "history")
    )
    pages = [read(folder, version, said) for version in history["pages"]]
    shown = []
    for version in history["versions"]:
        (key,) = {version["data"][name] for name in said["key"]}
        parts = filling.fill(
            version["data"],
            since=day(version["since"]),
            until=day(version["until"]),
            parts=(),
            read=[page[key] for page in pages if key in page],
        )
        shown += [
            {
                "since": f"{part.since:%Y-%m-%d}",
                "until": f"{part.until:%Y-%m-%d}",
                "said": filling.filled(version["data"], part.data),
                "filled": part.data,
            }
            for part in parts
        ]
    return shown


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_history_is_filled_in_as_expected(folder: Path) -> None:
    assert told(folder) == json.loads((folder / "expected.json").read_text(encoding="utf-8"))
