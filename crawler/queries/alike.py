"""Pages of a target that are near copies of each other, by the fingerprints that were made so far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from crawler.models import Page
from crawler.stores import sql
from scrapers.comparing import simhash

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_PAGES: Final = 100_000
MOST_GROUPS: Final = 200
MOST_OF_A_GROUP: Final = 20
SIGN: Final = 1 << simhash.BITS
PRINTS: Final = (
    "SELECT page.id, print.simhash FROM crawler_page page "
    "JOIN crawler_pagefingerprint print ON print.body_hash = page.body_hash "
    "WHERE page.target_id = %s AND print.words >= %s ORDER BY page.id LIMIT %s"
)
READ: Final = (
    "SELECT count(*) FROM crawler_page page "
    "JOIN crawler_pagefingerprint print ON print.body_hash = page.body_hash WHERE page.target_id = %s"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Pages that are near copies: the first of them, and how many there are."""

    pages: tuple[Page, ...]
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """The largest groups; `copies` are the pages beyond the first of each of all groups.

    `pages` were compared, of `total`, and `read` have a fingerprint, also those with too little text to be
    compared; `is_whole` unless there were too many pages or pairs to look at all.
    """

    groups: tuple[Group, ...]
    group_count: int
    copies: int
    pages: int
    read: int
    total: int
    is_whole: bool


def of_target(target: int) -> Alike:
    """Return which pages of a target are near copies, among those that have a fingerprint."""
    rows = sql.select(PRINTS, [target, simhash.LEAST_WORDS, MOST_PAGES + 1])
    found = simhash.groups({page: bits % SIGN for page, bits in rows[:MOST_PAGES]})
    shown = found.groups[:MOST_GROUPS]
    pages = _pages([page for group in shown for page in group[:MOST_OF_A_GROUP]])
    return Alike(
        groups=tuple(
            Group(
                pages=tuple(pages[page] for page in group[:MOST_OF_A_GROUP] if page in pages),
                count=len(group),
            )
            for group in shown
        ),
        group_count=len(found.groups),
        copies=sum(len(group) - 1 for group in found.groups),
        pages=min(len(rows), MOST_PAGES),
        read=sql.select(READ, [target])[0][0],
        total=Page.objects.filter(target=target).count(),
        is_whole=found.is_whole and len(rows) <= MOST_PAGES,
    )


def _pages(ids: Sequence[int]) -> dict[int, Page]:
    found: dict[int, Page] = {}
    for chunk in sql.chunks(ids):
        found |= Page.objects.only("id", "url", "title", "target").in_bulk(list(chunk))
    return found
