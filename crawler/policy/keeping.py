"""What is kept of a page: which bodies, and how much of what it and its scraper say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from crawler.http import Headers

LONGEST_TITLE: Final = 500
LONGEST_VALIDATOR: Final = 500
LONGEST_DATE: Final = 100
LONGEST_TYPE: Final = 200
LONGEST_CODE: Final = 60
LONGEST_FIELD: Final = 200
LONGEST_MESSAGE: Final = 600
LONGEST_HEADERS: Final = 4_000

_KEPT_TYPES: Final = (
    "text/",
    "application/json",
    "application/xml",
    "application/xhtml",
    "application/ld+json",
    "application/feed+json",
    "application/rss",
    "application/atom",
)


def keeps_body(content_type: str, *, also: tuple[str, ...] = ()) -> bool:
    """Say whether a body of this type is stored: what is text, what does not say, and what `also` begins."""
    return content_type == "" or content_type.lower().startswith(_KEPT_TYPES + also)


def whole(value: str, *, longest: int) -> str:
    """Return a value that must go back verbatim, or nothing when it cannot be kept so."""
    return value if len(value) <= longest and storable(value) == value else ""


def hints(headers: Headers) -> str:
    """Return the lines of what a response's head said of its page, for the day it answers "not modified".

    A 304 need not repeat them (RFC 9110 §15.4.5).
    """
    lines = [
        f"{name.lower()}: {' '.join(value.split())}"
        for name, value in headers
        if name.lower() == "x-robots-tag" or (name.lower() == "link" and "canonical" in value.lower())
    ]
    return whole("\n".join(lines), longest=LONGEST_HEADERS) if lines else ""


def storable(text: str) -> str:
    """Return `text` without what no database stores: NUL, and halves of characters."""
    if text.isascii():
        return text.replace("\0", "")
    return text.replace("\0", "").encode(errors="replace").decode()
