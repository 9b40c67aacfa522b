"""Suggests what to scrape from a page that is stored, without a request."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from crawler import trials
from crawler.models import Page
from crawler.queries import turns
from crawler.stores import snapshots
from crawler.trials import StoredPage
from crawler.urls import BadUrl, canonical
from scrapers.suggesting import details

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapers.suggesting import Candidate, Suggestions


class CannotSuggest(Exception):
    """Nothing can be suggested for the page; says why."""


def with_stored(found: Suggestions, *, listed: StoredPage, target: int) -> Suggestions:
    """Return what was found on `listed`, the first with what stored pages of `target` behind it add.

    As it was, where none is stored, and where they take too long to look through.
    """
    first = next(iter(found.candidates), None)
    behind = list(_behind(first, listed.url, target)) if first is not None and not first.behind else []
    if first is None or not behind:
        return found
    try:
        whole = trials.completed_by(listed, first, behind)
    except (trials.TookTooLong, trials.CannotTry, MemoryError):
        return found
    return replace(found, candidates=(whole, *found.candidates[1:]))


def _behind(candidate: Candidate, here: str, target: int) -> Iterator[tuple[str, StoredPage]]:
    """Yield links of the first records on the page `here`, and the pages of these that are stored."""
    links = dict(_keyed(candidate, here))
    pages = Page.objects.filter(target=target, key__in=list(links), status=HTTPStatus.OK).order_by("pk")
    for page in pages[: details.MOST_PAGES]:
        body = snapshots.load(bytes(page.body_hash))
        if body is not None:
            headers = {"content-type": page.content_type}
            yield links[bytes(page.key)], StoredPage(url=page.url, headers=headers, body=body)


def _keyed(candidate: Candidate, here: str) -> Iterator[tuple[bytes, str]]:
    """Yield where the first records lead, by the key that such a page has."""
    for link in candidate.leading(here=here):
        try:
            yield canonical(link).key, link
        except BadUrl:
            continue


def of_stored(page: Page) -> Suggestions:
    """Return what may be scraped from the stored body of `page`. Raises CannotSuggest and turns.Busy."""
    body = snapshots.load(bytes(page.body_hash))
    if body is None:
        raise CannotSuggest("the body of this page was not kept; ask for its URL instead")
    listed = StoredPage(url=page.url, headers={"content-type": page.content_type}, body=body)
    try:
        with turns.taken(doing="looked through"):
            return with_stored(trials.suggestions_of(listed), listed=listed, target=page.target_id)
    except trials.TookTooLong:
        raise CannotSuggest("the page takes too long to look through") from None
    except MemoryError:
        raise CannotSuggest("the page takes too much memory to look through") from None
    except trials.CannotTry as error:
        raise CannotSuggest(f"the page cannot be looked through: {error}") from None
