"""The test kit of Python scrapers: what it writes loads, and a case tells a page that is read otherwise."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crawler.services import scraping
from scrapers import folder, registry

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,49}", fullmatch=True)
HOSTS = st.text(
    st.characters(codec="utf-8", exclude_characters="/", exclude_categories=("Cc", "Cs")),
    min_size=1,
    max_size=40,
)
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="<>&", exclude_categories=("Cc", "Cs")))


@pytest.fixture(autouse=True)
def _none_afterwards() -> Iterator[None]:
    yield
    folder.install("")


@settings(max_examples=60)
@given(NAMES, HOSTS)
@example("true", "teas.test")
@example("none", "teas.test")
@example("a__", "[::1]:8000")
@example("teas", '"+__import__("os").getcwd()+".test')
@example("teas", '"""\\')
@example("teas", "{kind}")
def test_whatever_scraper_is_made_loads_and_knows_its_host_alone(name: str, host: str) -> None:
    source = scraping.source(name, f"https://{host}/teas/?page=1")
    with TemporaryDirectory() as path:
        (Path(path) / "made.py").write_text(source, encoding="utf-8")
        loaded = folder.load(Path(path))

    taken = name in {choice.name for choice in registry.own_names()}
    assert [one.message for one in loaded.mistakes] == ([f"the name {name} is taken: Trawl's own"] * taken)
    for _file, scraper in loaded.scrapers:
        assert scraper.name == name
        assert scraper.matches(f"https://{host}/other/")
        assert scraper.matches(f"http://{host}/")
        assert not scraper.matches(f"https://{host}.elsewhere.test/")
        assert not scraper.matches("https://elsewhere.test/")


@settings(max_examples=25)
@given(TEXTS, TEXTS)
@example("Teas", "Teas ")
@example("Teas", "")
def test_case_passes_until_its_page_is_read_otherwise_and_says_what_is(before: str, after: str) -> None:
    with TemporaryDirectory() as path:
        case = made(Path(path), before)
        case.accept()
        assert case.differences() == []
        known = case.read()

        (case.path / "page.html").write_text(page(after), encoding="utf-8")

        assert bool(case.differences()) is (case.read() != known)
        assert (case.read()["items"] == known["items"]) is (title(before) == title(after))
        case.accept()
        assert case.differences() == []
        assert json.loads((case.path / "expected.json").read_text(encoding="utf-8")) == case.read()


def test_case_without_what_is_expected_tells_all_that_is_read(tmp_path: Path) -> None:
    lines = made(tmp_path, "Teas").differences()
    assert '+   "title": "Teas"' in lines


def made(path: Path, heading: str) -> scraping.Case:
    """Return a case of a scraper as it is made, whose page has that heading."""
    (path / "teas.py").write_text(scraping.source("teas", "https://teas.test/"), encoding="utf-8")
    folder.install(str(path))
    case = path / folder.CASES / "teas" / "first"
    case.mkdir(parents=True)
    said = {"url": "https://teas.test/", "headers": {"content-type": "text/html; charset=utf-8"}}
    (case / "input.json").write_text(json.dumps(said), encoding="utf-8")
    (case / "page.html").write_text(page(heading), encoding="utf-8")
    return scraping.Case(scraper="teas", path=case)


def page(heading: str) -> str:
    """Return a page with that heading, whose title says more, as titles do."""
    return f"<title>{heading} | The tea shop</title><h1>{heading}</h1>"


def title(heading: str) -> str:
    """Return what the scraper makes of a heading."""
    return heading.strip()
