"""The process in which hostile pages and selectors are read: it says how far it is, and has little to spend.

It is ended by its own timer when it has used the processor for as long as it may. The timer's signal
keeps its default action, which is the system's to take: it also ends a process that never returns
from a function in C.
"""

from __future__ import annotations

import resource
import signal
import sys
import time
from dataclasses import asdict
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import orjson
from jmespath.exceptions import JMESPathTypeError

from crawler.trials import samples
from scrapers import reader, registry
from scrapers.fields import BadSelector, compile_selector, scopes
from scrapers.links import links
from scrapers.page import Page

if TYPE_CHECKING:
    from scrapers.fields import Selector
    from scrapers.links import Link


MOST_READ: Final = 200
MOST_TOLD: Final = 32 << 20
BESIDE_A_LINK: Final = 200
"""How many characters of links are told, each link counting some more: 2 MB may link to 300 MB of URLs."""


class _Trial:
    """Tries selectors one after the other on every sample."""

    def __init__(self) -> None:
        roots = [
            scopes.of_page(page, needs_lxml=needs_lxml)
            for page in samples.pages()
            for needs_lxml in ((False, True) if page.is_html else (True,))
        ]
        self._roots = [root for root in roots if root is not None]

    def compiled(self, path: str, kind: str, text: str) -> Selector:
        """Return the selector once it has proved itself; raises BadSelector."""
        _say(trying=path)
        selector = compile_selector(kind, text)
        try:
            for root in self._roots:
                if scopes.can_select(root, selector):
                    self._select(root, selector)
        except MemoryError:
            raise BadSelector("takes too much memory on a small page") from None
        except Exception as error:  # noqa: BLE001
            raise BadSelector(f"cannot be used: {error}") from None
        return selector

    def _select(self, root: scopes.Scope, selector: Selector) -> None:
        try:
            for match in islice(root.select(selector), MOST_READ):
                match.read(None, None)
        except JMESPathTypeError:  # the sample has other types than the pages it is meant for
            return


def _problems(settings: dict[str, Any]) -> list[tuple[str, str]]:
    try:
        scraper = registry.compile(**settings, compiler=_Trial().compiled)
    except registry.InvalidScraper as error:
        return list(error.problems)
    _say(trying="")
    for page in samples.pages():
        reader.read(page, scraper)
    return []


def _reading(settings: dict[str, Any], page: dict[str, Any], body: bytes) -> dict[str, Any]:
    return asdict(reader.read(Page(body=body, **page), registry.compile(**settings)))


def _tell_links(pages: list[dict[str, Any]], bodies: bytes) -> None:
    """Say of each page where it links to that none before it did; nothing where that is too much."""
    known: set[str] = set()
    start, room = 0, MOST_TOLD
    for about in pages:
        body = bodies[start : start + about["size"]]
        start += about["size"]
        found = [link.url for link in _links(Page(url=about["url"], headers=about["headers"], body=body))]
        new = [url for url in found if url not in known]
        size = sum(map(len, new)) + BESIDE_A_LINK * len(new)
        if size > room:
            new, size = [], 0
        room -= size
        _say(links=new)
        known.update(new)


def _links(page: Page) -> tuple[Link, ...]:
    try:
        return links(page)
    except MemoryError:
        return ()


def _say(**what: object) -> None:
    sys.stdout.buffer.write(orjson.dumps({**what, "used": time.process_time()}) + b"\n")
    sys.stdout.buffer.flush()


def _confine(*, cpu_seconds: float, memory_bytes: int) -> None:
    """Let this process use the processor for `cpu_seconds` more, and memory to `memory_bytes`."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, cpu_seconds)


def main() -> None:
    asked = orjson.loads(sys.stdin.buffer.readline())
    body = sys.stdin.buffer.read()
    _confine(cpu_seconds=asked["cpu_seconds"], memory_bytes=asked["memory_bytes"])
    if "pages" in asked:
        _tell_links(asked["pages"], body)
    elif "page" not in asked:
        _say(problems=_problems(asked["settings"]))
    else:
        try:
            _say(reading=_reading(asked["settings"], asked["page"], body))
        except MemoryError:
            _say(too_large=True)


if __name__ == "__main__":
    main()
