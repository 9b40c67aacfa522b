"""Golden cases of repairs: pages before and after a site changed its layout, and what is proposed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scrapers.fields import DeclaredRecords, parse
from scrapers.page import Page, Scraped
from scrapers.suggesting import nesting
from scrapers.suggesting.mending import Known, mend

CASES = Path(__file__).parents[3] / "cases" / "mending"
FOLDERS = sorted(path.parent for path in CASES.glob("*/input.json"))


KINDS = {".html": "text/html; charset=utf-8", ".json": "application/json"}


def page_of(folder: Path, name: str) -> Page:
    (path,) = folder.glob(f"{name}.*")
    return Page(
        url=f"https://shop.example/{folder.name}",
        body=path.read_bytes(),
        headers={"content-type": KINDS[path.suffix]},
    )


def mended(folder: Path) -> dict[str, Any]:
    """Return what is proposed for the pages of a case, in the form of its `expected.json`.

    Where it names a `link`, its pages are those behind that, and only what is read there is mended.
    """
    said = json.loads((folder / "input.json").read_text(encoding="utf-8"))
    link, declared = said.get("link", ""), said["fields"]
    row = "" if link else said["row"]
    fields = {name: one for name, one in declared.items() if nesting.link_of(declared, name) == link}
    alone = {name: nesting.of_trial(nesting.spelled(one) or {}) for name, one in fields.items()}
    scraper = DeclaredRecords(schema=parse(fields=alone, row=row))
    pages = [
        Known(
            page=page_of(path, "after"),
            records=[
                found.data for found in scraper.parse(page_of(path, "before")) if isinstance(found, Scraped)
            ],
        )
        for path in sorted(folder.iterdir())
        if path.is_dir()
    ]
    found = mend(pages, row=row, fields=fields, broken=said["broken"])
    return {
        "row": found.row,
        "fields": {
            name: [
                {"declared": one.declared, "known": one.known, "restored": one.restored, "filled": one.filled}
                for one in proposals
            ]
            for name, proposals in found.fields.items()
        },
    }


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_case_is_mended_as_expected(folder: Path) -> None:
    assert mended(folder) == json.loads((folder / "expected.json").read_text(encoding="utf-8"))
