"""The elements of a page that records, and the objects inside of them, are read from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from jmespath.exceptions import JMESPathError

from scrapers import fields as declarations
from scrapers.fields import scopes
from scrapers.fields.records import spread
from scrapers.fields.selectors import Css, css_of
from scrapers.page import NotJson, markup
from scrapers.page.markup import DoctypeRefused
from scrapers.suggesting import nesting, outline

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lxml.etree import _Element
    from selectolax.lexbor import LexborNode

    from scrapers.fields.schema import Schema
    from scrapers.fields.scopes import Scope
    from scrapers.page import Page
    from scrapers.suggesting.outline import Element, Outline

_TAG: Final = re.compile(r"[a-z][a-z0-9-]*")


class Holder(NamedTuple):
    """An element that something is read from, as a node and in the outline."""

    node: LexborNode
    element: Element


@dataclass(frozen=True, slots=True)
class Holders:
    """A page's outline, walked once, and the elements of its records: `rows`."""

    outline: Outline
    rows: tuple[Holder, ...]

    @classmethod
    def of_page(cls, page: Page, schema: Schema | None) -> Holders:
        """Look for the rows of an HTML page as it is read; without a schema the whole page is one."""
        found = outline.of_page(page)
        body = page.tree.body
        if body is None or not found.elements:
            return cls(found, ())
        whole = Holder(body, found.elements[0])
        if schema is None:
            return cls(found, (whole,))
        css = schema.row if isinstance(schema.row, Css) and schema.row.text else None
        nodes = page.tree.css(css.text) if css is not None else _nodes(page, rows(page, schema))
        held = [whole if node.tag == "html" else _held(found, node) for node in nodes]
        return cls(found, tuple(one for one in held if one is not None))

    def at(self, fields: Mapping[str, Any], path: str) -> list[Holder]:
        """Return the elements of the objects at a path, as they are declared; at the empty path the rows."""
        found = list(self.rows)
        for place in nesting.along(path):
            said = nesting.at(fields, place) or {}
            if any(kind in said for kind in declarations.KINDS):
                found = _inside(self.outline, found, said)
        return found


def rows(page: Page, schema: Schema) -> list[Scope]:
    """Return the rows of a page as it is read: elements of either tree, or values; none where it has none."""
    try:
        root = scopes.of_page(page, needs_lxml=schema.needs_lxml)
        return [] if root is None or schema.row is None else spread(page, root, schema.row)
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


def _inside(found: Outline, outer: Sequence[Holder], said: Mapping[str, Any]) -> list[Holder]:
    """Return what a selector of CSS finds in elements."""
    try:
        css = css_of(declarations.compile_selector("css", str(said["css"]))) if "css" in said else None
    except declarations.BadSelector:
        return []
    if css is None or not (css.text or css.itself):
        return []
    if css.itself:
        return list(outer)
    held = [_held(found, node) for one in outer for node in one.node.css(css.text)]
    return [one for one in held if one is not None]
