"""The elements of a page that records, and the objects inside of them, are read from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from jmespath.exceptions import JMESPathError

from scrapers import fields as declarations
from scrapers.fields import scopes
from scrapers.fields.records import OVER_JSON, spread, unlisted
from scrapers.fields.selectors import Css
from scrapers.page import NotJson, markup
from scrapers.page.markup import DoctypeRefused
from scrapers.suggesting import nesting, outline, scripts
from scrapers.suggesting.outline import Outline
from scrapers.suggesting.reading import MOST_RECORDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lxml.etree import _Element
    from selectolax.lexbor import LexborNode

    from scrapers.fields.schema import Schema
    from scrapers.fields.scopes import Scope
    from scrapers.page import JSON, Page
    from scrapers.suggesting.objects import Source
    from scrapers.suggesting.outline import Element

NO_OUTLINE: Final = Outline(elements=(), by_id={})
_TAG: Final = re.compile(r"[a-z][a-z0-9-]*")
_CARRIES: Final = re.compile(r"""=\s*["']\s*(?:\{|\[|&quot;|&#)|application/json""", re.IGNORECASE)


class Holder(NamedTuple):
    """An element that something is read from, as a node and in the outline."""

    node: LexborNode
    element: Element


@dataclass(frozen=True)
class Holders:
    """A page's outline, walked once, and what its records are read from: `rows` are the elements among it."""

    page: Page
    outline: Outline
    rows: tuple[Holder, ...]
    scopes: tuple[Scope, ...]

    @classmethod
    def of_page(cls, page: Page, schema: Schema, *, walked: Outline | None = None) -> Holders:
        """Look for the rows of a page as it is read; without a row in the schema the whole page is one.

        As many rows are looked for as a crawl takes. An outline that is `walked` is not walked again.
        """
        read = tuple(rows(page, schema)[:MOST_RECORDS])
        found = walked or (outline.of_page(page) if page.is_html else NO_OUTLINE)
        body = page.tree.body if found.elements else None
        if body is None:
            return cls(page, found, (), read)
        whole = Holder(body, found.elements[0])
        if schema.row is None:
            return cls(page, found, (whole,), read)
        css = schema.row if isinstance(schema.row, Css) and schema.row.text else None
        nodes = page.tree.css(css.text)[:MOST_RECORDS] if css is not None else _nodes(page, read)
        held = [whole if node.tag == "html" else _held(found, node) for node in nodes]
        return cls(page, found, tuple(one for one in held if one is not None), read)

    @cached_property
    def carried(self) -> tuple[Source, ...]:
        """The JSON that the page carries for all of it: JSON-LD, in scripts, and in attributes."""
        return tuple(scripts.of_page(self.page, self.outline)) if self.page.is_html else ()

    @cached_property
    def has_json_inside(self) -> bool:
        """Whether any element of the page may carry JSON, in an attribute or a script of its own."""
        return self.page.is_html and _CARRIES.search(self.page.text) is not None

    def at(self, fields: Mapping[str, Any], path: str) -> list[Holder]:
        """Return the elements of the objects at a path, as they are declared; at the empty path the rows."""
        found = list(self.rows)
        for place in nesting.along(path):
            said = nesting.at(fields, place) or {}
            if not any(kind in said for kind in declarations.KINDS):
                continue
            if _plain_css(said) is None:
                held = [_held(self.outline, node) for node in _nodes(self.page, self.read(fields, path))]
                return [one for one in held if one is not None]
            found = _inside(self.outline, found, said)
        return found

    def read(self, fields: Mapping[str, Any], path: str) -> list[Scope]:
        """Return what the objects at a path are read from, elements and values, as they are declared."""
        found = list(self.scopes)
        for place in nesting.along(path):
            said = nesting.at(fields, place) or {}
            kind = next((kind for kind in declarations.KINDS if kind in said), None)
            if kind is not None:
                found = [inner for one in found for inner in _selected(self.page, one, kind, str(said[kind]))]
        return found

    def values(self, fields: Mapping[str, Any], path: str) -> list[JSON]:
        """Return the values of JSON among what the objects at a path are read from."""
        return [one.value for one in self.read(fields, path) if isinstance(one, scopes.Value)]


def rows(page: Page, schema: Schema) -> list[Scope]:
    """Return the rows of a page as it is read: elements of either tree, or values; none where it has none.

    Without a row in the schema the whole page is one.
    """
    try:
        root = scopes.of_page(page, needs_lxml=schema.needs_lxml)
        if root is None or schema.row is None:
            return [] if root is None else [root]
        return spread(page, root, schema.row)
    except (JMESPathError, NotJson, DoctypeRefused):
        return []


def _nodes(page: Page, found: Sequence[Scope]) -> list[LexborNode]:
    """Return the nodes of the elements among what was found.

    An element of the other tree is the node of its tag with its place among these. Where the trees have not
    as many of them it is none: what is looked for there is tried on the page as it is read.
    """
    nodes: list[LexborNode] = []
    places: dict[str, dict[_Element, LexborNode]] = {}
    for scope in found:
        match scope:
            case scopes.Lexbor(node=node):
                nodes.append(node)
            case scopes.Lxml(element=element):
                tag = markup.tag(element)
                if tag not in places:
                    places[tag] = _alike(page, tag)
                nodes += [places[tag][element]] if element in places[tag] else []
            case _:
                continue
    return nodes


def _alike(page: Page, tag: str) -> dict[_Element, LexborNode]:
    """Return the nodes of the elements with a tag, where both trees have as many."""
    if not _TAG.fullmatch(tag):
        return {}
    elements, nodes = list(page.lxml.iter(tag)), page.tree.css(tag)
    return dict(zip(elements, nodes, strict=True)) if len(elements) == len(nodes) else {}


def _held(found: Outline, node: LexborNode) -> Holder | None:
    element = found.by_id.get(node.mem_id)
    return Holder(node, element) if element is not None else None


def _selected(page: Page, scope: Scope, kind: str, text: str) -> list[Scope]:
    """Return what a selector finds in a scope, as it is read; nothing where it cannot be asked of that."""
    try:
        selector = declarations.compile_selector(kind, text)
        found = scope.select(selector) if scopes.can_select(scope, selector) else []
    except (declarations.BadSelector, JMESPathError, NotJson):
        return []
    return unlisted(page, found) if isinstance(selector, OVER_JSON) else found


def _plain_css(said: Mapping[str, Any]) -> Css | None:
    """Return the selector of a declaration where it is CSS that selectolax reads."""
    try:
        css = declarations.compile_selector("css", str(said["css"])) if "css" in said else None
    except declarations.BadSelector:
        return None
    return css if isinstance(css, Css) and (css.text or css.itself) else None


def _inside(found: Outline, outer: Sequence[Holder], said: Mapping[str, Any]) -> list[Holder]:
    """Return what a selector of CSS finds in elements."""
    css = _plain_css(said)
    if css is None or css.itself:
        return list(outer) if css is not None else []
    held = [_held(found, node) for one in outer for node in one.node.css(css.text)]
    return [one for one in held if one is not None]
