"""The `links` extractor: every link of a page, with its text and where on the page it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final
from urllib.parse import urlsplit

from scrapers.extractors import options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selectolax.lexbor import LexborNode

    from scrapers.page import JSON, Page

LONGEST_TEXT: Final = 500
LONGEST_URL: Final = 2_048
_TAGS: Final = frozenset({"a", "area", "iframe", "frame"})
_KINDS: Final = {"mailto:": "mail", "tel:": "phone"}
_ROLES: Final = {
    "navigation": "nav", "main": "main", "banner": "header", "contentinfo": "footer",
    "complementary": "aside",
}  # fmt: skip
_PARTS: Final = {"nav": "nav", "main": "main", "aside": "aside", "header": "header", "footer": "footer"}
_OF_THE_PAGE: Final = frozenset({"header", "footer"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """One item for each link: `url`, `text`, `kind`, `position`, `rel`; the same URL as often as it is there.

    `kind` is internal (the page's own host), external, mail or phone. `position` is the part of the page
    that the link stands in: nav, main, aside, header or footer, left out where its markup does not say.
    """

    name: ClassVar = "links"
    title: ClassVar = "Links"
    description: ClassVar = (
        "Every link of a page: where it leads, its text, its rel, and whether it stands in a menu."
    )

    internal: bool = options.flag(default=True, what="links within the page's host")
    external: bool = options.flag(default=True, what="links to other hosts")
    contacts: bool = options.flag(default=True, what="mail addresses and telephone numbers")

    def parse(self, page: Page) -> Iterator[dict[str, JSON]]:
        """Yield the links of an HTML page in its order; those within the page are none."""
        if not page.is_html:
            return
        host = urlsplit(page.url).netloc
        places = _Places()
        wanted = {
            "internal": self.internal, "external": self.external,
            "mail": self.contacts, "phone": self.contacts,
        }  # fmt: skip
        for node in page.elements.linking:
            found = _target(page, node, host=host)
            if found is None or not wanted[found[1]]:
                continue
            url, kind = found
            said: dict[str, JSON] = {
                "url": url,
                "text": _text(node),
                "kind": kind,
                "position": places.of(node),
                "rel": " ".join((node.attributes.get("rel") or "").lower().split()),
            }
            yield {key: value for key, value in said.items() if value}


class _Places:
    """Where elements stand; each is looked up once, however many links are within it."""

    def __init__(self) -> None:
        self._known: dict[int, str] = {}

    def of(self, node: LexborNode) -> str:
        """Return the part of the page that holds `node`; nothing where none does."""
        above: list[LexborNode] = []
        place = ""
        climbing = node.parent
        while climbing is not None:
            known = self._known.get(climbing.mem_id)
            if known is not None:
                place = known
                break
            above.append(climbing)
            climbing = climbing.parent
        for element in reversed(above):
            place = _within(element, place)
            self._known[element.mem_id] = place
        return place


def _within(element: LexborNode, outer: str) -> str:
    """Return the part that the children of `element` are in, which is in `outer` itself.

    The header of an article is none of the page (html.spec.whatwg.org, "the header element"), and a menu
    in the page's footer belongs to the footer.
    """
    tag = element.tag or ""
    if tag not in _PARTS and "role" not in element.attributes:
        return outer
    part = _ROLES.get((element.attributes.get("role") or "").lower()) or _PARTS.get(tag)
    if part is None or outer == "footer" or (outer and part in _OF_THE_PAGE):
        return outer
    return part


def _target(page: Page, node: LexborNode, *, host: str) -> tuple[str, str] | None:
    if node.tag not in _TAGS:
        return None
    attributes = node.attributes
    reference = (attributes.get("href") or attributes.get("src") or "").strip()
    if not reference or reference.startswith("#") or len(reference) > LONGEST_URL:
        return None
    for scheme, kind in _KINDS.items():
        if reference.lower().startswith(scheme):
            return scheme + reference[len(scheme) :], kind
    url = page.absolute(reference)
    if url is None or len(url) > LONGEST_URL:
        return None
    return url, "internal" if urlsplit(url).netloc == host else "external"


def _text(node: LexborNode) -> str:
    """Return what a link shows, or what it or its picture is called."""
    said = " ".join(node.text(separator=" ").split())
    if not said:
        picture = node.css_first("img[alt]")
        attributes = node.attributes
        said = (picture.attributes.get("alt") if picture is not None else None) or ""
        said = said or attributes.get("aria-label") or attributes.get("title") or attributes.get("alt") or ""
    return " ".join(said.split())[:LONGEST_TEXT]
