"""A page's elements as plain objects, walked once: as many as are looked at, however large the page is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from scrapers.suggesting import classes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from selectolax.lexbor import LexborNode

    from scrapers.page import Page

MOST_ELEMENTS: Final = 40_000
MOST_TEXT: Final = 300
_MOST_OWN_TEXT: Final = 2_000
_MOST_AROUND: Final = 64
_SKIPPED = frozenset(
    {"script", "style", "template", "noscript", "svg", "math", "select", "iframe", "object", "canvas", "head"}
)


@dataclass(slots=True, eq=False, kw_only=True)
class Element:
    """One element; `number` is its place in the document, `last` that of the last one inside it.

    `content` has its texts and elements in order, `classes` those that a selector may use. `length` is
    that of all text inside.
    """

    number: int
    tag: str
    attributes: Mapping[str, str | None]
    classes: tuple[str, ...]
    parent: Element | None
    depth: int
    content: list[Element | str] = field(default_factory=list)
    children: list[Element] = field(default_factory=list)
    length: int = 0
    last: int = 0

    @property
    def own_length(self) -> int:
        return sum(len(part) for part in self.content if isinstance(part, str))

    def holds(self, other: Element) -> bool:
        """Whether `other` is inside this one."""
        return self.number < other.number <= self.last

    def said(self, attribute: str) -> str:
        """Return an attribute without the space around it, empty where it is not there."""
        return (self.attributes.get(attribute) or "").strip()

    def ancestors(self) -> Iterator[Element]:
        """Yield the elements around this one, the nearest first, as far up as anybody designs pages."""
        around = self.parent
        for _ in range(_MOST_AROUND):
            if around is None:
                return
            yield around
            around = around.parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """The elements of a page's body in the order of the document, and by what names them in its tree."""

    elements: tuple[Element, ...]
    by_id: Mapping[int, Element]

    @property
    def length(self) -> int:
        """How much text there is."""
        return self.elements[0].length if self.elements else 0


def of_page(page: Page) -> Outline:
    """Return the outline of an HTML page; of one without a body an empty one."""
    body = page.tree.body
    walked = list(_walk(body)) if body is not None else []
    for _node, element in reversed(walked):
        element.last = max(element.last, element.number)
        element.length += element.own_length
        if element.parent is not None:
            element.parent.length += element.length
            element.parent.last = max(element.parent.last, element.last)
    return Outline(
        elements=tuple(element for _node, element in walked),
        by_id={node.mem_id: element for node, element in walked},
    )


def _walk(body: LexborNode) -> Iterator[tuple[LexborNode, Element]]:
    """Yield `body` and what is inside it, by a stack of nodes: pages nest deeper than Python may."""
    first = _element(body, parent=None, number=0)
    yield body, first
    number = 1
    waiting: list[tuple[LexborNode | None, Element]] = [(body.first_child, first)]
    while waiting and number < MOST_ELEMENTS:
        node, parent = waiting.pop()
        if node is None:
            continue
        waiting.append((node.next, parent))
        if node.is_text_node:
            _add_text(parent, node.text_content or "")
        elif node.is_element_node and node.tag not in _SKIPPED:
            element = _element(node, parent=parent, number=number)
            parent.content.append(element)
            parent.children.append(element)
            number += 1
            yield node, element
            waiting.append((node.first_child, element))


def _add_text(parent: Element, text: str) -> None:
    text = " ".join(text[:_MOST_OWN_TEXT].split())
    if text:
        parent.content.append(text)


def _element(node: LexborNode, *, parent: Element | None, number: int) -> Element:
    attributes = node.attributes
    named = (attributes.get("class") or "")[:_MOST_OWN_TEXT].split()[: classes.MOST_CLASSES]
    return Element(
        number=number,
        tag=node.tag or "",
        attributes=attributes,
        classes=tuple(dict.fromkeys(filter(classes.can_select, named))),
        parent=parent,
        depth=parent.depth + 1 if parent is not None else 0,
    )


def text(element: Element) -> str:
    """Return the beginning of the text inside `element`, a space between its parts."""
    parts: list[str] = []
    size = 0
    waiting: list[Element | str] = [element]
    while waiting and size < MOST_TEXT:
        part = waiting.pop()
        if isinstance(part, str):
            parts.append(part)
            size += len(part) + 1
        elif part.length:
            waiting.extend(reversed(part.content))
    return " ".join(parts)[:MOST_TEXT]


def inside(element: Element, *, most: int) -> Iterator[Element]:
    """Yield at most `most` of the elements inside `element`, in the order of the document."""
    waiting = list(reversed(element.children))
    while waiting and most > 0:
        found = waiting.pop()
        yield found
        most -= 1
        waiting.extend(reversed(found.children))
