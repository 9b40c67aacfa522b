"""What each scraper takes for a page: real documentation, and the demo shop's pages.

    ./run bench extract [--pages N]

CPU time of one process, on one core, beside what reading links and facts of the same page takes anyway, which
is `none`. `fields` reads what `DECLARED` says; `demo_shop` is the shop's scraper in Python, by BeautifulSoup.
The first page of each is not counted: it loads what the others then have.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.crawls import places
from crawler.engine import steady
from demo import catalogue
from demo.server import Shop, answer
from scrapers import reader, registry
from scrapers.page import Page

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scrapers.registry import Scraper

ORIGIN = "http://127.0.0.1:8000"
ROUNDS = 3
EPOCH = 4
HEAD = "| scraper | µs a page, links and facts included | median | most | items |\n|---|---|---|---|---|"
DOCUMENTATION, SHOP = "documentation", "demo shop"
DECLARED: Mapping[str, Mapping[str, Any]] = {
    DOCUMENTATION: {
        "title": {"css": "h1, h2", "required": True},
        "texts": {"css": "p", "many": True},
        "links": {"css": "a", "type": "url", "many": True},
    },
    SHOP: {
        "name": {"css": ".product-name", "required": True},
        "sku": "jmespath:[?sku] | [0].sku",
        "price": {"css": ".price", "type": "price"},
        "description": "css:.description",
        "specs": {"css": ".specs tr", "many": True, "fields": {"name": "css:th", "value": "css:td"}},
    },
}
PAPERS = ("/journal/feed.xml", "/journal/leaflet.pdf", "/journal/keeping-a-knife.png")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One body as it is served."""

    url: str
    body: bytes
    content_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a scraper took for some pages, in µs of CPU for each, and how many items they gave."""

    mean: float
    median: float
    most: float
    items: int


def main() -> int:
    parser = argparse.ArgumentParser(prog="./run bench extract", description=__doc__.partition("\n")[0])
    parser.add_argument("--pages", type=int, default=100, help="of the manuals (default: %(default)s)")
    asked = parser.parse_args()
    steady.keep_memory()
    with steady.collecting_seldom():
        for name, samples in ((DOCUMENTATION, manuals(asked.pages)), (SHOP, shop())):
            size = sum(len(sample.body) for sample in samples) // len(samples)
            print(f"\n{name}: {len(samples)} pages of {size:,} bytes\n\n{HEAD}")
            for scraper in _scrapers(name):
                cost = _cost(scraper, samples)
                figures = f"{cost.mean:,.0f} | {cost.median:,.0f} | {cost.most:,.0f} | {cost.items:,}"
                print(f"| `{scraper.name}` | {figures} |", flush=True)
    return 0


def _scrapers(place: str) -> Iterator[Scraper]:
    for name in ("none", *(extractor.name for extractor in registry.EXTRACTORS)):
        yield registry.compile(name=name)
    yield registry.compile(name="fields", fields=DECLARED[place])
    if place == SHOP:
        yield registry.compile(name="demo_shop")


def manuals(most: int) -> list[Sample]:
    folder = Path(tempfile.mkdtemp(prefix="trawl-bench-"))
    try:
        place = places.documentation(folder / "manuals")
        files = sorted(place.folder.glob("*/**/*.html"))
        chosen = files[:: max(1, len(files) // most)][:most]
        return [
            Sample(
                url=f"{ORIGIN}/{file.relative_to(place.folder).as_posix()}",
                body=file.read_bytes(),
                content_type="text/html; charset=utf-8",
            )
            for file in chosen
        ]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def shop() -> list[Sample]:
    paths = [*sorted(path for path in catalogue.paths() if "?" not in path), *PAPERS]
    given = [(path, answer(Shop(), epoch=EPOCH, base=ORIGIN, path=path)) for path in paths]
    return [
        Sample(url=f"{ORIGIN}{path}", body=said.body, content_type=said.content_type) for path, said in given
    ]


def _cost(scraper: Scraper, samples: Sequence[Sample]) -> Cost:
    _read(samples[0], scraper)
    best = [float("inf")] * len(samples)
    items = 0
    for _ in range(ROUNDS):
        items = 0
        for place, sample in enumerate(samples):
            began = time.thread_time()
            items += _read(sample, scraper)
            best[place] = min(best[place], time.thread_time() - began)
    micros = [1e6 * seconds for seconds in best]
    return Cost(mean=sum(micros) / len(micros), median=median(micros), most=max(micros), items=items)


def _read(sample: Sample, scraper: Scraper) -> int:
    page = Page(url=sample.url, body=sample.body, headers={"content-type": sample.content_type})
    return len(reader.read(page, scraper).items)


if __name__ == "__main__":
    sys.exit(main())
