"""Microdata: the items that a page's attributes describe, in the form of its JSON-LD."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from selectolax.lexbor import LexborHTMLParser, LexborNode

    from scrapers.page.values import JSON

    Absolute = Callable[[str], str | None]

MOST_ITEMS: Final = 1_000
MOST_NODES: Final = 100_000
MOST_VALUES: Final = 100
"""Of one property; a hundred are read, as of a list that is written out."""

_MOST_DEPTH: Final = 10
_LONGEST_VALUE: Final = 10_000
_URLS: Final = {
    **dict.fromkeys(("a", "area", "link"), "href"),
    **dict.fromkeys(("audio", "embed", "iframe", "img", "source", "track", "video"), "src"),
    "object": "data",
}
_ATTRIBUTES: Final = {"meta": "content", "data": "value", "meter": "value", "time": "datetime"}


def items(tree: LexborHTMLParser, *, absolute: Absolute) -> list[dict[str, JSON]]:
    """Return the items of `tree` that are no property of another, in the order of the document.

    By html.spec.whatwg.org, "microdata": `@type` is the last part of the first `itemtype`, a property
    that comes several times a list. Of a page 1,000 items, 100,000 elements and ten levels are read.
    """
    reading = _Reading(tree, absolute)
    return [reading.item(node, depth=1) for node in tree.css("[itemscope]:not([itemprop])")[:MOST_ITEMS]]


class _Reading:
    """One reading of a page; each element is read once, so references in a circle end."""

    def __init__(self, tree: LexborHTMLParser, absolute: Absolute) -> None:
        self._tree = tree
        self._absolute = absolute
        self._seen: set[int] = set()

    def item(self, root: LexborNode, *, depth: int) -> dict[str, JSON]:
        types = (root.attributes.get("itemtype") or "").split()
        found: dict[str, JSON] = {"@type": _last_part(types[0])} if types else {}
        self._seen.add(root.mem_id)
        for node in self._described(root):
            names = (node.attributes.get("itemprop") or "").split()
            if not names:
                continue
            is_item = "itemscope" in node.attributes
            if is_item and depth >= _MOST_DEPTH:
                continue
            value = self.item(node, depth=depth + 1) if is_item else self._value(node)
            for name in names:
                _add(found, name, value)
        return found

    def _described(self, root: LexborNode) -> Iterator[LexborNode]:
        """Yield the elements that may be properties of `root`: those within it, and those it names."""
        waiting = [*reversed(list(root.iter())), *self._named(root)]
        while waiting and len(self._seen) < MOST_NODES:
            node = waiting.pop()
            if node.mem_id in self._seen:
                continue
            self._seen.add(node.mem_id)
            if "itemscope" not in node.attributes:
                waiting += reversed(list(node.iter()))
            elif "itemprop" not in node.attributes:
                self._seen.discard(node.mem_id)  # an item of its own
                continue
            yield node

    def _named(self, root: LexborNode) -> Iterator[LexborNode]:
        for name in (root.attributes.get("itemref") or "").split()[:MOST_VALUES]:
            if name.isidentifier() and (node := self._tree.css_first(f"#{name}")) is not None:
                yield node

    def _value(self, node: LexborNode) -> str:
        attributes, tag = node.attributes, node.tag or ""
        said = attributes.get("content") or attributes.get(_ATTRIBUTES.get(tag, "content"))
        if tag in _URLS and said is None:
            reference = attributes.get(_URLS[tag]) or ""
            return self._absolute(reference) or ""
        return " ".join((said or node.text(separator=" "))[:_LONGEST_VALUE].split())


def _add(found: dict[str, JSON], name: str, value: JSON) -> None:
    if name not in found:
        found[name] = value
        return
    known = found[name]
    values: list[JSON] = known if isinstance(known, list) else [known]
    if len(values) < MOST_VALUES:
        found[name] = [*values, value]


def _last_part(url: str) -> str:
    return url.rstrip("/#").replace("#", "/").rpartition("/")[2]
