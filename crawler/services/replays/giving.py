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
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from crawler.engine.work import ItemRecord
    from crawler.models import Page, Replay
    from crawler.queries.stored_pages import Kept
    from crawler.services.replays.joining import At, Span


@dataclass(frozen=True, slots=True)
class ReadPage:
    """A stored page with what came of reading it, None without a stored body.

    `joined` and `before` are what became of its records that go on, by the scraper in question and by that
    of before; `then` where the pages behind were what they were before.
    """

    kept: Kept
    read: Records | Unreadable | None
    joined: Joined = field(default_factory=Joined)
    before: Joined = field(default_factory=Joined)
    then: Joined = field(default_factory=Joined)

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

    def told(self, kept: set[int], *, until: datetime) -> list[Told]:
        """Return what the newest bodies of pages say, of those among the `kept`, since they are all that."""
        return [
            Told(since=max(map(began, one.rows)), until=until, records=said(one.records), holds=True)
            for one in self.read
            if kept.issuperset(row.pk for row in one.rows)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Then:
    """Records that pages gave together as they were from a moment to another, of the page at `url`."""

    url: str
    since: datetime
    until: datetime
    records: tuple[ItemRecord, ...]

    @property
    def told(self) -> Told:
        return Told(since=self.since, until=self.until, records=said(self.records))


def then(
    page: ReadPage, joined: Joined, settings: Mapping[str, Any], at: At, totals: policy.Totals
) -> list[Then]:
    """Return what a page gave as it was, by itself and with what the pages behind it were.

    Problems are counted. What it is now, with all behind as they are now, is left out.
    """
    if not isinstance(page.read, Records):
        return []
    gave = [one for one in joined.gave if not one.newest]
    problems = list(joined.problems)
    if at.version is not None:
        gave.insert(0, _own(page, page.read.items))
        problems += page.read.problems
    for problem in problems:
        totals.report(problem.code, problem.field or "", problem.message)
    return [_then(one, settings, totals, one.span or (at.since, at.until)) for one in gave]


def _then(gave: Gave, settings: Mapping[str, Any], totals: policy.Totals, span: Span) -> Then:
    keyed, unkeyed = records.keyed(gave.items, fields=settings["key"], url=gave.url)
    totals.unkeyed += unkeyed
    if gave.lacks:
        totals.report(INCOMPLETE if keyed else NOT_COMPLETED, "", f"{gave.url}: {gave.lacks}")
    return Then(url=gave.url, since=span[0], until=span[1], records=keyed)


def before(page: ReadPage, settings: Mapping[str, Any]) -> tuple[ItemRecord, ...]:
    """Return what the settings of before give of a page by itself."""
    if not isinstance(page.read, Records):
        return ()
    return records.keyed(page.read.before or (), fields=settings["key"], url=page.row.url)[0]


def began(row: Page) -> datetime:
    """Return since when a page's body is what it is."""
    return row.body_at or row.changed_at


def said(of: Iterable[ItemRecord]) -> dict[bytes, Mapping[str, Any]]:
    """Return what records say, by the hashes of their keys."""
    return {record.key_hash: found.decoded(record.data) for record in of}


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
