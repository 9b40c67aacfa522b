"""Every golden case with several records: the first proposal for its page finds each of them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from scrapers.page import Page
from scrapers.suggesting import suggest
from tests.unit.scrapers.suggesting.declared import read_by

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapers.page import JSON

CASES = Path(__file__).parents[3] / "cases" / "extractors"
ALIKE = {
    "links/other_hosts": "each link of the page is a record, whatever it stands in",
    "links/parts_of_a_page": "each link of the page is a record, whatever it stands in",
    "links/without_external": "each link of the page is a record, whatever it stands in",
    "tables/data_sheet": "a record is a column of the table, and no element holds that together",
}
"""Cases whose records do not repeat on the page."""


def expected(folder: Path) -> list[dict[str, Any]]:
    """Return the records of a case, those that go on to another page included."""
    told = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    return [*(one["data"] for one in told.get("follows", [])), *told["items"]]


FOLDERS = [path.parent for path in sorted(CASES.glob("*/*/expected.json")) if len(expected(path.parent)) > 1]


def name_of(folder: Path) -> str:
    return f"{folder.parent.name}/{folder.name}"


def words(value: JSON) -> Iterator[frozenset[str]]:
    """Yield the words of each plain value in a record, without what an extractor says of its own."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if not key.startswith("_") and key not in {"sources", "feed", "language", "price", "currency"}:
                yield from words(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from words(inner)
    elif value is not None and not isinstance(value, bool):
        yield frozenset(re.findall(r"\w+", str(value)))


def test_only_cases_whose_records_do_not_repeat_are_left_out() -> None:
    assert ALIKE.keys() <= {name_of(folder) for folder in FOLDERS}
    assert len(FOLDERS) - len(ALIKE) >= 14


@pytest.mark.parametrize("folder", [one for one in FOLDERS if name_of(one) not in ALIKE], ids=name_of)
def test_first_candidate_finds_every_record_of_a_golden_case(folder: Path) -> None:
    said = json.loads((folder / "input.json").read_text(encoding="utf-8"))
    page = Page(url=said["url"], body=(folder / "page.html").read_bytes(), headers=said["headers"])

    items = read_by(suggest(page).candidates[0], page).items
    found = iter([frozenset().union(*words(item.data)) for item in items])

    for record in expected(folder):
        wanted = [one for one in words(record) if one]
        assert any(one <= whole for whole in found for one in wanted), f"not found: {record}"
