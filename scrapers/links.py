"""The links of a page: absolute, each once, in the order of the document."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from scrapers.page.references import joined

if TYPE_CHECKING:
    from scrapers.page import JSON, Page

_FOLLOWED_RELS = frozenset({"next", "prev"})
# Joining these would cost 1 µs each to learn that they are not http.
_ELSEWHERE = ("#", "javascript:", "mailto:", "tel:", "data:", "blob:", "about:")
# References that joining only appends: no scheme, host, dot segment or character to be escaped.
_PLAIN = re.compile(
    r"(?:/(?!/))?(?!\.{0,2}(?:[/?]|$))[\w.~-]*(?:/(?!\.{1,2}(?:[/?]|$))[\w.~-]*)*(?:\?[\w.~=&/+-]*)?",
    re.ASCII,
)
_LONGEST_KEPT = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """An absolute http(s) URL without a fragment; `nofollow` as its `rel` says.

    One that `continues` a list is the next page of the one it is on: it is no deeper than that, and
    followed within the start URLs' sites whatever depth and patterns say.
    """

    url: str
    nofollow: bool = False
    continues: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow:
    """A page that completes a record of this one: once it is there, `callback` reads it, given `data`.

    It is asked for within the start URLs' sites, whatever depth and patterns say. What is `partial` is a
    record by itself, and stored without the rest where the page cannot be had; what is not is lost then.
    """

    url: str
    callback: str
    data: dict[str, JSON]
    partial: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """A record on its way to the page that completes it: plain JSON, `level` pages after the first.

    With a `refusal` it does not go there, and this says why.
    """

    url: str
    callback: str
    data: dict[str, JSON]
    partial: bool = True
    level: int = 1
    refusal: str = ""


class Joiner:
    """Makes links of the references of one page, each spelling once.

    Most references are plain paths, which joining only appends to the origin or the folder: that takes
    0.4 µs, a whole parse of the URL 1.3 µs. The pages of a site have most of them in common.
    """

    def __init__(self, base: str) -> None:
        self._base = base
        self._origin, self._folder = _roots(_folder_of(base))
        self._others: dict[str, Link | None] = {}

    def link(self, reference: str) -> Link | None:
        """Return the link to the http(s) URL of `reference` without its fragment, None without one."""
        reference = reference.partition("#")[0]
        if len(reference) <= _LONGEST_KEPT:
            plain = _plain(self._origin if reference.startswith("/") else self._folder, reference)
            if plain is not None:
                return plain
        if reference not in self._others:
            url = _join(self._base, reference)
            self._others[reference] = Link(url=url) if url is not None else None
        return self._others[reference]


def links(page: Page) -> tuple[Link, ...]:
    """Return the links of `page`; none when the page itself says `nofollow`.

    Taken from `a`, `area`, frames and `<link rel="next|prev">`. A URL that several elements name
    is `nofollow` only where all of them are.
    """
    if not page.is_html or page.robots.nofollow:
        return ()
    found: dict[str, Link] = {}
    link_to = Joiner(page.base_url).link
    for node in page.elements.linking:
        attributes = node.attributes
        reference = attributes.get("href") or attributes.get("src")
        if not reference or reference.startswith(_ELSEWHERE):
            continue
        rel = attributes.get("rel")
        rels = rel.lower().split() if rel else ()
        if rels and node.tag == "link" and _FOLLOWED_RELS.isdisjoint(rels):
            continue
        link = link_to(reference)
        if link is None:
            continue
        if "nofollow" in rels:
            found.setdefault(link.url, Link(url=link.url, nofollow=True))
        else:
            found[link.url] = link
    return tuple(found.values())


# Of thirty links twenty-nine stand on other pages: 83 µs a page without this, 38 with it (machine loaded).
@lru_cache(maxsize=16_384)
def _plain(root: str, reference: str) -> Link | None:
    """Return the link to a plain path in the folder or on the host `root`; None for other references."""
    return Link(url=f"{root}{reference}") if root and _PLAIN.fullmatch(reference) else None


def _folder_of(base: str) -> str:
    """Return what the pages of a folder have in common, where it leads to the same as `base`; else `base`."""
    folder = base[: base.rfind("/") + 1]
    return base if folder.endswith("//") or any(mark in base for mark in "?#\\") else folder


@lru_cache(maxsize=1_024)
def _roots(base: str) -> tuple[str, str]:
    """Return what references to the host and to the folder of `base` are appended to; nothing without one."""
    folder = _join(base, ".")
    return ((_join(base, "/") or "/").removesuffix("/"), folder) if folder else ("", "")


def _join(base: str, reference: str) -> str | None:
    url = joined(base, reference)
    # A base with a fragment hands it on to an empty reference only.
    return url.partition("#")[0] if url is not None else None
