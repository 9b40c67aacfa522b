"""Where a selector looks: an element of either tree, or a value, all asked in the same way."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, cast

import orjson
from lxml import etree

from scrapers.fields.selectors import Css, Embedded, JmesPath, Pattern, Selector, XPath, css_of
from scrapers.fields.types import Kind
from scrapers.page import embedded, markup

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.etree import _Element as Element
    from selectolax.lexbor import LexborNode

    from scrapers.page import JSON, Page

_MAX_SEARCHED_CHARACTERS = 1024 * 1024
_NOT_SHOWN = frozenset({"script", "style", "template", "noscript"})
_BLOCKS = frozenset(
    {
        "address", "article", "aside", "blockquote", "br", "dd", "div", "dl", "dt", "fieldset", "figcaption",
        "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav",
        "ol", "option", "p", "pre", "section", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
    }
)  # fmt: skip


class Scope(Protocol):
    """Something selectors look into and values are read from."""

    def select(self, selector: Selector) -> list[Scope]:
        """Return what matches inside, in order."""

    def read(self, attr: str | None, kind: Kind | None) -> JSON:
        """Return the attribute, or what an element means for `kind`; None where nothing is."""

    def html(self) -> JSON:
        """Return the markup inside an element; what is none, as it is."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value of JSON, or a text that a selector gave."""

    page: Page
    value: JSON

    def select(self, selector: Selector) -> list[Scope]:
        match selector:
            case JmesPath():
                return _json_matches(self.page, selector, self.value)
            case Pattern():
                source = self.value if isinstance(self.value, str) else orjson.dumps(self.value).decode()
                return _pattern_matches(self.page, selector, source)
            case Embedded():
                return _found(self.page, selector, self._embedded(selector))
            case Css(itself=True):
                return [self]
            case Css() | XPath():
                return []

    def read(self, attr: str | None, kind: Kind | None) -> JSON:  # noqa: ARG002
        return self.value

    def html(self) -> JSON:
        return self.value

    def _embedded(self, selector: Embedded) -> JSON:
        """Return the JSON in a text: all of it, or what stands after a lead."""
        match selector.source, self.value:
            case Css(itself=True), str(text):
                return self.page.embedded.parsed(text)
            case str(lead), str(text):
                return next(embedded.values_after(lead, text), None)
            case _:
                return None


@dataclass(frozen=True, slots=True)
class Lexbor:
    """An element of the selectolax tree."""

    page: Page
    node: LexborNode

    def select(self, selector: Selector) -> list[Scope]:
        return _in_element(self, selector)

    def inside(self, selector: Css | XPath) -> list[Scope]:
        match selector:
            case Css():
                return [Lexbor(self.page, node) for node in self.node.css(selector.text)]
            case XPath():
                raise AssertionError("a schema with XPath is evaluated on the lxml tree")

    def read(self, attr: str | None, kind: Kind | None) -> JSON:
        attributes = self.node.attributes
        for name in _meaning(attr, kind, self.node.tag or ""):
            if name in attributes:
                return attributes[name] or ""
        return None if attr else _joined(_lexbor_parts(self.node))

    def html(self) -> JSON:
        return self.node.inner_html or ""

    def whole_text(self) -> str:
        return self.node.text()

    def source(self) -> str:
        is_root = self.node.parent is None or self.node.tag == "html"
        return self.page.text if is_root else self.node.html or ""


@dataclass(frozen=True, slots=True)
class Lxml:
    """An element of the lxml tree."""

    page: Page
    element: Element

    def select(self, selector: Selector) -> list[Scope]:
        return _in_element(self, selector)

    def inside(self, selector: Css | XPath) -> list[Scope]:
        if isinstance(selector, XPath):
            return self._found(selector.find(self.element))
        find = selector.html if self.page.is_html else selector.xml
        return self._found(find(self.element)) if find else []

    def read(self, attr: str | None, kind: Kind | None) -> JSON:
        for name in _meaning(attr, kind, markup.tag(self.element)):
            value = self.element.get(name)
            if value is not None:
                return value
        return None if attr else _joined(_lxml_parts(self.element))

    def html(self) -> JSON:
        method: Literal["html", "xml"] = "html" if self.page.is_html else "xml"
        children = (etree.tostring(child, encoding="unicode", method=method) for child in self.element)
        return html.escape(self.element.text or "", quote=False) + "".join(children)

    def whole_text(self) -> str:
        return "".join(str(part) for part in self.element.itertext())

    def _found(self, result: object) -> list[Scope]:
        matches = result if isinstance(result, list) else [result]
        return [
            Lxml(self.page, match) if etree.iselement(match) else Value(self.page, _plain(match))
            for match in matches
        ]

    def source(self) -> str:
        if self.element.getparent() is None:
            return self.page.text
        return etree.tostring(self.element, encoding="unicode", method="html", with_tail=False)


