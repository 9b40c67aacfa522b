"""Sitemaps and feeds as XML: read as a stream of tags, without a tree."""

from __future__ import annotations

from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING

from lxml import etree

from scrapers.page import markup
from scrapers.sitemap.found import MAX_URL_CHARACTERS
from scrapers.sitemap.stream import HEAD_CHARACTERS, STEP

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from scrapers.sitemap.found import Found

# The elements that hold one listed URL each, by local name: sites get the namespaces wrong.
_LOCATIONS = {"url": "loc", "sitemap": "loc", "item": "link", "entry": "link"}
_TIMES = {"url": "lastmod", "sitemap": "lastmod", "item": "pubDate", "entry": "updated"}
_VALUES = frozenset(_LOCATIONS.values()) | frozenset(_TIMES.values())
_ROOTS = frozenset({"urlset", "sitemapindex", "rss", "RDF", "feed"})
_LONGEST_TAG = 1024 * 1024


def read(head: str, rest: Iterator[str], found: Found) -> Iterator[None]:
    """Take the records of a document that begins with `head`; a step for each 64 KiB."""
    octets = head.encode("utf-8", "replace")
    if markup.has_doctype(octets):
        found.stop("sitemap_doctype", "XML with a DOCTYPE is refused")
        return
    if len(head) >= HEAD_CHARACTERS and not markup.begins_soon(octets):
        found.stop("not_a_sitemap", "no element begins within the first MiB")
        return
    try:
        yield from _fed(chain(_cut(head), rest), found)
    except etree.XMLSyntaxError as error:
        found.report("sitemap_malformed", f"not well-formed: {error}")


def _cut(head: str) -> Iterator[str]:
    for start in range(0, len(head), STEP):
        yield head[start : start + STEP]


def _fed(parts: Iterator[str], found: Found) -> Iterator[None]:
    parser = markup.xml_stream(_Records(found))
    unclosed = 0
    for part in parts:
        unclosed = 0 if ">" in part else unclosed + len(part)
        if unclosed > _LONGEST_TAG:
            found.stop("sitemap_malformed", "nothing closes within a MiB")
            return
        parser.feed(part.encode("utf-8", "replace"))
        if found.is_over:
            return
        yield
    parser.close()  # what it was fed last is held back until then
    for error in parser.feed_error_log:
        if error.level >= etree.ErrorLevels.ERROR:
            found.report("sitemap_malformed", f"line {error.line}: {error.message}")


class _Records:
    """Is told of tags and text; collects the values of one record and hands them over at its end.

    `_open` are the local names of the elements it is inside of, and `_text` is what stands in the
    one whose value is collected.
    """

    def __init__(self, found: Found) -> None:
        self._found = found
        self._open: list[str] = [""]
        self._values: dict[str, str] = {}
        self._text: list[str] | None = None

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        name, parent = _local(tag), self._open[-1]
        self._open.append(name)
        if name in _VALUES and parent in _LOCATIONS and name not in self._values:
            self._text = []
            if parent == "entry" and name == "link":
                self._keep(name, _atom_link(attributes))
        elif name in _LOCATIONS:
            self._values = {}
        elif name in _ROOTS:
            self._found.is_known = True

    def data(self, text: str) -> None:
        if self._text is not None and len(self._text) < MAX_URL_CHARACTERS:
            self._text.append(text)

    def end(self, _tag: str) -> None:
        name, parent = self._open.pop(), self._open[-1]
        if self._text is not None and parent in _LOCATIONS:
            self._keep(name, "".join(self._text))
            self._text = None
        elif name in _LOCATIONS:
            self._hand_over(name)

    def close(self) -> None:
        """Nothing is left to do: lxml asks for it."""

    def _keep(self, name: str, text: str) -> None:
        if text := text.strip():
            self._values.setdefault(name, text[: MAX_URL_CHARACTERS + 1])

    def _hand_over(self, record: str) -> None:
        location = self._values.get(_LOCATIONS[record])
        if location:
            lastmod = self._values.get(_TIMES[record])
            self._found.add(location, lastmod=lastmod, nested=record == "sitemap")
        self._values = {}


def _atom_link(attributes: Mapping[str, str]) -> str:
    return attributes.get("href", "") if attributes.get("rel", "alternate") == "alternate" else ""


@lru_cache(maxsize=1024)
def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
