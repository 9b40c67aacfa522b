"""The elements of a page that records, and the objects inside of them, are read from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from scrapers import fields as declarations
from scrapers.fields.selectors import css_of
from scrapers.suggesting import nesting, outline

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from selectolax.lexbor import LexborNode

    from scrapers.page import Page
    from scrapers.suggesting.outline import Element, Outline


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
    def of_page(cls, page: Page, row: str) -> Holders:
        """Look for rows by a selector of CSS; without one the whole page is one."""
        found = outline.of_page(page)
        body = page.tree.body
        if body is None or not found.elements:
            return cls(found, ())
        whole = Holder(body, found.elements[0])
        if not row:
            return cls(found, (whole,))
        kind, text = declarations.short_form(row)
        return cls(found, tuple(_inside(found, [whole], {kind: text}, page=page)))

    def at(self, fields: Mapping[str, Any], path: str) -> list[Holder]:
        """Return the elements of the objects at a path, as they are declared; at the empty path the rows."""
        found = list(self.rows)
        for place in nesting.along(path):
            said = nesting.at(fields, place) or {}
            if any(kind in said for kind in declarations.KINDS):
                found = _inside(self.outline, found, said)
        return found


def _inside(
    found: Outline, outer: Sequence[Holder], said: Mapping[str, Any], *, page: Page | None = None
) -> list[Holder]:
    """Return what a selector of CSS finds; where it asks the `page`, anywhere."""
    try:
        css = css_of(declarations.compile_selector("css", str(said["css"]))) if "css" in said else None
    except declarations.BadSelector:
        return []
    if css is None or not (css.text or css.itself):
        return []
    if css.itself:
        return list(outer)
    asked = [page.tree] if page is not None else [one.node for one in outer]
    nodes = [node for one in asked for node in one.css(css.text)]
    return [Holder(node, found.by_id[node.mem_id]) for node in nodes if node.mem_id in found.by_id]
