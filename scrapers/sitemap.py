"""Sitemaps and feeds: the URLs that a site itself lists, read in bounded steps."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from lxml import etree

from scrapers import encoding
from scrapers.page import Problem, markup
from scrapers.page.references import joined

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.etree import _Element as Element

MAX_URLS = 50_000
MAX_BYTES = 50 * 1024 * 1024
_MAX_URL_CHARACTERS = 2_048
_STEP = 64 * 1024
_GZIP = b"\x1f\x8b"
# The elements that hold one listed URL each, by local name: sites get the namespaces wrong.
_RECORDS = frozenset({"url", "sitemap", "item", "entry"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One listed page; `lastmod` as written there, a hint and nothing more."""

    url: str
    lastmod: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitemap:
    """What one sitemap lists, each URL once: pages, further sitemaps, and what was wrong."""

    entries: tuple[Entry, ...] = ()
    sitemaps: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(slots=True, kw_only=True)
class _Reading:
    """The sitemap found so far; never more than `MAX_URLS` URLs."""

    base: str
    entries: dict[str, Entry] = field(default_factory=dict)
    sitemaps: dict[str, None] = field(default_factory=dict)
    problems: dict[str, Problem] = field(default_factory=dict)
    bad_urls: int = 0

    @property
    def is_full(self) -> bool:
        return len(self.entries) + len(self.sitemaps) >= MAX_URLS

    def add(self, reference: str, *, lastmod: str | None = None, nested: bool = False) -> None:
        url = _absolute(self.base, reference.strip())
        if url is None:
            self.bad_urls += 1
        elif self.is_full:
            self.report("too_many_urls", f"only the first {MAX_URLS:,} URLs are taken")
        elif nested:
            self.sitemaps.setdefault(url)
        else:
            self.entries.setdefault(url, Entry(url=url, lastmod=lastmod))

    def report(self, code: str, message: str) -> None:
        self.problems.setdefault(code, Problem(code=code, message=message))

    def result(self) -> Sitemap:
        if self.bad_urls:
            self.report("bad_url", f"{self.bad_urls} entries are not http(s) URLs")
        return Sitemap(
            entries=tuple(self.entries.values()),
            sitemaps=tuple(self.sitemaps),
            problems=tuple(self.problems.values()),
        )


def read(body: bytes, *, url: str) -> Sitemap:
    """Return what the sitemap `body`, fetched from `url`, lists.

    Understood (sitemaps.org): XML `urlset` and `sitemapindex`, text with one URL a line, RSS and
    Atom, each also gzipped (known by its first bytes). At most `MAX_BYTES` are inflated and
    `MAX_URLS` taken; XML with a DOCTYPE is refused. Nothing is raised: a broken file gives what
    stood before the break, and a problem.
    """
    reading = _Reading(base=url)
    data = _inflated(body, reading) if body.startswith(_GZIP) else body
    if len(data) > MAX_BYTES:
        reading.report("too_large", f"only the first {MAX_BYTES // 1024**2} MiB are read")
        data = data[:MAX_BYTES]
    start = data[:1024].lstrip(b"\xef\xbb\xbf\xfe\xff\x00\t\n\r ")
    if start.startswith(b"<"):
        _read_xml(data, reading)
    else:
        _read_text(data, reading)
    return reading.result()


def _inflated(body: bytes, reading: _Reading) -> bytes:
    out = bytearray()
    rest = body
    try:
        while rest.startswith(_GZIP) and len(out) <= MAX_BYTES:
            member = zlib.decompressobj(wbits=31)
            out += member.decompress(rest, MAX_BYTES + 1 - len(out))
            if not member.eof and len(out) <= MAX_BYTES:
                reading.report("malformed", "the gzip data ends too early")
            rest = member.unused_data
    except zlib.error:
        reading.report("malformed", "the gzip data is damaged")
    return bytes(out)


def _read_text(data: bytes, reading: _Reading) -> None:
    text = encoding.decode(data, encoding.choose(data, charset="utf-8"))
    lines = [line for line in map(str.strip, text.splitlines()) if line]
    if any(map(_is_absolute, lines[:100])):
        for line in lines:
            reading.add(line if _is_absolute(line) else "")
    if not reading.entries:
        reading.report("not_a_sitemap", "neither XML nor a list of URLs")


def _read_xml(data: bytes, reading: _Reading) -> None:
    name = encoding.choose(data, xml=True)
    if name != "utf-8" or not _is_utf8(data):
        data = encoding.decode(data, name).encode("utf-8", "replace")
    if markup.has_doctype(data):
        reading.report("doctype_refused", "XML with a DOCTYPE is refused")
        return
    try:
        for element in _records(data, reading):
            _take(element, reading)
            if "too_many_urls" in reading.problems:
                return
    except etree.XMLSyntaxError as error:
        reading.report("malformed", f"not well-formed: {error}")
    if not (reading.entries or reading.sitemaps or reading.bad_urls):
        reading.report("not_a_sitemap", "no element of a sitemap or feed was found")


def _is_absolute(reference: str) -> bool:
    return reference[:8].lower().startswith(("http://", "https://"))


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _records(data: bytes, reading: _Reading) -> Iterator[Element]:
    """Yield each finished record and forget it, so that memory does not grow with the file."""
    puller = markup.xml_puller()
    for start in range(0, len(data), _STEP):
        puller.feed(data[start : start + _STEP])
        yield from _finished(puller)
    try:
        puller.close()
    finally:
        # The parser holds back what it was fed last until it is closed.
        yield from _finished(puller)
    for error in puller.feed_error_log:
        reading.report("malformed", f"line {error.line}: {error.message}")


def _finished(puller: etree.XMLPullParser) -> Iterator[Element]:
    for _, found in puller.read_events():
        element = cast("Element", found)
        if _local(element) in _RECORDS:
            yield element
            _forget(element)


def _forget(element: Element) -> None:
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def _take(element: Element, reading: _Reading) -> None:
    kind = _local(element)
    values = {_local(child): child for child in reversed(element)}
    match kind:
        case "url" | "sitemap":
            location, changed = _text(values.get("loc")), _text(values.get("lastmod"))
        case "item":
            location, changed = _text(values.get("link")), _text(values.get("pubDate"))
        case _:
            location, changed = _atom_link(element), _text(values.get("updated"))
    if location:
        reading.add(location, lastmod=changed, nested=kind == "sitemap")


def _atom_link(entry: Element) -> str | None:
    for child in entry:
        is_link = _local(child) == "link"
        if is_link and child.get("rel", "alternate") == "alternate" and child.get("href"):
            return child.get("href")
    return None


def _local(element: Element) -> str:
    return markup.tag(element).rpartition("}")[2]


def _text(element: Element | None) -> str | None:
    text = (element.text or "").strip() if element is not None else ""
    return text[: _MAX_URL_CHARACTERS + 1] or None


def _absolute(base: str, reference: str) -> str | None:
    if not reference or len(reference) > _MAX_URL_CHARACTERS:
        return None
    url = joined(base, reference)
    return url.partition("#")[0] if url is not None else None
