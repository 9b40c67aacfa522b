"""Small copies of stored pictures, made when somebody looks, and kept for a while by who has asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crawler import trials
from crawler.queries import turns
from crawler.stores import snapshots

if TYPE_CHECKING:
    from crawler.models import Page

HELD_SECONDS: Final = 3_600


def is_picture(page: Page) -> bool:
    """Say whether what was stored of `page` is a picture by its media type."""
    return page.content_type.lower().startswith("image/")


def caching(page: Page) -> dict[str, str]:
    """Return the headers by which a page's small copy is kept: it changes with the stored bytes alone."""
    if not is_picture(page):
        return {}
    return {"ETag": _etag(page), "Cache-Control": f"private, max-age={HELD_SECONDS}"}


def is_held(page: Page, *, by: str) -> bool:
    """Say whether who asks with the header If-None-Match `by` has the small copy of a page."""
    return is_picture(page) and _etag(page) in by


def _etag(page: Page) -> str:
    return f'"{bytes(page.body_hash).hex()}"'


def small(page: Page) -> bytes | None:
    """Return a small copy as PNG, made in a process of its own: nothing of the file is in it but its pixels.

    None of what is no picture, was not kept, or cannot be unpacked. Raises Busy: few are made at a time.
    """
    body = snapshots.load(bytes(page.body_hash)) if is_picture(page) else None
    if body is None:
        return None
    try:
        with turns.taken(doing="made smaller", of=turns.SMALL):
            return trials.thumbnail_of(body)
    except trials.CannotTry:
        return None
