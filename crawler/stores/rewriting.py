"""Writes records that stored pages gave when they were read again: as new versions, of no run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from crawler.models import Item, Page
from crawler.stores import items, merging, sql

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from crawler.engine.work import ItemRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Reread:
    """Records that stored pages gave together, in the order these were read.

    They belong to the page at `url`: the last of `rows`, or where they are not whole one that was not had.
    """

    rows: tuple[Page, ...]
    url: str
    records: tuple[ItemRecord, ...]
    is_whole: bool = True

    @property
    def is_joined(self) -> bool:
        """Whether several pages gave them, or were to."""
        return len(self.rows) > 1 or not self.is_whole

    @property
    def source(self) -> _Source:
        return _Source(
            url=self.url,
            run=max(row.run for row in self.rows),
            last_seen=max(row.last_seen for row in self.rows),
            joined=self.is_joined,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """Where records come from, and whether several pages gave them: those were read after all pages were."""

    url: str
    run: int
    last_seen: datetime
    joined: bool


class _Seen(NamedTuple):
    """Which run saw an item last, where and when."""

    url: str
    run: int
    last_seen: datetime


_Newest = dict[bytes, tuple[_Source, "ItemRecord"]]


def store(target: int, reread: Sequence[Reread], *, now: datetime) -> set[int]:
    """Store records within the caller's transaction; return the ids of the pages that are as they were read.

    Those of a page that has another body by now are left out: a run has read that one. Where several pages
    give a record the one that was seen last says what it is, as in runs; an item that was seen after the
    page stays as it is. No run has seen what is stored here, so there are no sightings and no counts.
    """
    kept = _unchanged(target, {row.pk: row for one in reread for row in one.rows}.values())
    newest: _Newest = {}
    for one in sorted(reread, key=lambda one: one.source.last_seen):
        if kept.issuperset(row.pk for row in one.rows):
            for record in one.records:
                merging.put(newest, record.key_hash, one.source, record)
    items.rewrite(target, _still_newest(target, newest), now=now)
    return kept


def _unchanged(target: int, pages: Iterable[Page]) -> set[int]:
    """Lock these pages in the order of their keys; return the ids of those that are as they were read."""
    was = {page.pk: bytes(page.body_hash) for page in pages}
    kept: set[int] = set()
    for chunk in sql.chunks(sorted(bytes(page.key) for page in pages)):
        rows = Page.objects.select_for_update().filter(target=target, key__in=chunk).order_by("key")
        found = {pk: bytes(hash_) for pk, hash_ in rows.values_list("pk", "body_hash")}
        kept |= {pk for pk, hash_ in found.items() if was.get(pk) == hash_}
    return kept


def _still_newest(target: int, newest: _Newest) -> _Newest:
    """Lock the items under these keys; return the records that no later page has given.

    What several pages gave is as new as the item that they gave in the same run, which came of them after
    the last of them was seen.
    """
    seen: dict[bytes, _Seen] = {}
    for chunk in sql.chunks(sorted(newest)):
        rows = Item.objects.select_for_update().filter(target=target, key_hash__in=chunk).order_by("key_hash")
        found = rows.values_list("key_hash", "url", "run", "last_seen")
        seen |= {bytes(key): _Seen(url, run, at) for key, url, run, at in found}
    kept: _Newest = {}
    for key, (source, record) in newest.items():
        item = seen.get(key)
        if item is None or source.last_seen >= item.last_seen:
            kept[key] = (source, record)
        elif source.joined and (item.url, item.run) == (source.url, source.run):
            kept[key] = (replace(source, last_seen=item.last_seen), record)
    return kept
