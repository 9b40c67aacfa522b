"""A folder of scrapers of one's own: what loads is used, what does not is told by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scrapers import folder, reader, registry
from scrapers.page import Page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GOOD = """
class Teas:
    name = "teas"
    title = "Teas"
    description = "Every tea."

    def matches(self, url):
        return url.startswith("https://teas.test/")

    def parse(self, page):
        for node in page.soup.select("li"):
            yield {"tea": node.get_text()}
"""
TEAS = Page(url="https://teas.test/", body=b"<li>Sencha<li>Assam", headers={"content-type": "text/html"})


@pytest.fixture(autouse=True)
def _none_afterwards() -> Iterator[None]:
    yield
    folder.install("")


def install(path: Path, **files: str) -> folder.Loaded:
    for name, source in files.items():
        (path / f"{name}.py").write_text(source)
    return folder.install(str(path))


def test_scraper_of_a_folder_is_offered_and_reads_its_pages(tmp_path: Path) -> None:
    loaded = install(tmp_path, teas=GOOD)

    assert loaded.mistakes == ()
    assert registry.names()[-1].name == "teas"
    for scraper in (registry.compile(name="teas"), registry.compile(name="", url_hint=TEAS.url)):
        items = reader.read(TEAS, scraper).items
        assert [item.data for item in items] == [{"tea": "Sencha"}, {"tea": "Assam"}]


def test_without_a_folder_there_are_trawl_s_own_only(tmp_path: Path) -> None:
    install(tmp_path, teas=GOOD)
    folder.install("")

    assert registry.names() == registry.own_names()


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("class Teas:\n    def (", "line 2: SyntaxError: invalid syntax"),
        ("import no_such_module", "line 1: ModuleNotFoundError: No module named 'no_such_module'"),
        ("raise SystemExit('bye')", "line 1: SystemExit: bye"),
        ("x = 1", "has no class with parse(page)"),
        (GOOD.replace('name = "teas"', 'name = "My teas"'), "Teas: name must be text in small letters"),
        (GOOD.replace('title = "Teas"', "title = 3"), "Teas: title must be text"),
        (GOOD.replace("def matches", "def knows"), "Teas: matches(url) is missing"),
        (
            GOOD.replace('url.startswith("https://teas.test/")', "url and 1"),
            "Teas: matches(url) must give True",
        ),
        (GOOD.replace('url.startswith("https://teas.test/")', "1 / 0"), "Teas: line 8: ZeroDivisionError"),
        (GOOD.replace('name = "teas"', 'name = "auto"'), "the name auto is taken: Trawl's own"),
        (GOOD.replace('name = "teas"', 'name = "demo_shop"'), "the name demo_shop is taken: Trawl's own"),
    ],
)
def test_mistake_is_told_by_file_and_stops_no_other(tmp_path: Path, source: str, said: str) -> None:
    loaded = install(tmp_path, broken=source, good=GOOD.replace('"teas"', '"good"'))

    [mistake] = loaded.mistakes
    assert mistake.file == "broken.py"
    assert mistake.message.startswith(said)
    assert (f"line {mistake.line}: " in mistake.message) is ("line" in said)
    assert [(file, scraper.name) for file, scraper in loaded.scrapers] == [("good.py", "good")]


def test_of_two_files_with_one_name_the_first_is_used(tmp_path: Path) -> None:
    loaded = install(tmp_path, a=GOOD, b=GOOD)

    assert [file for file, _scraper in loaded.scrapers] == ["a.py"]
    assert loaded.mistakes == (folder.Mistake(file="b.py", message="the name teas is taken: a.py"),)


def test_files_that_begin_with_a_line_are_for_the_others(tmp_path: Path) -> None:
    assert install(tmp_path, _shared="x = 1") == folder.Loaded(path=tmp_path)


def test_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    [mistake] = folder.install(str(tmp_path / "none")).mistakes
    assert mistake.message == "is not a folder"


def test_error_of_such_a_scraper_names_its_own_line(tmp_path: Path) -> None:
    install(tmp_path, teas=GOOD.replace("node.get_text()", "node.no_such_thing()"))

    [problem] = reader.read(TEAS, registry.compile(name="teas")).problems

    assert problem.code == "scraper_raised"
    assert problem.message.endswith("(teas.py, line 12)")
