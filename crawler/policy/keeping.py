"""What is kept of a page: which bodies, and how much of what it and its scraper say."""

from __future__ import annotations

from typing import Final

LONGEST_TITLE: Final = 500
LONGEST_VALIDATOR: Final = 500
LONGEST_DATE: Final = 100
LONGEST_TYPE: Final = 200
LONGEST_CODE: Final = 60
LONGEST_FIELD: Final = 200
LONGEST_MESSAGE: Final = 600

_KEPT_TYPES: Final = (
    "text/",
    "application/json",
    "application/xml",
    "application/xhtml",
    "application/ld+json",
    "application/rss",
    "application/atom",
)


def keeps_body(content_type: str) -> bool:
    """Say whether a body of this type is stored: what is text, and what does not say."""
    return content_type == "" or content_type.lower().startswith(_KEPT_TYPES)


def whole(value: str, *, longest: int) -> str:
    """Return a value that must go back verbatim, or nothing when it cannot be kept so."""
    return value if len(value) <= longest and storable(value) == value else ""


def storable(text: str) -> str:
    """Return `text` without what no database stores: NUL, and halves of characters."""
    if text.isascii():
        return text.replace("\0", "")
    return text.replace("\0", "").encode(errors="replace").decode()
