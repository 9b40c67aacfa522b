"""What `./run bench crawl` makes of its samples, and that its own server and log can be trusted."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from benchmarks import site
from benchmarks.crawls import contenders, places
from benchmarks.crawls.contenders import Contender
from benchmarks.crawls.measuring import Sample
from benchmarks.crawls.report import Results

if TYPE_CHECKING:
    from pathlib import Path


def contender(name: str) -> Contender:
    return Contender(name=name, command=lambda start, _folder: ["true", start])


def sample(*, seconds: float, cpu: float, pages: int, of: int = 10) -> Sample:
    return Sample(
        seconds=seconds,
        cpu_seconds=cpu,
        peak_mib=100.0,
        pages=frozenset(f"/{number}.html" for number in range(pages)),
        requests=of,
        twice=0,
        items=pages,
    )


def results(tmp_path: Path, **rounds: list[Sample]) -> Results:
    start = sample(seconds=0.0, cpu=1.0, pages=1, of=1)
    names = {"ours": "Trawl", "wget": contenders.REFERENCE}
    found = Results(places.Place(name="a", folder=tmp_path, start="/"), dict.fromkeys(names.values(), start))
    for name, samples in rounds.items():
        for each in samples:
            found.add(contender(names[name]), each)
    return found


def test_ratios_are_those_within_a_round(tmp_path: Path) -> None:
    found = results(
        tmp_path,
        ours=[sample(seconds=s, cpu=c, pages=10) for s, c in ((1, 10), (4, 19), (2, 28))],
        wget=[sample(seconds=s, cpu=c, pages=10) for s, c in ((2, 10), (4, 10), (6, 10))],
    )
    ours, wget = found.rows([contender("Trawl"), contender(contenders.REFERENCE)])
    assert (ours.pages_per_second, ours.speed_ratio) == (5.0, 2.0)
    assert (ours.cpu_us_a_page, ours.cpu_ratio) == (2e6, 2.0)
    assert (wget.speed_ratio, wget.cpu_ratio) == (1.0, 1.0)


def test_a_page_that_only_another_crawler_found_is_missing(tmp_path: Path) -> None:
    found = results(
        tmp_path,
        ours=[sample(seconds=1, cpu=2, pages=8)],
        wget=[sample(seconds=1, cpu=2, pages=10)],
    )
    ours, wget = found.rows([contender("Trawl"), contender(contenders.REFERENCE)])
    assert (ours.pages, ours.missing, wget.missing) == (8, 2, 0)


def test_crawlers_are_chosen_by_a_part_of_their_name(tmp_path: Path) -> None:
    found = contenders.chosen(["trawl"], beside=[tmp_path])
    assert [known.name for known in found] == ["Trawl", f"Trawl in {tmp_path}"]
    with pytest.raises(SystemExit, match="choose among Trawl, wget -r, Scrapy"):
        contenders.chosen(["nobody"])


def test_another_checkout_runs_with_its_own_python_where_it_has_one(tmp_path: Path) -> None:
    def pythons() -> list[str]:
        found = contenders.chosen(["trawl"], beside=[tmp_path])
        return [known.command("http://a.test/", tmp_path)[0] for known in found]

    assert pythons() == [sys.executable, sys.executable]
    own = tmp_path / ".venv" / "bin" / "python"
    own.parent.mkdir(parents=True)
    own.touch()
    assert pythons() == [sys.executable, str(own)]


def test_nginx_is_found_where_only_administrators_have_it_in_their_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    everywhere = site.nginx_of()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert site.nginx_of() == (everywhere if everywhere and "/sbin/" in everywhere else None)


def test_the_log_says_what_was_asked_and_how_it_was_answered(tmp_path: Path) -> None:
    place = places.single(tmp_path / "site")
    log = tmp_path / "access.log"
    with site.serving(place.folder, log, core=None) as (origin, _server):
        for path in ("/index.html", "/robots.txt", "/missing.html"):
            try:
                urlopen(f"{origin}{path}").close()
            except HTTPError as error:
                error.close()
    asked = site.asked(log)
    assert [(each.path, each.status, each.is_page) for each in asked] == [
        ("/index.html", 200, True),
        ("/robots.txt", 200, False),
        ("/missing.html", 404, False),
    ]