def of_page(page: Page, *, needs_lxml: bool) -> Scope | None:
    """Return the scope of a whole page; None for what has no text, such as an image."""
    if page.is_json:
        return Value(page, page.json)
    if not page.is_text:
        return None
    if page.is_html and not needs_lxml:
        root = page.tree.root
        return Lexbor(page, root) if root is not None else None
    if page.is_html or page.is_xml:
        return Lxml(page, page.lxml)
    return Value(page, page.text)


def can_select(scope: Scope, selector: Selector) -> bool:
    """Whether `selector` can be asked of `scope`: XPath, and CSS that only cssselect reads, need lxml."""
    if not isinstance(scope, Lexbor):
        return True
    css = css_of(selector)
    return not isinstance(selector, XPath) and (css is None or bool(css.text or css.itself))


def _in_element(scope: Lexbor | Lxml, selector: Selector) -> list[Scope]:
    """Return what matches inside an element of either tree: JMESPath looks into the page's JSON-LD."""
    match selector:
        case Css(itself=True):
            return [scope]
        case Css() | XPath():
            return scope.inside(selector)
        case JmesPath():
            return _json_matches(scope.page, selector, cast("JSON", scope.page.json_ld))
        case Embedded():
            return _found(scope.page, selector, _embedded_in(scope, selector.source))
        case Pattern():
            return _pattern_matches(scope.page, selector, scope.source())


def _embedded_in(scope: Lexbor | Lxml, source: Css | int | str) -> JSON:
    """Return the JSON that an element inside `scope` holds, or a script of the page; raises NotJson."""
    page = scope.page
    if isinstance(source, int):
        return page.embedded.numbered(source)
    if isinstance(source, str):
        return page.embedded.after(source)
    for holder in [scope] if source.itself else scope.inside(source):
        text = holder.read(source.attr, None) if source.attr else cast("Lexbor | Lxml", holder).whole_text()
        if isinstance(text, str) and text.strip():
            return page.embedded.parsed(text)
    return None


def _found(page: Page, selector: Embedded, value: JSON) -> list[Scope]:
    return [] if value is None else _json_matches(page, selector, value)


def _json_matches(page: Page, selector: JmesPath | Embedded, value: JSON) -> list[Scope]:
    found = selector.find.search(value)
    return [] if found is None else [Value(page, found)]


def _pattern_matches(page: Page, selector: Pattern, source: str) -> list[Scope]:
    """Return the first group of each match, or the whole match where the pattern has no group."""
    found = selector.find.finditer(source[:_MAX_SEARCHED_CHARACTERS])
    group = 1 if selector.find.groups else 0
    return [Value(page, match.group(group)) for match in found if match.group(group) is not None]


def _plain(value: object) -> JSON:
    if isinstance(value, float):
        # XPath has no integers, and its NaN is what number() gives for no number.
        return None if value != value else int(value) if value.is_integer() else value  # noqa: PLR0124
    return value if isinstance(value, bool | str) else str(value)


def _meaning(attr: str | None, kind: Kind | None, tag: str) -> tuple[str, ...]:
    """Return the attributes that say what an element means for `kind`, best first."""
    if attr is not None:
        return (attr,)
    if tag == "meta":
        return ("content",)
    if kind is Kind.URL:
        return ("href", "src")
    return ("datetime",) if kind is Kind.DATE else ()


def _joined(parts: Iterator[str]) -> str:
    return " ".join("".join(parts).split())


def _lexbor_parts(node: LexborNode) -> Iterator[str]:
    """Yield the text a reader sees, with a space where a block begins or ends."""
    if node.first_child is None:
        return
    for part in node.traverse(include_text=True):
        if part.is_text_node:
            if part.prev is not None and part.prev.tag in _BLOCKS:
                yield " "
            parent = part.parent
            if parent is None or parent.tag not in _NOT_SHOWN or parent == node:
                yield part.text_content or ""
        elif part.tag in _BLOCKS:
            yield " "


def _lxml_parts(element: Element) -> Iterator[str]:
    for event, part in etree.iterwalk(element, events=("start", "end")):
        tag = markup.tag(part)
        if tag in _BLOCKS:
            yield " "
        if event == "start" and tag and (tag not in _NOT_SHOWN or part is element):
            yield part.text or ""
        elif event == "end" and part is not element:
            yield part.tail or ""
