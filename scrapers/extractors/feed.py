"""The `feed` extractor: the entries of RSS, Atom and JSON Feed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from io import BytesIO
from typing import TYPE_CHECKING, Any, ClassVar, Final

from selectolax.lexbor import LexborHTMLParser

from scrapers.extractors import options
from scrapers.extractors.faults import FAULTS
from scrapers.extractors.main_text import cut
from scrapers.links import Link
from scrapers.page import Problem, dates, markup, nesting, structured, tags

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from scrapers.page import JSON, Page

MOST_CHARACTERS: Final = 1_000_000
MOST_ENTRIES: Final = 5_000
MOST_NAMES: Final = 50
LONGEST_TEXT_BYTES: Final = 300_000
_LONGEST_LINE: Final = 1_000
_TYPES: Final = frozenset(
    {"application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml"}
)
_BEFORE_A_STOP: Final = re.compile(r" (?=[.,;:!?)](?: |$))")
_REFERENCE: Final = re.compile(r"&#(?:[xX]([0-9a-fA-F]{1,8})|([0-9]{1,9}));")
_PLAIN: Final = "text/plain"
_ROOT: Final = re.compile(r"<(?:rss|feed|(?:\w+:)?RDF|channel)[\s>]", re.IGNORECASE)
_ROOT_WITHIN: Final = 4_096
_JSON_FEED: Final = "https://jsonfeed.org/version/"
_UTF_8: Final = {"content-type": "application/xml; charset=utf-8"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One item for each entry of a feed, in the feed's order; of an HTML page, links to its feeds."""

    name: ClassVar = "feed"
    libraries: ClassVar = ("feedparser",)
    title: ClassVar = "Feed"
    description: ClassVar = (
        "The entries of RSS, Atom and JSON Feed: title, link, authors, dates, text, enclosures."
    )

    content: bool = options.flag(default=True, what="the whole text of entries, where the feed has it")
    html: bool = options.flag(default=False, what="texts as HTML without scripts, not as plain text")
    follow: bool = options.flag(
        default=True, what="the pages of the entries are crawled, too, as far as the scope goes"
    )

    def parse(self, page: Page) -> Iterator[dict[str, JSON] | Link | Problem]:
        """Yield the entries of a feed with links to their pages; nothing for other content."""
        if page.is_html:
            yield from _announced(page)
            return
        entries: Iterable[dict[str, JSON]] = ()
        if page.is_json:
            entries = self._of_json(page)
        elif _is_feed(page):
            try:
                markup.refuse_doctype(page.text)
            except markup.DoctypeRefused:
                yield Problem(code="not_a_feed", message="the feed has a DOCTYPE, so it is not read")
                return
            if len(page.text) > MOST_CHARACTERS:
                message = f"only the first {MOST_CHARACTERS:,} characters of the feed are read"
                yield Problem(code="page_too_long", message=message)
            entries = self._of_xml(page)
        try:
            for entry in entries:
                yield {key: value for key, value in entry.items() if value}
                if self.follow and isinstance(entry["url"], str):
                    yield Link(url=entry["url"])
        except FAULTS as error:
            message = f"the rest of the feed cannot be read: {type(error).__name__}"
            yield Problem(code="not_a_feed", message=message)

    def _of_xml(self, page: Page) -> Iterator[dict[str, JSON]]:
        # Imported here: it takes 100 ms to load. It is given a stream: a text it would open or fetch.
        import feedparser

        source = _REFERENCE.sub(_sound, page.text[:MOST_CHARACTERS])
        stream = BytesIO(source.encode("utf-8", "replace"))
        read = feedparser.parse(stream, response_headers={**_UTF_8, "content-location": page.url})
        about = dict(read.feed.items())
        for found in read.entries[:MOST_ENTRIES]:
            entry = dict(
                found.items()
            )  # the library's own answers for keys that are not there, and warns of it
            contents = [part for part in entry.get("content") or () if part.get("value")]
            links = [link for link in entry.get("links") or () if link.get("rel") == "enclosure"]
            yield {
                "title": _shown(_detail(entry, "title"))[:_LONGEST_LINE],
                "url": _url(page, entry.get("link")),
                "id": _line(entry.get("id")),
                "authors": _lines(one.get("name") for one in entry.get("authors") or ()),
                "published": _moment(entry, "published", page.language),
                "updated": _moment(entry, "updated", page.language),
                "summary": self._detailed(_detail(entry, "summary")),
                "content": self._detailed(next(iter(contents), {})) if self.content else None,
                "categories": _lines(tag.get("term") for tag in entry.get("tags") or ()),
                "enclosures": _enclosures(page, links, url="href", size="length"),
                "language": _line(about.get("language")),
                "feed": _shown(_detail(about, "title"))[:_LONGEST_LINE],
            }

    def _of_json(self, page: Page) -> Iterator[dict[str, JSON]]:
        """Yield the entries of a JSON Feed (jsonfeed.org, versions 1 and 1.1); nothing of other JSON."""
        try:
            whole = page.json
        except structured.NotJson:
            return
        if not isinstance(whole, dict) or not str(whole.get("version")).startswith(_JSON_FEED):
            return
        for entry in _objects(whole.get("items"))[:MOST_ENTRIES]:
            text, html = entry.get("content_text"), entry.get("content_html")
            authors = _objects(entry.get("authors")) or _objects([entry.get("author")])
            tags = entry.get("tags")
            yield {
                "title": _line(entry.get("title")),
                "url": _url(page, entry.get("url") or entry.get("external_url")),
                "id": _line(entry.get("id")),
                "authors": _lines(one.get("name") for one in authors),
                "published": _date(entry.get("date_published")),
                "updated": _date(entry.get("date_modified")),
                "summary": self._text(entry.get("summary"), is_html=False),
                "content": self._text(html if text is None else text, is_html=text is None)
                if self.content
                else None,
                "categories": _lines(tags if isinstance(tags, list) else ()),
                "enclosures": _enclosures(
                    page, _objects(entry.get("attachments")), url="url", size="size_in_bytes"
                ),
                "image": _url(page, entry.get("image")),
                "language": _line(entry.get("language") or whole.get("language")),
                "feed": _line(whole.get("title")),
            }

    def _detailed(self, detail: Mapping[str, Any]) -> str:
        return self._text(detail.get("value"), is_html=detail.get("type") != _PLAIN)

    def _text(self, said: object, *, is_html: bool) -> str:
        if not isinstance(said, str):
            return ""
        said = cut(said, most_bytes=LONGEST_TEXT_BYTES)
        if self.html:
            return (said if is_html else escape(said, quote=False)).strip()
        return _plain(said) if is_html else said.strip()


