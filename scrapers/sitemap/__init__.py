"""Sitemaps and feeds: the URLs that a site itself lists, read in bounded steps."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from scrapers.sitemap import stream, text, xml
from scrapers.sitemap.found import MAX_URLS, Entry, Found, Piece
from scrapers.sitemap.stream import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MAX_BYTES", "MAX_URLS", "Entry", "Piece", "pieces"]

_BLANK = "\x00\t\n\r "


def pieces(body: bytes, *, url: str) -> Iterator[Piece]:
    """Yield what the sitemap `body`, fetched from `url`, lists, a piece for each 64 KiB of it.

    Understood (sitemaps.org): XML `urlset` and `sitemapindex`, text with one URL a line, RSS and
    Atom, each also gzipped (known by its first bytes). At most `MAX_BYTES` are inflated and
    `MAX_URLS` taken, and no more than a mebibyte of it is held in memory besides `body`; XML with a
    DOCTYPE is refused. Nothing is raised: a broken file gives what stood before the break, and a problem.
    """
    found = Found(url)
    parts = stream.parts(body, found)
    head = stream.head(parts).removeprefix("\ufeff")
    if head.lstrip(_BLANK).startswith("<"):
        steps = xml.read(head, parts, found)
    else:
        steps = text.read(chain((head,), parts), found)
    for _step in steps:
        yield found.piece()
    yield found.end()
