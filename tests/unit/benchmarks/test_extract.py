"""A small form of `./run bench extract`: every scraper is measured on the shop's pages, and reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import extract
from scrapers import registry

if TYPE_CHECKING:
    import pytest

SHOWN = ("/product/", "/category/", "/journal/")


def test_every_scraper_is_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = extract.shop()
    few = [next(one for one in whole if path in one.url) for path in SHOWN]
    monkeypatch.setattr("sys.argv", ["extract"])
    monkeypatch.setattr("crawler.engine.steady.keep_memory", lambda: None)  # the process is the tests'
    monkeypatch.setattr(extract, "manuals", lambda _most: few[:1])
    monkeypatch.setattr(extract, "shop", lambda: few)

    assert extract.main() == 0

    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines() if line.startswith("| `")]
    general = ["none", *(one.name for one in registry.EXTRACTORS), "fields"]
    assert [row[0].strip("| `") for row in rows] == [*general, *general, "demo_shop"]
    assert all(int(figure.replace(",", "")) >= 0 for row in rows for figure in row[1:4])
    items = {row[0].strip("| `"): int(row[4].strip(" |").replace(",", "")) for row in rows[len(general) :]}
    assert (items["none"], items["demo_shop"], items["markdown"]) == (0, 1, 3)
