"""From one page to ranked candidates, each of which was read from the page as it is declared."""

from __future__ import annotations

from functools import partial
from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING, Final

from scrapers.page import NotJson
from scrapers.suggesting import (
    choosing,
    drafting,
    json_paging,
    next_page,
    nodes,
    objects,
    outline,
    reading,
    rows,
    scripts,
)
from scrapers.suggesting.objects import Source
from scrapers.suggesting.values import Suggestions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from scrapers.page import Page
    from scrapers.suggesting.drafting import Draft
    from scrapers.suggesting.next_page import NextPage
    from scrapers.suggesting.outline import Outline
    from scrapers.suggesting.values import Candidate

MOST_CANDIDATES: Final = 5
_MOST_DRAFTS: Final = 25
_HAS_CELLS: Final = ":has(> td)"
_WRITTEN_OR_NOT: Final = "tbody > tr"
"""CSS always finds this element of a table, XPath only where the page says it."""


def suggest(page: Page) -> Suggestions:
    """Return what repeats on a page of HTML, JSON or XML; nothing for other content.

    As much of an HTML page is looked at as has `outline.MOST_ELEMENTS` elements. What is proposed for a row
    and a field is told by how elements are nested and called, never by what a model has learnt.
    """
    if page.is_json:
        following = json_paging.of_page(page)
        candidates = objects.candidates(page, _body(page), options=_options(following))
    elif page.is_html:
        found = outline.of_page(page)
        following = next_page.of_page(page, found)
        candidates = _of_html(page, found, options=_options(following))
    elif page.is_xml:
        following, candidates = None, nodes.candidates(page)
    else:
        return Suggestions()
    return Suggestions(candidates=tuple(islice(candidates, MOST_CANDIDATES)), next_page=following)


def _options(following: NextPage | None) -> dict[str, str]:
    return following.options if following is not None else {}


def _body(page: Page) -> list[Source]:
    try:
        return [Source(prefix="jmespath:", value=page.json)]
    except NotJson:
        return []


def _of_html(page: Page, found: Outline, *, options: Mapping[str, str]) -> Iterator[Candidate]:
    """Yield what repeats in the markup of a page and in the JSON that it carries, the best first."""
    sources = scripts.of_page(page, found)
    carried = choosing.without_repeats(
        objects.candidates(page, sources, options=options, length=found.length)
    )
    return merge(_of_outline(page, found, options=options), carried, key=lambda one: -one.score)


def _of_outline(page: Page, found: Outline, *, options: Mapping[str, str]) -> Iterator[Candidate]:
    """Yield what repeats on an HTML page, the best first."""
    drafts = [
        draft
        for set_ in rows.of_outline(found)[:_MOST_DRAFTS]
        if (draft := drafting.of_rows(set_, page=page, length=found.length)) is not None
    ]
    for draft in choosing.different(drafts):
        candidate = _tried(page, draft, options=options)
        if candidate is not None:
            yield candidate


def _tried(page: Page, draft: Draft, *, options: Mapping[str, str]) -> Candidate | None:
    """Return what a draft reads; without what XPath reads where that finds no such rows.

    It knows no `tbody` that is not written.
    """
    read = partial(reading.tried, page, score=draft.score, options=options)
    selector = draft.rows.selector
    candidate = read(row=selector, drafted=draft.fields)
    if candidate is None and _WRITTEN_OR_NOT in selector:
        selector = selector.replace(f"> {_WRITTEN_OR_NOT}", "tr")
        candidate = read(row=selector, drafted=draft.fields)
    own = [field for field in draft.fields if "xpath" not in field.declared]
    wanted = min(len(draft.rows.elements), reading.MOST_RECORDS)
    if (candidate is None or candidate.rows < wanted) and 0 < len(own) < len(draft.fields):
        selector = draft.rows.selector
        candidate = read(row=selector, drafted=own) or candidate
    if candidate is None or draft.rows.elements[0].tag != "tr" or candidate.rows <= len(draft.rows.elements):
        return candidate
    # a link in a row of headings must not make a record of it
    narrowed = read(row=f"{selector}{_HAS_CELLS}", drafted=draft.fields)
    return candidate if narrowed is None or narrowed.rows == candidate.rows else narrowed
