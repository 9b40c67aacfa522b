"""One fetched page and its lazily built views."""

from __future__ import annotations

import re
from functools import cached_property
from io import StringIO
from typing import TYPE_CHECKING, cast

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from scrapers import encoding
from scrapers.page import (
    elements,
    linking,
    markup,
    microdata,
    nesting,
    references,
    robots,
    structured,
    tags,
)
from scrapers.page.embedded import Embedded, Script

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bs4 import BeautifulSoup
    from lxml.etree import _Element as Element

    from scrapers.page.elements import Elements
    from scrapers.page.values import JSON

_HTML = frozenset({"text/html", "application/xhtml+xml"})
_XML = frozenset({"text/xml", "application/xml"})
_JSON = frozenset({"application/json", "text/json", "application/x-json"})
_JSON_LD = "application/ld+json"
_CHARSET = re.compile(r";\s*charset\s*=\s*[\"']?([^\"';,\s]+)", re.IGNORECASE)
_XML_DECLARATION = re.compile(r"\A\s*<\?xml.*?\?>", re.DOTALL)
_MAX_LINE_CHARACTERS = 1_000
_MAX_URL_CHARACTERS = 2_048
# mimesniff.spec.whatwg.org §7.1: what a body without a type begins with when it is HTML.
_HTML_START = re.compile(
    rb"<(?:!doctype html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p|meta"
    rb"|link|!--)[\s/>]|<!--",
    re.IGNORECASE,
)


