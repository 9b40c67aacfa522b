"""The links of a page: absolute, each once, in the order of the document."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from scrapers.page.references import joined

if TYPE_CHECKING:
    from scrapers.page import JSON, Page

_FOLLOWED_RELS = frozenset({"next", "prev"})
# Joining these would cost 1 µs each to learn that they are not http.
_ELSEWHERE = ("javascript:", "mailto:", "tel:", "data:", "blob:", "about:")
# References that joining only appends: no scheme, host, dot segment or character to be escaped.
_PLAIN = re.compile(
    r"(?:/(?!/))?(?!\.{0,2}(?:[/?]|$))[\w.~-]*(?:/(?!\.{1,2}(?:[/?]|$))[\w.~-]*)*(?:\?[\w.~=&/+-]*)?",
    re.ASCII,
)
# Others that lead to the same from each page of a folder; "?x", " x" and "http:x" hang on the page itself.
_SHARED = ("/", "./", "../", "http://", "https://")
_LONGEST_KEPT: Final = 256
_MOST_KEPT: Final = 16_384
_MOST_PLACES: Final = 1_024


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


_BY_PAGE: Final = Link(url="")
"""Stands for what hangs on the page that says it, or is too long to be kept."""


class _Place(dict[str, Link | None]):
    """What references are links to on all pages of a folder, or of a host, each spelling once.

    Most are plain paths, which joining only appends to `root`: that takes 0.4 µs, a whole parse of the URL
    1.3. Of thirty links twenty-nine stand on other pages: 83 µs a page without any of this, 31 with it, and
    46 by an lru_cache for all of them. Of a manual's page, whose links lead upwards, 149 and 225.
    """

    def __init__(self, root: str) -> None:
        super().__init__()
        self._root = root

    def __missing__(self, reference: str) -> Link | None:
        root = self._root
        if not root or len(reference) > _LONGEST_KEPT:
            return _BY_PAGE
        if _PLAIN.fullmatch(reference):
            link: Link | None = Link(url=f"{root[:-1] if reference.startswith('/') else root}{reference}")
        elif reference.startswith(_SHARED):
            link = _joined(root, reference)
        else:
            return _BY_PAGE
        _places.count()
        self[reference] = link
        return link


class _Places:
    """The folders and hosts whose references are kept; all are forgotten once these have become too many."""

    def __init__(self) -> None:
        self._forget()

    def of(self, base: str) -> tuple[_Place, _Place]:
        """Return what references to the host of `base`, and to its folder, are links to."""
        folder = base[: base.rfind("/") + 1]
        if folder.endswith("//") or any(mark in base for mark in "?#\\"):
            return self._found(base)
        if folder not in self._by_folder:
            self._by_folder[folder] = self._found(folder)
        return self._by_folder[folder]

    def count(self) -> None:
        """Note that one more spelling is kept."""
        self._kept += 1
        if self._kept >= _MOST_KEPT:
            self._forget()

    def _found(self, base: str) -> tuple[_Place, _Place]:
        if len(self._by_root) + len(self._by_folder) >= _MOST_PLACES:
            self._forget()
        folder = _join(base, ".") or ""
        return self._rooted(_join(base, "/") or "" if folder else ""), self._rooted(folder)

    def _rooted(self, root: str) -> _Place:
        if root not in self._by_root:
            self._by_root[root] = _Place(root)
        return self._by_root[root]

    def _forget(self) -> None:
        self._by_root: dict[str, _Place] = {}
        self._by_folder: dict[str, tuple[_Place, _Place]] = {}
        self._kept = 0


_places: Final = _Places()


class Joiner:
    """Makes links of the references of one page, each spelling once."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._host, self._folder = _places.of(base)
        self._others: dict[str, Link | None] = {}

    def link(self, reference: str) -> Link | None:
        """Return the link to the http(s) URL of `reference` without its fragment, None without one."""
        if "#" in reference:
            reference = reference.partition("#")[0]
        link = (self._host if reference.startswith("/") else self._folder)[reference]
        if link is not _BY_PAGE:
            return link
        if reference not in self._others:
            self._others[reference] = _joined(self._base, reference)
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
        if not reference or reference.startswith("#"):
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


def _joined(base: str, reference: str) -> Link | None:
    url = _join(base, reference) if not reference.startswith(_ELSEWHERE) else None
    return Link(url=url) if url is not None else None


def _join(base: str, reference: str) -> str | None:
    url = joined(base, reference)
    # A base with a fragment hands it on to an empty reference only.
    return url.partition("#")[0] if url is not None else None
