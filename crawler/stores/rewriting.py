"""Writes records that stored pages gave when they were read again: as new versions, of no run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.models import Item, Page
from crawler.stores import items, sql

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from crawler.engine.work import ItemRecord


def store(target: int, pages: Sequence[tuple[Page, Sequence[ItemRecord]]], *, now: datetime) -> None:
    """Store the records of `pages` within the caller's transaction.

    A page that has another body by now is left out: a run has read that one. Where several pages give a
    record the one that was seen last says what it is, as in runs; an item that was seen after the page
    stays as it is. No run has seen what is stored here, so there are no sightings and no counts.
    """
    kept = _unchanged(target, [page for page, _ in pages])
    newest: dict[bytes, tuple[Page, ItemRecord]] = {}
    for page, records in sorted(pages, key=lambda pair: pair[0].last_seen):
        if page.pk in kept:
            newest |= {record.key_hash: (page, record) for record in records}
    items.rewrite(target, _still_newest(target, newest), now=now)


def _unchanged(target: int, pages: Sequence[Page]) -> set[int]:
    """Lock these pages in the order of their keys; return the ids of those that are as they were read."""
    was = {page.pk: bytes(page.body_hash) for page in pages}
    kept: set[int] = set()
    for chunk in sql.chunks(sorted(bytes(page.key) for page in pages)):
        rows = Page.objects.select_for_update().filter(target=target, key__in=chunk).order_by("key")
        found = {pk: bytes(hash_) for pk, hash_ in rows.values_list("pk", "body_hash")}
        kept |= {pk for pk, hash_ in found.items() if was.get(pk) == hash_}
    return kept


def _still_newest(
    target: int, newest: dict[bytes, tuple[Page, ItemRecord]]
) -> dict[bytes, tuple[Page, ItemRecord]]:
    """Lock the items under these keys; return the records that no later page has given."""
    seen: dict[bytes, datetime] = {}
    for chunk in sql.chunks(sorted(newest)):
        rows = Item.objects.select_for_update().filter(target=target, key_hash__in=chunk).order_by("key_hash")
        seen |= {bytes(key): moment for key, moment in rows.values_list("key_hash", "last_seen")}
    return {
        key: (page, record)
        for key, (page, record) in newest.items()
        if key not in seen or page.last_seen >= seen[key]
    }
