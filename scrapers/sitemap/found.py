"""What was found in one sitemap: the bounds, what was taken since the last piece, what was wrong."""

from __future__ import annotations

from dataclasses import dataclass

from scrapers.page import Problem
from scrapers.page.references import joined

MAX_URLS = 50_000
MAX_URL_CHARACTERS = 2_048


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One listed URL; `lastmod` as written there, a hint and nothing more."""

    url: str
    lastmod: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of what a sitemap lists: pages, further sitemaps, and at the end what was wrong."""

    entries: tuple[Entry, ...] = ()
    sitemaps: tuple[Entry, ...] = ()
    problems: tuple[Problem, ...] = ()


class Found:
    """Takes URLs in, each once and never more than `MAX_URLS`, and gives them away piece by piece."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._seen: set[str] = set()
        self._entries: list[Entry] = []
        self._sitemaps: list[Entry] = []
        self._problems: dict[str, Problem] = {}
        self._bad_urls = 0
        self.is_known = False
        self.is_over = False

    def add(self, reference: str, *, lastmod: str | None = None, nested: bool = False) -> None:
        """Take what is listed as a page or, `nested`, as a further sitemap."""
        self.is_known = True
        url = self._absolute(reference.strip())
        if url is None:
            self._bad_urls += 1
        elif url not in self._seen:
            if len(self._seen) >= MAX_URLS:
                self.stop("sitemap_too_many_urls", f"only the first {MAX_URLS:,} URLs are taken")
                return
            self._seen.add(url)
            (self._sitemaps if nested else self._entries).append(Entry(url=url, lastmod=lastmod))

    def report(self, code: str, message: str) -> None:
        """Say what is wrong, of each code the first."""
        self._problems.setdefault(code, Problem(code=code, message=message))

    def stop(self, code: str, message: str) -> None:
        """Say why nothing more is read."""
        self.report(code, message)
        self.is_over = True

    def piece(self) -> Piece:
        """Return what was taken since the last piece."""
        piece = Piece(entries=tuple(self._entries), sitemaps=tuple(self._sitemaps))
        self._entries, self._sitemaps = [], []
        return piece

    def end(self) -> Piece:
        """Return the last piece, with all that was wrong."""
        if self._bad_urls:
            self.report("sitemap_bad_urls", f"{self._bad_urls:,} entries are not http(s) URLs")
        if not self.is_known and not self._problems:
            self.report("not_a_sitemap", "neither a sitemap, nor a feed, nor a list of URLs")
        last = self.piece()
        return Piece(entries=last.entries, sitemaps=last.sitemaps, problems=tuple(self._problems.values()))

    def _absolute(self, reference: str) -> str | None:
        if not reference or len(reference) > MAX_URL_CHARACTERS:
            return None
        url = joined(self._base, reference)
        return url.partition("#")[0] if url is not None else None
