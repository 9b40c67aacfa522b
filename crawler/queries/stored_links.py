"""Where the stored pages of a run link to, read anew: more than the samples that a run keeps of its links."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from crawler import trials
from crawler.models import Page, Request
from crawler.queries import stored_pages
from crawler.urls import BadUrl, canonical

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crawler.models import Run
    from crawler.trials import StoredPage
    from crawler.urls import Url

MOST_PAGES: Final = 2_000
MOST_BYTES: Final = 32 << 20
CPU_SECONDS: Final = 2.0
WAIT_SECONDS: Final = 8.0
"""What the process that reads the pages may take; a person waits for it."""

KEYS: Final = 500
"""How many keys one statement looks for."""


class Place(NamedTuple):
    """A page that was fetched, and how many links away from a start URL."""

    key: bytes
    depth: int


class Linked(NamedTuple):
    """A link to a URL that the run has no request for."""

    url: Url
    depth: int


def links(run: Run, places: Sequence[Place]) -> tuple[list[Linked], int]:
    """Return the links on pages of `run`, each once, and of how many pages these are.

    The first pages are read, at most 2,000 and 32 MiB, as far as time goes; those without a body that is
    kept have no links. Links to what the run has requests for are left out.
    """
    bodies = _pages(run, places)
    read = [(place, bodies[place.key]) for place in places if place.key in bodies]
    pages = [page for _place, page in read]
    told = _told(pages) if pages else []
    found: dict[bytes, Linked] = {}
    for (place, _page), texts in zip(read, told, strict=False):
        for url in _canonical(texts):
            found.setdefault(url.key, Linked(url, place.depth + 1))
    known = _known(run, list(found))
    return [link for key, link in found.items() if key not in known], len(told)


def _told(pages: Sequence[StoredPage]) -> list[list[str]]:
    """Return what each page links to; of none where no process can be started for it."""
    try:
        return trials.links_of(pages, cpu_seconds=CPU_SECONDS, wait_seconds=WAIT_SECONDS)
    except trials.CannotTry:
        return []


def _pages(run: Run, places: Sequence[Place]) -> dict[bytes, StoredPage]:
    """Return the stored HTML pages among `places` by their keys, as many as are read."""
    rows: dict[bytes, Page] = {}
    size = 0
    for start in range(0, min(len(places), MOST_PAGES), KEYS):
        keys = [place.key for place in places[start : start + KEYS]]
        of_keys = Page.objects.filter(target=run.target_id, key__in=keys, content_type__contains="html")
        found = {bytes(row.key): row for row in of_keys}
        for key in keys:
            if key in found and size + found[key].size <= MOST_BYTES:
                rows[key] = found[key]
                size += found[key].size
    return {bytes(row.key): page for row, page in stored_pages.kept(rows.values()) if page is not None}


def _canonical(texts: list[str]) -> Iterator[Url]:
    for text in texts:
        try:
            yield canonical(text)
        except BadUrl:
            continue


def _known(run: Run, keys: list[bytes]) -> set[bytes]:
    """Return those of `keys` that `run` has requests for."""
    known: set[bytes] = set()
    for start in range(0, len(keys), KEYS):
        rows = Request.objects.filter(run=run, key__in=keys[start : start + KEYS])
        known.update(bytes(key) for key in rows.values_list("key", flat=True))
    return known
