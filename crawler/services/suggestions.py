"""Suggests what to scrape from a page that is stored, without a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler import trials
from crawler.stores import snapshots
from crawler.trials import StoredPage

if TYPE_CHECKING:
    from crawler.models import Page
    from scrapers.suggesting import Suggestions


class CannotSuggest(Exception):
    """Nothing can be suggested for the page; says why."""


def of_stored(page: Page) -> Suggestions:
    """Return what may be scraped from the stored body of `page`. Raises CannotSuggest."""
    body = snapshots.load(bytes(page.body_hash))
    if body is None:
        raise CannotSuggest("the body of this page was not kept; ask for its URL instead")
    try:
        return trials.suggestions_of(
            StoredPage(url=page.url, headers={"content-type": page.content_type}, body=body)
        )
    except trials.TookTooLong:
        raise CannotSuggest("the page takes too long to look through") from None
    except MemoryError:
        raise CannotSuggest("the page takes too much memory to look through") from None
