"""What each stage of a page costs by itself, and what fetching, parsing and storing alone would reach.

    ./run bench stages [--pages N] [--site NAME]

Everything is done with the same pages in this process, on one core, in CPU time; no stage waits for another.
The crawl itself pays more for the same work, as caches are shared with everything else that goes on.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sqlite3
import sys
import tempfile
import time
from contextlib import aclosing, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import uvloop
import zstandard
from selectolax.lexbor import LexborHTMLParser

from benchmarks import site
from benchmarks.bare import BareClient
from benchmarks.crawls import places
from crawler.engine import records, steady
from crawler.engine.work import Claim, RunRules
from crawler.fetch.guard import EgressGuard
from crawler.fetch.http import HttpFetcher
from crawler.frontier.politeness import Pace
from crawler.frontier.scope import compile_scope
from crawler.http import Fetched, Headers, Request
from crawler.policy.addresses import AddressPolicy, parse_allow
from scrapers import reader, registry
from scrapers.links import links
from scrapers.page import Page

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from scrapers.reader import Reading

    Get = Callable[[str], Awaitable[object]]

ROUNDS = 3
AT_ONCE = 8
ORIGIN = "http://127.0.0.1:8000"
TYPED = {"content-type": "text/html; charset=utf-8"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """One page of the site: where it lies and what it says."""

    path: str
    body: bytes

    @property
    def url(self) -> str:
        return f"{ORIGIN}{self.path}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="./run bench stages", description=__doc__.partition("\n")[0])
    parser.add_argument("--pages", type=int, default=1_000, help="pages (default: %(default)s)")
    parser.add_argument("--site", choices=("documentation", "generated"), default="generated")
    asked = parser.parse_args()
    steady.keep_memory()
    folder = Path(tempfile.mkdtemp(prefix="trawl-bench-"))
    folder.chmod(0o755)
    try:
        place = _place(asked.site, folder, pages=asked.pages)
        taken = _taken(place, most=asked.pages)
        print(f"{len(taken):,} pages of {sum(len(page.body) for page in taken) // len(taken):,} bytes\n")
        print("| stage | CPU µs/page |\n|---|---|")
        with steady.collecting_seldom():
            for name, cost in (*_reading(taken), *_fetching(place, taken, folder), _storing(taken, folder)):
                print(f"| {name} | {cost:,.0f} |", flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def _place(name: str, folder: Path, *, pages: int) -> places.Place:
    if name == "documentation":
        return places.documentation(folder / name)
    return places.generated(folder / name, pages=pages)


def _taken(place: places.Place, *, most: int) -> list[Taken]:
    found = []
    for folder, _folders, names in os.walk(place.folder, followlinks=True):
        for name in names:
            if name.endswith(".html"):
                file = Path(folder) / name
                path = f"/{file.relative_to(place.folder).as_posix()}"
                found.append(Taken(path=path, body=file.read_bytes()))
    found.sort(key=lambda page: page.path)
    count = min(most, len(found))
    return [found[place * len(found) // count] for place in range(count)]


def _cost(work: Callable[[Any], object], things: Iterable[Any]) -> float:
    """Return the CPU microseconds of `work` for each thing; the least of a few rounds."""
    best, things = float("inf"), list(things)
    for _ in range(ROUNDS):
        began = time.thread_time()
        for thing in things:
            work(thing)
        best = min(best, time.thread_time() - began)
    return 1e6 * best / len(things)


def _reading(taken: list[Taken]) -> Iterable[tuple[str, float]]:
    """Yield what reading costs, as a whole and by its parts."""
    yield "parsing alone (selectolax)", _cost(LexborHTMLParser, [page.body.decode() for page in taken])
    auto, nothing = (registry.compile(name=name, options={}, row="", fields={}) for name in ("auto", "none"))
    pages = [_parsed(page) for page in taken]
    yield "links as absolute URLs, from the tree", _cost(links, pages)
    yield "reading with links and facts", _cost(lambda page: reader.read(_page(page), nothing), taken)
    yield "reading with `auto` as well", _cost(lambda page: reader.read(_page(page), auto), taken)
    readings = [(_claim(page), reader.read(_page(page), auto)) for page in taken]
    yield "canonical URLs and scope, all links new", _cost(lambda pair: records.links_of(*pair), readings)
    known = {found.url.key for pair in readings for found in records.links_of(*pair)[0]}
    split = partial(_known_links, known=known)
    yield "canonical URLs and scope, all links known", _cost(split, readings)
    yield "item with key and hash", _cost(lambda pair: records.items_of(*pair), readings)
    fetched = [(_fetched(page), reading) for page, (_, reading) in zip(taken, readings, strict=True)]
    yield "page's row and hash", _cost(lambda pair: records.page_of(*pair, unchanged=False), fetched)
    yield "compressing (zstd, level 3)", _cost(zstandard.ZstdCompressor().compress, [p.body for p in taken])


def _known_links(pair: tuple[Claim, Reading], *, known: set[bytes]) -> object:
    return records.links_of(*pair, known=known)


def _page(page: Taken) -> Page:
    return Page(url=page.url, body=page.body, headers=TYPED)


def _parsed(page: Taken) -> Page:
    """Return a page of which all is there that its links are taken from."""
    made = _page(page)
    _ready = made.elements, made.robots, made.base_url
    return made


def _claim(page: Taken) -> Claim:
    start = f"{ORIGIN}/index.html"
    scope = compile_scope(kind="host", starts=[start], include=(), exclude=(), max_depth=None)
    rules = RunRules(run=1, target=1, scope=scope, pace=Pace(), read=_nothing, starts=frozenset([start]))
    return Claim(id=1, rules=rules, host=1, backlog=1, epoch=1, url=page.url, key=b"", depth=3, priority=5)


def _nothing(_page: Fetched) -> Reading:
    raise NotImplementedError


def _fetched(page: Taken) -> Fetched:
    size = len(page.body)
    headers = Headers(TYPED.items())
    return Fetched(
        url=page.url, status=200, headers=headers, body=page.body, wire_bytes=size, elapsed_seconds=0.01
    )


def _fetching(place: places.Place, taken: list[Taken], folder: Path) -> list[tuple[str, float]]:
    with site.serving(place.folder, folder / "access.log", core=1 if (os.cpu_count() or 1) > 1 else None) as (
        origin,
        _server,
    ):
        return uvloop.run(_clients([f"{origin}{page.path}" for page in taken]))


async def _clients(urls: list[str]) -> list[tuple[str, float]]:
    guard = EgressGuard(AddressPolicy(allow=parse_allow("127.0.0.0/8")))
    async with (
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False) as session,
        HttpFetcher(guard) as fetcher,
        aclosing(BareClient()) as bare,
    ):

        async def session_get(url: str) -> None:
            async with session.get(url, allow_redirects=False) as response:
                await response.read()

        async def guarded(url: str) -> None:
            await fetcher.fetch(Request(url=url))

        clients: dict[str, Get] = {
            "fetching alone (aiohttp)": session_get,
            "fetching alone (httptools)": bare.get,
            "fetching behind guard and bounds": guarded,
        }
        return [(name, min([await _all(urls, get) for _ in range(ROUNDS)])) for name, get in clients.items()]


async def _all(urls: list[str], get: Get) -> float:
    waiting = iter(urls)

    async def some() -> None:
        for url in waiting:
            await get(url)

    began = time.thread_time()
    await asyncio.gather(*(some() for _ in range(AT_ONCE)))
    return 1e6 * (time.thread_time() - began) / len(urls)


def _storing(taken: list[Taken], folder: Path) -> tuple[str, float]:
    """Return what it takes to insert a request, a page, its body and an item, 200 in a transaction."""
    compress = zstandard.ZstdCompressor().compress
    rows = [(page.url, compress(page.body)) for page in taken]
    with closing(sqlite3.connect(folder / "alone.sqlite3", isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=NORMAL")
        for table in ("request", "page", "body", "item"):
            database.execute(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, key TEXT UNIQUE, data BLOB)")
        began = time.thread_time()
        for start in range(0, len(rows), 200):
            database.execute("BEGIN IMMEDIATE")
            for table in ("request", "page", "body", "item"):
                some = [(url, data if table == "body" else url) for url, data in rows[start : start + 200]]
                database.executemany(f"INSERT INTO {table} (key, data) VALUES (?, ?)", some)
            database.execute("COMMIT")
        cost = 1e6 * (time.thread_time() - began) / len(rows)
    return "inserting alone (four rows, SQLite)", cost


if __name__ == "__main__":
    sys.exit(main())
