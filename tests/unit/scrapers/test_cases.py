"""Golden cases: whole pages, and everything that is read from them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from crawler.services import scraping
from scrapers import reader, registry
from scrapers.fields.making import Form
from scrapers.fields.rules import RULES
from scrapers.fields.selectors import KINDS
from scrapers.fields.transforms import STEPS
from scrapers.fields.types import Kind
from scrapers.page import Page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapers.links import Link
    from scrapers.reader import Reading
    from scrapers.registry import Scraper

CASES = Path(__file__).parents[2] / "cases" / "extractors"
FOLDERS = sorted(path.parent for path in CASES.glob("*/*/input.json"))
SITES = {site.name for site in registry.SITES}
EXTRACTORS = [folder for folder in FOLDERS if folder.parent.name not in SITES]


def read(folder: Path) -> dict[str, Any]:
    """Return what a case reads, in the form of its `expected.json`."""
    said = _input(folder)
    scraper = registry.compile(
        name=said["scraper"],
        options=said.get("options"),
        row=said.get("row", ""),
        fields=said.get("fields"),
    )
    body = (folder / "page.html").read_bytes()
    reading = reader.read(Page(url=said["url"], body=body, headers=said["headers"]), scraper)
    told = _told(reading)
    if reading.follows:
        told["follows"] = [{"url": one.url, "data": one.data} for one in reading.follows]
        told["completed"] = list(_completed(folder, reading, scraper))
    return told


def _told(reading: Reading) -> dict[str, Any]:
    return {
        "items": [item.data for item in reading.items],
        "links": [_marked(link) for link in reading.links],
        "problems": [f"{problem.code}: {problem.message}" for problem in reading.problems],
        "noindex": reading.facts.noindex,
    }


def _marked(link: Link) -> str:
    return link.url + (" nofollow" if link.nofollow else "") + (" continues" if link.continues else "")


def _completed(folder: Path, reading: Reading, scraper: Scraper) -> Iterator[dict[str, Any]]:
    """Yield what each record is once its next page, `followed.html`, was read."""
    resuming = registry.resuming(scraper)
    assert resuming is not None
    body = (folder / "followed.html").read_bytes()
    for one in reading.follows:
        page = Page(url=one.url, body=body, headers={"content-type": "text/html; charset=utf-8"})
        (items,) = reader.resume(page, resuming, [one], again=True).completed
        yield from (item.data for item in items)


def test_every_scraper_of_the_registry_has_a_case() -> None:
    covered = {folder.parent.name for folder in FOLDERS}
    assert {choice.name for choice in registry.names()} - {"none", "site"} <= covered


def test_everything_that_a_field_may_say_is_in_a_case() -> None:
    said = [one for folder in FOLDERS for one in _declared(_input(folder).get("fields", {}))]
    steps = [step for one in said for step in one.get("transform", ())]
    values = {(key, value) for one in said for key, value in one.items() if isinstance(value, str)}

    assert {*KINDS, *RULES, *Form} - {Form.TEXT} <= {
        *(key for one in said for key in one),
        *(value for key, value in values if key == "as"),
    }
    assert set(STEPS) == {step if isinstance(step, str) else next(iter(step)) for step in steps}
    assert {("type", str(kind)) for kind in Kind} <= values


def _declared(fields: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield each field in its long form, those inside of others, too."""
    for field in fields.values():
        if isinstance(field, dict):
            yield field
            yield from _declared(field.get("fields", {}))


@pytest.mark.parametrize("choice", [one for one in registry.names() if one.options], ids=lambda one: one.name)
def test_every_option_is_in_a_case_as_it_is_not_by_itself(choice: registry.Choice) -> None:
    given = [_input(folder).get("options", {}) for folder in CASES.glob(f"{choice.name}/*")]
    said = {(name, value) for options in given for name, value in options.items()}

    for option in choice.options:
        for value in option.choices[1:] or (not option.default,):
            assert (option.name, value) in said


def _input(folder: Path) -> dict[str, Any]:
    said: dict[str, Any] = json.loads((folder / "input.json").read_text(encoding="utf-8"))
    return said


@pytest.mark.parametrize("folder", EXTRACTORS, ids=lambda folder: f"{folder.parent.name}-{folder.name}")
def test_case_reads_as_expected(folder: Path) -> None:
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    assert read(folder) == expected


@pytest.mark.parametrize("case", list(scraping.shipped_cases()), ids=lambda case: case.name)
def test_case_of_a_site_reads_as_expected(case: scraping.Case) -> None:
    assert case.differences() == []
