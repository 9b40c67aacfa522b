"""The process in which pages are read that take too much memory: prints what each gave, and what it took.

Its arguments are how many MiB a page may take, and the names of pages.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawler.engine.reading import TimedReader, read_or_problem
from crawler.http import Fetched, Headers
from scrapers import reader as scraping
from scrapers import registry
from scrapers.page import Page
from scrapers.reader import Reading
from tests.fakes.rules import some_rules

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD = "<title>T</title><a href=/first>x</a>"
SIZE = 20 * 2**20

NONE = {"name": "none"}
AUTO = {"name": "auto"}
BY_XPATH = {"name": "fields", "row": "xpath://body", "fields": {"title": "xpath://title"}}


def _filled(unit: str) -> str:
    return HEAD + unit * ((SIZE - len(HEAD)) // len(unit))


def _reopened() -> str:
    """Return a page of 50 kB each of whose paragraphs reopens 3,000 elements that were never closed."""
    return HEAD + "<p>" + "".join(f"<b a={number}>" for number in range(3_000)) + "</p><p>x" * 3_000


def _nested_values() -> str:
    """Return a page with JSON of which each nine bytes become more than 300."""
    values = '{"a":{}},' * 500_000
    return f"{HEAD}<script type=application/ld+json>[{values}0]</script>"


def _table() -> str:
    row = '<tr><td>{0}<td class=n>name {0}</td><td><a href="/item/{0}">x</a></td><td>12.50</td></tr>\n'
    return HEAD + "<table>" + "".join(row.format(number) for number in range(100_000))


PAGES: dict[str, tuple[Callable[[], str], dict[str, Any]]] = {
    "tags": (lambda: _filled("<p>"), NONE),
    "attributes": (lambda: _filled("<p a b c d e f g h i j>"), NONE),
    "reopened": (_reopened, NONE),
    "xpath": (lambda: _filled("<i></i>"), BY_XPATH),
    "table": (_table, NONE),
    "json": (_nested_values, AUTO),
}


def _peak() -> int:
    """Return the most MiB that this program has had until now; ru_maxrss has what started it in it, too."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) // 1024


def _said_of(name: str, *, limit: int) -> dict[str, Any]:
    made, settings = PAGES[name]
    body = made().encode()
    page = Fetched(
        url="http://a.test/", status=200, headers=Headers(), body=body, wire_bytes=0, elapsed_seconds=0
    )
    scraper = registry.compile(**settings)

    def read(fetched: Fetched) -> Reading:
        headers = {"content-type": "text/html"}
        return scraping.read(Page(url=fetched.url, body=fetched.body, headers=headers), scraper)

    before = _peak()
    with TimedReader(limit_seconds=300, memory_bytes=limit * 2**20) as reader:
        reading = read_or_problem(reader, some_rules(1, read=read), page, request=1)
    if not isinstance(reading, Reading):
        return {"failed": reading.code}
    return {
        "grown": _peak() - before,
        "title": reading.facts.title,
        "links": len(reading.links),
        "truncated": reading.facts.parse_truncated,
        "codes": [problem.code for problem in reading.problems],
        "message": reading.problems[0].message if reading.problems else "",
    }


if __name__ == "__main__":
    said = {asked: _said_of(asked, limit=int(sys.argv[1])) for asked in sys.argv[2:]}
    print(json.dumps(said))  # noqa: T201
