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
from base64 import b64encode
from dataclasses import asdict
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import orjson
from jmespath.exceptions import JMESPathTypeError

from crawler.errors import explain
from crawler.trials import samples
from scrapers import folder, reader, registry
from scrapers.fields import BadSelector, compile_selector, scopes
from scrapers.links import Carried, links
from scrapers.page import NotJson, Page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapers.fields import Selector
    from scrapers.links import Link
    from scrapers.reader import Reading
    from scrapers.registry import Resuming, Scraper


MOST_READ: Final = 200
MOST_TOLD: Final = 32 << 20
BESIDE_A_LINK: Final = 200
"""How many characters of links are told, each link counting some more: 2 MB may link to 300 MB of URLs."""
MOST_OF_A_PAGE: Final = 16 << 20
"""How many bytes of JSON the records of a page may be; after as many of all pages no more are read."""
MOST_PROBLEMS: Final = 200


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
        except (JMESPathTypeError, NotJson):  # the sample holds other things than the pages it is meant for
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


def _reading(asked: dict[str, Any], body: bytes) -> dict[str, Any]:
    page, scraper = Page(body=body, **asked["page"]), registry.compile(**asked["settings"])
    resuming = registry.resuming(scraper)
    if "carried" not in asked or resuming is None:
        return asdict(reader.read(page, scraper))
    return asdict(reader.resume(page, resuming, [Carried(**one) for one in asked["carried"]], again=True))


def _suggestions(page: dict[str, Any], body: bytes) -> dict[str, Any]:
    # Imported here: nothing else that is asked of this process needs it.
    from scrapers.suggesting import suggest

    return asdict(suggest(Page(body=body, **page)))


def _looked_behind(asked: dict[str, Any], bodies: bytes) -> dict[str, Any]:
    from scrapers.suggesting import Candidate, SuggestedField, details

    said = asked["suggested"]
    fields = tuple(SuggestedField(**one) for one in said["columns"])
    tuples = {"columns": fields, "samples": tuple(said["samples"]), "key": tuple(said["key"])}
    candidate = Candidate(**{**said, **tuples})
    listed, *pages = _pages(asked["known"], bodies)
    behind = [details.Behind(link=link, page=page) for link, page in zip(asked["links"], pages, strict=True)]
    return asdict(details.complete(listed, candidate, behind))


def _tell_thumbnail(body: bytes) -> None:
    """Say what a small copy of a picture is; None where it is none that can be unpacked."""
    from scrapers.extractors.files import images

    try:
        _say(thumbnail=b64encode(images.thumbnail(body)).decode())
    except (images.NoPicture, MemoryError):
        _say(thumbnail=None)


def _pages(told: list[dict[str, Any]], bodies: bytes) -> Iterator[Page]:
    """Yield the pages that are told of, whose bodies follow each other."""
    start = 0
    for about in told:
        end = start + about["size"]
        yield Page(url=about["url"], headers=about["headers"], body=bodies[start:end])
        start = end


def _tell_links(pages: list[dict[str, Any]], bodies: bytes) -> None:
    """Say of each page where it links to that none before it did; nothing where that is too much."""
    known: set[str] = set()
    room = MOST_TOLD
    for page in _pages(pages, bodies):
        found = [link.url for link in _links(page)]
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


def _mended(asked: dict[str, Any], bodies: bytes) -> dict[str, Any]:
    from scrapers.suggesting import mending  # nothing else that is asked of this process needs it

    pages = _pages(asked["known"], bodies)
    known = [
        mending.Known(page=page, records=about["records"])
        for page, about in zip(pages, asked["known"], strict=True)
    ]
    return asdict(mending.mend(known, **asked["mended"], seconds=asked["cpu_seconds"] / 2))


def _tried(asked: dict[str, Any], bodies: bytes) -> dict[str, Any]:
    from scrapers.suggesting import mending, trying

    pages = zip(_pages(asked["known"], bodies), asked["known"], strict=True)
    trial = trying.count(
        (mending.Known(page=page, records=about["records"]) for page, about in pages),
        row=asked["tried"]["row"],
        fields=asked["tried"]["fields"],
        tried=asked["tried"]["declared"],
        until=asked["cpu_seconds"] / 2,
    )
    return asdict(trial)


