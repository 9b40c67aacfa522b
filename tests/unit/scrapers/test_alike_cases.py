"""Golden cases of near copies: some pages, and which of them are copies of each other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scrapers.comparing import lines_of
from scrapers.comparing.simhash import LEAST_WORDS, fingerprint, groups
from scrapers.page import Page

CASES = Path(__file__).parents[2] / "cases" / "alike"
FOLDERS = sorted(path.parent for path in CASES.glob("*/expected.json"))
HTML = {"content-type": "text/html; charset=utf-8"}


def grouped(folder: Path) -> dict[str, Any]:
    """Return which pages of a case are near copies, in the form of its `expected.json`."""
    files = sorted(folder.glob("*.html"))
    pages = [Page(url=f"http://a.test/{file.name}", body=file.read_bytes(), headers=HTML) for file in files]
    prints = dict(enumerate(fingerprint(lines_of(page)) for page in pages))
    judged = {number: found.bits for number, found in prints.items() if found.words >= LEAST_WORDS}
    return {
        "groups": [[files[number].stem for number in group] for group in groups(judged).groups],
        "not_judged": [files[number].stem for number in prints if number not in judged],
    }


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_near_copies_are_as_expected(folder: Path) -> None:
    assert grouped(folder) == json.loads((folder / "expected.json").read_text(encoding="utf-8"))
