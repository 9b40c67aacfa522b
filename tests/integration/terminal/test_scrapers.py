"""`./run scraper`: a scraper is begun from a page, tried on its cases, and mistakes are told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from crawler import checks
from crawler.management.commands import scraper
from scrapers import folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.site.server import HostileSite

SHIPPED = sorted(folder.SHIPPED_CASES.glob("demo_shop/*/input.json"))
TEAS = """
class Teas:
    name = title = description = "teas"

    def matches(self, url):
        return True

    def parse(self, page):
        yield {"title": "Teas"}
"""

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture
def own(tmp_path: Path, settings: Any) -> Iterator[Path]:
    """A folder of scrapers of one's own, empty yet."""
    settings.TRAWL_SCRAPERS = str(tmp_path)
    folder.install(str(tmp_path))
    yield tmp_path
    folder.install("")


def said(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> str:
    """Call the command in this process with what is typed after it; return all that it printed."""
    command = scraper.Command()
    with pytest.raises(SystemExit) as ended:
        command.handle(**vars(command.create_parser("manage.py", "scraper").parse_args(words)))
    printed = capsys.readouterr()
    assert ended.value.code == status, printed
    return printed.out + printed.err


def test_new_scraper_has_a_case_that_passes_until_it_reads_otherwise(
    capsys: pytest.CaptureFixture[str], own: Path, hostile_site: HostileSite
) -> None:
    url = hostile_site.serve("/teas/", "<h1>Our teas</h1><a href='/sencha/'>Sencha</a>")

    assert "teas.py" in said(capsys, "new", "teas", url)
    case = own / "cases" / "teas" / "first"
    expected = json.loads((case / "expected.json").read_text())
    assert expected["items"] == [{"title": "Our teas"}]
    assert "passed teas/first" in said(capsys, "test", "teas")

    file = own / "teas.py"
    file.write_text(file.read_text().replace('{"title":', '{"heading":'))
    folder.install(str(own))

    told = said(capsys, "test", status=1)
    assert "FAILED teas/first" in told
    assert '-   "title": "Our teas"' in told
    assert '+   "heading": "Our teas"' in told
    assert "passed teas/first" in said(capsys, "test", "--accept")
    assert "teas.py" in said(capsys, "list")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("new", "teas"), "say its name and the URL"),
        (("new", "My teas", "https://teas.test/"), "is no name"),
        (("new", "auto", "https://teas.test/"), "there is a scraper named auto already"),
        (("new", "teas", "ftp://teas.test/"), "only http and https"),
        (("test", "teas"), "no cases of teas in"),
    ],
)
def test_what_cannot_be_done_is_told(
    capsys: pytest.CaptureFixture[str], own: Path, words: tuple[str, ...], complaint: str
) -> None:
    assert complaint in said(capsys, *words, status=2)
    assert list(own.iterdir()) == []


def test_page_that_is_not_there_makes_no_scraper(
    capsys: pytest.CaptureFixture[str], own: Path, hostile_site: HostileSite
) -> None:
    hostile_site.serve("/robots.txt", "User-agent: *\nDisallow: /teas")
    url = hostile_site.serve("/teas/", "<h1>Teas</h1>")

    assert "robots.txt forbids this page: line 2" in said(capsys, "new", "teas", url, status=1)
    gone = hostile_site.url("/coffees/")
    assert f"{gone}: the server answered with status 404" in said(capsys, "new", "teas", gone, status=1)
    assert list(own.iterdir()) == []


def test_broken_file_is_told_by_list_and_by_the_checks(capsys: pytest.CaptureFixture[str], own: Path) -> None:
    (own / "broken.py").write_text("1 / 0")
    folder.install(str(own))

    assert "broken.py: line 1: ZeroDivisionError" in said(capsys, "list", status=1)
    [warning] = checks.scrapers_load()
    assert warning.msg == "TRAWL_SCRAPERS: broken.py: line 1: ZeroDivisionError: division by zero"


def test_without_a_folder_it_says_what_to_set(capsys: pytest.CaptureFixture[str]) -> None:
    assert "set TRAWL_SCRAPERS" in said(capsys, "test", "teas", status=2)
    assert "set TRAWL_SCRAPERS" in said(capsys, "new", "teas", "https://teas.test/", status=2)


def test_cases_that_come_with_trawl_are_tried_without_a_folder(capsys: pytest.CaptureFixture[str]) -> None:
    told = said(capsys, "test")
    names = [f"passed demo_shop/{path.parent.name}" for path in SHIPPED]
    assert [line for line in told.splitlines() if line.startswith("passed")] == names
    assert "yours: none; for scrapers of your own, set TRAWL_SCRAPERS" in told
    assert said(capsys, "test", "demo_shop").splitlines()[1:] == names


def test_both_are_tried_with_a_folder_and_either_fails_the_whole(
    capsys: pytest.CaptureFixture[str], own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert f"yours: no cases in {own / 'cases'}" in said(capsys, "test")
    (own / "teas.py").write_text(TEAS)
    folder.install(str(own))
    shipped = own / "shipped"
    for case in (shipped / "demo_shop" / "altered", own / "cases" / "teas" / "first"):
        case.mkdir(parents=True)
        (case / "input.json").write_text('{"url": "https://teas.test/"}')
        (case / "page.html").write_text("<h1>Teas</h1>")
    said(capsys, "test", "teas", "--accept")
    monkeypatch.setattr(folder, "SHIPPED_CASES", shipped)

    told = said(capsys, "test", status=1)

    assert "FAILED demo_shop/altered" in told
    assert told.splitlines()[-2:] == [f"yours, in {own / 'cases'}:", "passed teas/first"]
    assert "FAILED" not in said(capsys, "test", "--accept")