class _Replay:
    """Reads stored pages with a scraper, and with that of before where there is one."""

    def __init__(self, asked: dict[str, Any]) -> None:
        self._now = registry.compile(**asked["settings"])
        self._before = _compiled_or_none(asked["before"])
        self._page_cpu_seconds = asked["page_cpu_seconds"]

    def tell(self, pages: list[dict[str, Any]], bodies: bytes, *, most_cpu_seconds: float) -> None:
        """Say of each page what its records are, until time or room for all of them is used."""
        said_bytes, began = 0, time.process_time()
        for page in _pages(pages, bodies):
            signal.setitimer(signal.ITIMER_PROF, self._page_cpu_seconds)
            said_bytes += self._tell_one(page)
            if time.process_time() - began >= most_cpu_seconds or said_bytes >= MOST_OF_A_PAGE:
                return

    def _tell_one(self, page: Page) -> int:
        """Say what the records of a page are; return how many bytes they are."""
        try:
            said = self._read(page)
            size = len(orjson.dumps(said))
        except MemoryError:
            _say(unreadable=("too_much_memory", explain("too_much_memory")))
            return 0
        if size > MOST_OF_A_PAGE:
            _say(unreadable=("item_too_large", "the records of this page are too large to compare"))
            return 0
        _say(**said)
        return size

    def _read(self, page: Page) -> dict[str, Any]:
        reading = reader.read(page, self._now)
        before = reader.read(page, self._before) if self._before else None
        return {
            "items": [item.data for item in reading.items],
            "before": [item.data for item in before.items] if before else None,
            "problems": _problems_said(reading),
            "follows": _going_on(reading, self._now),
            "followed_before": _going_on(before, self._before) if before and self._before else [],
        }


def _problems_said(reading: Reading) -> list[dict[str, Any]]:
    return [asdict(problem) | {"detail": ""} for problem in reading.problems[:MOST_PROBLEMS]]


def _going_on(reading: Reading, scraper: Scraper) -> list[dict[str, Any]]:
    """Return the records that go on to other pages; none where the scraper could not complete them there."""
    return [asdict(record) for record in reading.follows] if registry.resuming(scraper) else []


class _Completing:
    """Reads stored pages for records that were carried to them, each page once for all of its records."""

    def __init__(self, asked: dict[str, Any], scraper: Resuming) -> None:
        self._scraper = scraper
        self._page_cpu_seconds = asked["page_cpu_seconds"]
        self._most_cpu_seconds = asked["most_cpu_seconds"]

    def tell(self, pages: list[dict[str, Any]], bodies: bytes) -> None:
        """Say of each record what came of it, until time or room for all of them is used."""
        said_bytes, began = 0, time.process_time()
        for page, about in zip(_pages(pages, bodies), pages, strict=True):
            for record in about["carried"]:
                signal.setitimer(signal.ITIMER_PROF, self._page_cpu_seconds)
                said_bytes += self._tell_one(page, Carried(**record))
                if time.process_time() - began >= self._most_cpu_seconds or said_bytes >= MOST_OF_A_PAGE:
                    return

    def _tell_one(self, page: Page, record: Carried) -> int:
        """Say what came of a record; return how many bytes that is."""
        try:
            reading = reader.resume(page, self._scraper, [record], again=True)
            said = {
                "items": [item.data for item in reading.completed[0]],
                "problems": _problems_said(reading),
                "follows": [asdict(one) for one in reading.follows],
            }
            size = len(orjson.dumps(said))
        except MemoryError:
            _say(unreadable=("too_much_memory", explain("too_much_memory")))
            return 0
        if size > MOST_OF_A_PAGE:
            _say(unreadable=("item_too_large", "what this page makes of it is too large to compare"))
            return 0
        _say(**said, size=size)
        return size


def _compiled_or_none(settings: dict[str, Any] | None) -> Scraper | None:
    try:
        return registry.compile(**settings) if settings is not None else None
    except registry.InvalidScraper:
        return None


def _replay(asked: dict[str, Any], bodies: bytes) -> None:
    try:
        replay = _Replay(asked)
    except registry.InvalidScraper as error:
        _say(invalid=error.problems)
        return
    _say(began=True)
    replay.tell(asked["replayed"], bodies, most_cpu_seconds=asked["most_cpu_seconds"])