class Page:
    """One decoded body and the views that scrapers read, each built when first asked for.

    The body never changes and is decoded once; every view is built from the same text. The
    trees are shared by all who read the page, so nobody may change them.
    """

    def __init__(
        self, *, url: str, body: bytes, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        """Take a response as it came; `headers` have lower-case names, what came twice as lines of one."""
        self.url = url
        self.body = body
        self.status = status
        self.headers: Mapping[str, str] = headers or {}

    def __repr__(self) -> str:
        return f"<Page {self.url!r} {self.content_type or 'untyped'} {len(self.body)} bytes>"

    @cached_property
    def content_type(self) -> str:
        """Media type without parameters in lower case; sniffed when the response names none."""
        declared = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        return declared or _sniffed(self.body)

    @property
    def is_html(self) -> bool:
        return self.content_type in _HTML

    @property
    def is_json(self) -> bool:
        return self.content_type in _JSON or self.content_type.endswith("+json")

    @property
    def is_xml(self) -> bool:
        """Whether the body is XML, XHTML included."""
        return self.content_type in _XML or self.content_type.endswith("+xml")

    @property
    def is_text(self) -> bool:
        """Whether the body is text of any kind, and not an image, an archive or a film."""
        return self.is_html or self.is_json or self.is_xml or self.content_type.startswith("text/")

    @cached_property
    def encoding(self) -> str:
        """The standard's name of the body's encoding, such as `utf-8` or `windows-1252`."""
        declared = _CHARSET.search(self.headers.get("content-type", ""))
        charset = declared.group(1) if declared else ""
        if self.is_json:
            return encoding.choose(self.body, charset="utf-8")
        return encoding.choose(self.body, charset=charset, xml=self.is_xml)

    @cached_property
    def text(self) -> str:
        """The whole body, decoded: the source of an HTML page, not what a reader sees of it."""
        return encoding.decode(self.body, self.encoding)

    @cached_property
    def tree(self) -> LexborHTMLParser:
        """The HTML tree of the hot path, built as browsers build it; raises MemoryError.

        Where the page is `nested_too_deep` it has the beginning alone.
        """
        try:
            return LexborHTMLParser(self._quick_part)
        except SelectolaxError as error:  # there is no text that it cannot read
            raise MemoryError(str(error)) from None

    @cached_property
    def parsed_text(self) -> str:
        """The text that trees of HTML are made of, of tags with thousands of attributes the first ones."""
        return tags.bounded(self.text)

    @cached_property
    def _quick_part(self) -> str:
        return nesting.quick_part(self.parsed_text)

    @property
    def nested_too_deep(self) -> bool:
        """Whether so much is left open that the whole tree would take too long to build."""
        return self.is_html and len(self._quick_part) < len(self.parsed_text)

    @cached_property
    def elements(self) -> Elements:
        """What every HTML page is asked for; without any for other content."""
        return elements.walk(self.tree) if self.is_html else elements.Elements()

    @cached_property
    def lxml(self) -> Element:
        """The lxml tree; raises DoctypeRefused for XML (not XHTML) with a DOCTYPE."""
        return self._lxml_and_truncated[0]

    @property
    def parse_truncated(self) -> bool:
        """Whether a tree that was built misses what was nested too deep."""
        built = self.__dict__.get("_lxml_and_truncated")
        return self.nested_too_deep or (built is not None and bool(built[1]))

    @cached_property
    def _lxml_and_truncated(self) -> tuple[Element, bool]:
        if self.is_xml and not self.is_html:
            return markup.xml_tree(self.text), False
        return markup.html_tree(self.parsed_text)

    @cached_property
    def soup(self) -> BeautifulSoup:
        """BeautifulSoup on lxml: comfortable, and 50 times slower than `tree`."""
        from bs4 import BeautifulSoup

        if self.is_xml and not self.is_html:
            markup.refuse_doctype(self.text)
            return BeautifulSoup(StringIO(self.text), "xml")
        # As a stream, and without the XML declaration of XHTML: bs4 would warn of either.
        return BeautifulSoup(StringIO(_XML_DECLARATION.sub("", self.parsed_text, count=1)), "lxml")

    @cached_property
    def json(self) -> JSON:
        """The value of a JSON response; raises NotJson."""
        return structured.parse_json(self.text)

    @cached_property
    def json_ld(self) -> list[dict[str, JSON]]:
        """The JSON-LD objects of the page in order, `@graph` flattened, broken scripts left out."""
        found: list[dict[str, JSON]] = []
        for node in self.elements.hidden:
            if node.tag != "script" or (node.attributes.get("type") or "").lower() != _JSON_LD:
                continue
            try:
                found.extend(structured.json_ld_objects(structured.parse_loose(node.text())))
            except structured.NotJson:
                continue
        return found

    @cached_property
    def embedded(self) -> Embedded:
        """The JSON that the scripts of an HTML page carry; without any for other content."""
        scripts = [node for node in self.elements.hidden if node.tag == "script"]
        kinds = [(node.attributes.get("type") or "").strip().lower() for node in scripts]
        return Embedded(tuple(Script(kind, node.text()) for kind, node in zip(kinds, scripts, strict=True)))

    @cached_property
    def microdata(self) -> list[dict[str, JSON]]:
        """The microdata items of the page in order, in the form of JSON-LD."""
        if not self.is_html or "itemscope" not in self.text:
            return []
        return microdata.items(self.tree, absolute=self.absolute)

    def css(self, selector: str) -> list[LexborNode]:
        """Return the elements that `selector` matches, in document order."""
        return self.tree.css(selector)

    def xpath(self, expression: str) -> list[Element | str]:
        """Return what an XPath 1.0 expression matches, always as a list."""
        found = self.lxml.xpath(expression, smart_strings=False)
        return cast("list[Element | str]", found if isinstance(found, list) else [found])

    @cached_property
    def metas(self) -> tuple[tuple[str, str], ...]:
        """(name or property in lower case, content) of every `<meta>` that has both."""
        found = []
        for node in self.elements.metas:
            attributes = node.attributes
            name = attributes.get("property") or attributes.get("name")
            content = attributes.get("content")
            if name and content:
                found.append((name.strip().lower(), content.strip()))
        return tuple(found)

    @cached_property
    def robots(self) -> robots.Rules:
        """What the page forbids robots, by header and by meta."""
        return robots.rules(header=self.headers.get("x-robots-tag", ""), metas=self.metas)

    @cached_property
    def base_url(self) -> str:
        """What relative URLs are joined to: the first `<base href>`, or the page's own URL."""
        href = next((node.attributes.get("href") for node in self.elements.bases), None)
        joined = self.join(href) if href else None
        return joined or self.url

    @cached_property
    def title(self) -> str | None:
        """The text of the page's `<title>`, None where there is none (an SVG's does not count)."""
        head = self.tree.head if self.is_html else None
        node = head.css_first("title") if head is not None else None
        if node is None and self.is_html:
            node = self.tree.css_first("title:not(svg title)")
        return _tidy(node.text()) if node is not None else None

    @cached_property
    def language(self) -> str | None:
        """The `lang` of the root element, or the `Content-Language` header, such as `de-AT`."""
        root = self.tree.root if self.is_html else None
        declared = root.attributes.get("lang") if root is not None else None
        return _tidy(declared or self.headers.get("content-language", "").partition(",")[0])

    @cached_property
    def canonical(self) -> str | None:
        """The URL that the page says it is to be known by, None where it names none or several.

        By `<link rel="canonical">`, or by the header `Link` (RFC 6596), whose URLs are relative to the
        page's own.
        """
        links = [node.attributes for node in self.elements.linking if node.tag == "link"]
        hrefs = [said.get("href") or "" for said in links if "canonical" in _words(said.get("rel"))]
        named = {self.absolute(href) for href in hrefs if len(href) <= _MAX_URL_CHARACTERS}
        if link := self.headers.get("link"):
            named |= {self.join(href) for href in linking.targets(link, rel="canonical")}
        return named.pop() if len(named) == 1 else None

    def absolute(self, reference: str) -> str | None:
        """Return `reference` as an absolute http(s) URL, None when it is not one."""
        return self.join(reference, base=self.base_url)

    def join(self, reference: str, *, base: str | None = None) -> str | None:
        """Return `reference` joined to `base` (the page's own URL by default) as http(s), or None."""
        return references.joined(base or self.url, reference)


def _words(attribute: str | None) -> list[str]:
    return attribute.lower().split() if attribute else []


def _tidy(text: str) -> str | None:
    return " ".join(text[:_MAX_LINE_CHARACTERS].split()) or None


def _sniffed(body: bytes) -> str:
    start = body[:1024].lstrip(b"\xef\xbb\xbf\t\n\f\r ")
    if _HTML_START.match(start):
        return "text/html"
    if start.startswith(b"<?xml"):
        return "application/xhtml+xml" if b"<html" in start else "application/xml"
    if start.startswith((b"{", b"[")):
        return "application/json"
    return "application/octet-stream" if b"\x00" in start else "text/plain" if start else ""