def _detail(entry: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return a text with its type, where the library says of which it is."""
    return entry.get(f"{name}_detail") or {"value": entry.get(name)}


def _shown(detail: Mapping[str, Any]) -> str:
    """Return a text as people read it: one that is plain has no tags, whatever looks like one."""
    said = detail.get("value")
    if not isinstance(said, str):
        return ""
    return said.strip() if detail.get("type") == _PLAIN else _plain(said)


def _plain(said: str) -> str:
    """Return a text with tags and entities as people read it, in one line where it has any."""
    if "<" not in said and "&" not in said:
        return said.strip()
    body = LexborHTMLParser(nesting.quick_part(tags.bounded(said))).body
    spaced = " ".join(body.text(separator=" ").split()) if body is not None else ""
    return _BEFORE_A_STOP.sub("", spaced)


def _announced(page: Page) -> Iterator[Link]:
    """Yield links to the feeds that an HTML page names in its head."""
    for node in page.elements.linking:
        attributes = node.attributes
        if node.tag == "link" and "alternate" in (attributes.get("rel") or "").lower().split():
            url = page.absolute(attributes.get("href") or "")
            if url is not None and (attributes.get("type") or "").strip().lower() in _TYPES:
                yield Link(url=url)


def _sound(reference: re.Match[str]) -> str:
    """Return a reference to a character; U+FFFD for one to what is none: feedparser fails at it."""
    code = int(reference.group(1), 16) if reference.group(1) else int(reference.group(2))
    return reference.group() if code < 0xD800 or 0xE000 <= code < 0x110000 else "\ufffd"


def _is_feed(page: Page) -> bool:
    is_text = page.is_xml or page.is_text or not page.content_type
    return page.content_type in _TYPES or (is_text and _ROOT.search(page.text, 0, _ROOT_WITHIN) is not None)


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _line(said: object) -> str:
    return " ".join(str(said)[:_LONGEST_LINE].split()) if isinstance(said, str | int | float) else ""


def _lines(said: Iterable[object]) -> list[JSON]:
    found: list[JSON] = [*filter(None, dict.fromkeys(map(_line, said)))]
    return found[:MOST_NAMES]


def _url(page: Page, said: object) -> str | None:
    return page.join(said) if isinstance(said, str) and said else None


def _date(said: object) -> str | None:
    return dates.iso(said) if isinstance(said, str) else None


def _moment(entry: Mapping[str, Any], name: str, language: str | None) -> str | None:
    parsed = entry.get(f"{name}_parsed") if name in entry else None
    if parsed is not None:
        try:
            year, month, day, hour, minute, second = parsed[:6]
            return datetime(year, month, day, hour, minute, second, tzinfo=UTC).isoformat()
        except ValueError:
            return None
    said = entry.get(name)
    return dates.read(said, language=language) if isinstance(said, str) else None


def _enclosures(page: Page, said: Iterable[Mapping[str, Any]], *, url: str, size: str) -> list[JSON]:
    found: list[JSON] = []
    for one in [*said][:MOST_NAMES]:
        address = _url(page, one.get(url))
        if address is None:
            continue
        length = str(one.get(size) or "")
        about: dict[str, JSON] = {"url": address, "type": _line(one.get("type") or one.get("mime_type"))}
        if length.isascii() and length.isdigit() and len(length) < 16:
            about["size"] = int(length)
        found.append({key: value for key, value in about.items() if value})
    return found