def _complete(asked: dict[str, Any], bodies: bytes) -> None:
    try:
        scraper = registry.resuming(registry.compile(**asked["settings"]))
    except registry.InvalidScraper as error:
        _say(invalid=error.problems)
        return
    if scraper is None:
        _say(invalid=[("scraper", "completes records on no other pages any more")])
        return
    _say(began=True)
    _Completing(asked, scraper).tell(asked["completed"], bodies)


def _tell_fingerprints(pages: list[dict[str, Any]], bodies: bytes, *, soft_cpu_seconds: float) -> None:
    """Say what the fingerprint of each page is, until the time for them is used."""
    from scrapers.comparing import lines_of
    from scrapers.comparing.simhash import fingerprint

    began = time.process_time()
    _say(began=True)
    for page in _pages(pages, bodies):
        try:
            found = fingerprint(lines_of(page)) if page.is_text else None
        except MemoryError:
            found = None
        _say(fingerprint=list(found) if found else None)
        if time.process_time() - began >= soft_cpu_seconds:
            return


def _tell_verdicts(asked: dict[str, Any], bodies: bytes) -> None:
    """Say of which noise alone each change consists, until the time for them is used."""
    from scrapers.comparing import Noise, only_noise

    noise, began = Noise.of(asked["noise"]), time.process_time()
    _say(began=True)
    pages = _pages(asked["judged"], bodies)
    for before, after in zip(pages, pages, strict=True):
        signal.setitimer(signal.ITIMER_PROF, asked["page_cpu_seconds"])
        try:
            found = only_noise(before, after, noise)
        except MemoryError:
            found = None
        _say(only=found)
        if time.process_time() - began >= asked["most_cpu_seconds"]:
            return


def _comparison(pages: list[dict[str, Any]], rules: dict[str, Any], bodies: bytes) -> dict[str, Any]:
    from scrapers.comparing import Noise, compare_pages, folded

    before, after = _pages(pages, bodies)
    return asdict(folded(compare_pages(before, after, Noise.of(rules))))


def _say(**what: object) -> None:
    sys.stdout.buffer.write(orjson.dumps({**what, "used": time.process_time()}) + b"\n")
    sys.stdout.buffer.flush()


def _confine(*, cpu_seconds: float, memory_bytes: int) -> None:
    """Let this process use the processor for `cpu_seconds` more, and memory to `memory_bytes`."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, cpu_seconds)


def _told(asked: dict[str, Any], body: bytes) -> dict[str, object]:
    """Return what is said of one page, or of two that are compared."""
    if "compared" in asked:
        return {"comparison": _comparison(asked["compared"], asked["noise"], body)}
    if "mended" in asked:
        return {"found": _mended(asked, body)}
    if "tried" in asked:
        return {"gives": _tried(asked, body)}
    if "suggested" in asked:
        return {"candidate": _looked_behind(asked, body)}
    if "settings" in asked:
        return {"reading": _reading(asked, body)}
    return {"suggestions": _suggestions(asked["page"], body)}


def main() -> None:
    asked = orjson.loads(sys.stdin.buffer.readline())
    body = sys.stdin.buffer.read()
    if "settings" in asked:
        folder.install(asked["scrapers"])  # the installation's own, and trusted as its other code is
    _confine(cpu_seconds=asked["cpu_seconds"], memory_bytes=asked["memory_bytes"])
    if "replayed" in asked:
        _replay(asked, body)
    elif "completed" in asked:
        _complete(asked, body)
    elif "pages" in asked:
        _tell_links(asked["pages"], body)
    elif "fingerprinted" in asked:
        _tell_fingerprints(asked["fingerprinted"], body, soft_cpu_seconds=asked["soft_cpu_seconds"])
    elif "judged" in asked:
        _tell_verdicts(asked, body)
    elif "thumbnail" in asked:
        _tell_thumbnail(body)
    elif not asked.keys() & {"page", "compared", "mended", "tried", "suggested"}:
        _say(problems=_problems(asked["settings"]))
    else:
        try:
            _say(**_told(asked, body))
        except MemoryError:
            _say(too_large=True)


if __name__ == "__main__":
    main()
