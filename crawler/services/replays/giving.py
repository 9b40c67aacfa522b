"""What pages that were read again gave, with keys: by themselves, and with the pages behind."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from crawler.engine import records
from crawler.errors import INCOMPLETE, NOT_COMPLETED
from crawler.policy import replays as policy
from crawler.queries import replays as found
from crawler.services.replays.joining import Gave, Joined
from crawler.stores.filling import Told
from crawler.stores.rewriting import Reread
from crawler.trials import Records, Unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from crawler.engine.work import ItemRecord
    from crawler.models import Page, Replay
    from crawler.queries.stored_pages import Kept


@dataclass(frozen=True, slots=True)
class ReadPage:
    """A stored page with what came of reading it, None without a stored body.

    `joined` and `before` are what became of its records that go on, by the scraper in question and by that
    of before.
    """

    kept: Kept
    read: Records | Unreadable | None
    joined: Joined = field(default_factory=Joined)
    before: Joined = field(default_factory=Joined)

    @property
    def row(self) -> Page:
        return self.kept.row


@dataclass(frozen=True, slots=True)
class Given:
    """The records of one page, and those that the scraper of before gives; none where it was not read."""

    page: ReadPage
    read: Sequence[Reread] = ()
    before: Sequence[Reread] = ()

    def hashes(self) -> list[bytes]:
        """Return the hashes of all keys."""
        return [record.key_hash for one in (*self.read, *self.before) for record in one.records]

    def compared(self, stored: Mapping[bytes, Mapping[str, Any]]) -> tuple[policy.Compared, ...]:
        """Return how the records fare beside what is `stored`, by the hashes of keys."""
        both = [(one.url, record) for one in (*self.before, *self.read) for record in one.records]
        known = {record.key: stored[record.key_hash] for _url, record in both if record.key_hash in stored}
        after = {record.key: found.decoded(record.data) for one in self.read for record in one.records}
        urls = {record.key: url for url, record in both}
        return tuple(policy.compare(urls=urls, stored=known, read=after))

    def told(self, *, until: datetime) -> Told:
        """Return what the newest body of a page says by itself, since it is that until a moment."""
        row = self.page.row
        return Told(since=row.body_at or row.changed_at, until=until, records=self.said(), holds=True)

    def said(self) -> dict[bytes, Mapping[str, Any]]:
        """Return the records that were read, by the hashes of keys."""
        return {record.key_hash: found.decoded(record.data) for one in self.read for record in one.records}


def counted(page: ReadPage, totals: policy.Totals) -> bool:
    """Say whether a page was read; one that was not is counted."""
    if isinstance(page.read, Records):
        return True
    if isinstance(page.read, Unreadable):
        totals.unread += 1
        totals.report(page.read.code, "", page.read.message)
    else:
        totals.bodiless += 1
    return False


def given(row: Replay, pages: Sequence[ReadPage], totals: policy.Totals) -> list[Given]:
    """Return what `pages` gave; what is wrong with it is counted.

    A record that lacks a page keeps what stands under its key, as in a run.
    """
    read = [(page, _read(page, row, totals)) for page in pages]
    lacking = [rec.key_hash for _page, told in read for gave, keyed in told if gave.lacks for rec in keyed]
    standing = found.stored(row.target_id, lacking, there=True) if lacking else {}
    return [
        Given(page, [_reread(gave, keyed, standing) for gave, keyed in told], _before(page, row))
        for page, told in read
    ]


def to_store(row: Replay, given: Given, stored: Mapping[bytes, Mapping[str, Any]]) -> Sequence[Reread]:
    """Return what of a page is to be stored; `stored` is what stands there, by the hashes of keys.

    After a refresh these are records of several pages that say all that what stands there does, or are new
    and whole: it is no whole run, after which somebody would be told that records lose something.
    """
    if row.after_refresh is None:
        return given.read
    return [
        replace(one, records=tuple(rec for rec in one.records if _says_no_less(one, rec, stored)))
        for one in given.read
        if one.is_joined
    ]


def _says_no_less(one: Reread, record: ItemRecord, stored: Mapping[bytes, Mapping[str, Any]]) -> bool:
    before = stored.get(record.key_hash)
    if before is None:
        return one.is_whole
    after = found.decoded(record.data)
    return all(
        policy.says_something(after.get(name)) for name in before if policy.says_something(before[name])
    )


_Keyed = tuple[Gave, tuple["ItemRecord", ...]]


def _read(page: ReadPage, row: Replay, totals: policy.Totals) -> list[_Keyed]:
    if not isinstance(page.read, Records):
        return []
    told = []
    for gave in (_own(page, page.read.items), *page.joined.gave):
        keyed, unkeyed = records.keyed(gave.items, fields=row.settings["key"], url=gave.url)
        told.append((gave, keyed))
        totals.unkeyed += unkeyed
        if gave.lacks:
            totals.report(INCOMPLETE if keyed else NOT_COMPLETED, "", f"{gave.url}: {gave.lacks}")
    for problem in (*page.read.problems, *page.joined.problems):
        totals.report(problem.code, problem.field or "", problem.message)
    return told


def _before(page: ReadPage, row: Replay) -> list[Reread]:
    if not isinstance(page.read, Records):
        return []
    told = (_own(page, page.read.before or ()), *page.before.gave)
    fields = row.before["key"]
    return [_reread(gave, records.keyed(gave.items, fields=fields, url=gave.url)[0], {}) for gave in told]


def _own(page: ReadPage, items: tuple[dict[str, Any], ...]) -> Gave:
    """Return what a page gave by itself."""
    return Gave(rows=(page.row,), url=page.row.url, items=items)


def _reread(gave: Gave, keyed: tuple[ItemRecord, ...], standing: Mapping[bytes, Mapping[str, Any]]) -> Reread:
    if gave.lacks:
        keyed = tuple(
            records.with_data(one, {**standing.get(one.key_hash, {}), **found.decoded(one.data)})
            for one in map(records.lacking, keyed)
        )
    return Reread(rows=gave.rows, url=gave.url, records=keyed, is_whole=not gave.lacks)
