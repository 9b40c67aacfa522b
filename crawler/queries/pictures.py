"""Small copies of stored pictures, made when somebody looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler import trials
from crawler.stores import snapshots

if TYPE_CHECKING:
    from crawler.models import Page


def is_picture(page: Page) -> bool:
    """Say whether what was stored of `page` is a picture by its media type."""
    return page.content_type.lower().startswith("image/")


def etag(page: Page) -> str:
    """Return the validator of a page's small copy: it changes with the picture."""
    return f'"{bytes(page.body_hash).hex()}"'


def small(page: Page) -> bytes | None:
    """Return a small copy as PNG, made in a process of its own: nothing of the file is in it but its pixels.

    None of what is no picture, was not kept, or cannot be unpacked.
    """
    body = snapshots.load(bytes(page.body_hash)) if is_picture(page) else None
    if body is None:
        return None
    try:
        return trials.thumbnail_of(body)
    except trials.CannotTry:
        return None
