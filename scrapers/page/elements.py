"""The elements that every page is asked for, found in one walk of its tree."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

# A walk of a manual's page takes 75 µs, and each view had one of its own.
_WALKED: Final = (
    "a[href],area[href],link[rel][href],iframe[src],frame[src],"
    "meta[content],base[href],script,style,h1,h2,h3,time[datetime]"
)


@dataclass(slots=True)
class Elements:
    """Elements by what they are for, each list in the order of the document.

    `linking` have a URL to somewhere, `hidden` text that nobody sees (scripts and styles), `times` are
    those that computers can read.
    """

    linking: list[LexborNode] = field(default_factory=list)
    metas: list[LexborNode] = field(default_factory=list)
    bases: list[LexborNode] = field(default_factory=list)
    hidden: list[LexborNode] = field(default_factory=list)
    headings: list[LexborNode] = field(default_factory=list)
    times: list[LexborNode] = field(default_factory=list)


def walk(tree: LexborHTMLParser) -> Elements:
    """Return the elements of `tree`."""
    found = Elements()
    places = {
        "meta": found.metas,
        "base": found.bases,
        "script": found.hidden,
        "style": found.hidden,
        "h1": found.headings,
        "h2": found.headings,
        "h3": found.headings,
        "time": found.times,
    }
    for node in tree.css(_WALKED):
        places.get(node.tag or "", found.linking).append(node)
    return found
