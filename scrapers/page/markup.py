"""The one place where lxml parsers are made: nothing is fetched, no entity is expanded."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol, cast

from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lxml.etree import _Element as Element

_DEPTH_LIMIT = "ERR_RESOURCE_LIMIT"
_NO_MEMORY = "ERR_NO_MEMORY"
_PROLOG = re.compile(rb"\s+|<\?.*?\?>|<!--.*?-->", re.DOTALL)
_ELEMENT = re.compile(rb"<[^!?]")
_DOCTYPE = re.compile(rb"<!DOCTYPE", re.IGNORECASE)


class DoctypeRefused(ValueError):
    """XML with a DOCTYPE: entities, and with them bombs and file access, begin there."""


def has_doctype(data: bytes) -> bool:
    """Whether XML in UTF-8 declares a DOCTYPE, which may only stand before its first element."""
    return _DOCTYPE.match(data, _end_of_prolog(data)) is not None


def begins_soon(data: bytes) -> bool:
    """Whether the first element begins within `data`, the beginning of XML in UTF-8."""
    return _ELEMENT.match(data, _end_of_prolog(data)) is not None


def _end_of_prolog(data: bytes) -> int:
    position = len(b"\xef\xbb\xbf") if data.startswith(b"\xef\xbb\xbf") else 0
    while (found := _PROLOG.match(data, position)) is not None:
        position = found.end()
    return position


def refuse_doctype(text: str) -> None:
    """Raise DoctypeRefused for XML that has one."""
    if has_doctype(text.encode("utf-8", "replace")):
        raise DoctypeRefused("XML with a DOCTYPE is refused")


class TagTarget(Protocol):
    """Is told of what a stream of XML has, in its order; elements have their namespace in braces."""

    def start(self, tag: str, attributes: Mapping[str, str]) -> None: ...

    def end(self, _tag: str) -> None: ...

    def data(self, text: str) -> None: ...

    def close(self) -> None: ...


def xml_stream(target: TagTarget) -> etree.XMLParser:
    """Return a forgiving parser to be fed UTF-8 without a DOCTYPE in pieces; it makes no tree."""
    return etree.XMLParser(
        target=cast("etree.ParserTarget", target),
        recover=True,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        encoding="utf-8",
    )


def xml_tree(text: str) -> Element:
    """Return the root of an XML document; raises DoctypeRefused."""
    refuse_doctype(text)
    parser = etree.XMLParser(
        recover=True,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=True,
        encoding="utf-8",
    )
    root = _root(text, parser)
    return etree.Element("empty") if root is None else root


def _root(text: str, parser: etree.XMLParser | etree.HTMLParser) -> Element | None:
    """Return the root of `text`, None of an empty one; raises MemoryError."""
    if not text.strip():
        return None
    try:
        return cast("Element | None", etree.fromstring(text.encode("utf-8", "replace"), parser))
    except etree.XMLSyntaxError:
        if any(entry.type_name == _NO_MEMORY for entry in parser.error_log):
            raise MemoryError("the tree of a page is too large") from None
        raise


def tag(element: Element) -> str:
    """Return the tag of `element`, empty for comments and processing instructions."""
    name = cast("object", element.tag)
    return name if isinstance(name, str) else ""


def html_tree(text: str) -> tuple[Element, bool]:
    """Return the root of an HTML document, and whether the parser dropped what lay too deep."""
    parser = etree.HTMLParser(huge_tree=True, no_network=True, encoding="utf-8")
    root = _root(text, parser)
    truncated = any(entry.type_name == _DEPTH_LIMIT for entry in parser.error_log)
    return etree.Element("html") if root is None else root, truncated
