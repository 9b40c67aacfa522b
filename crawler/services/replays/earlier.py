"""Reads the kept versions of pages, after the pages themselves: compared with what items said at the time.

Where the replay stores, what they say fills in what the items lacked then; nothing else of these changes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from crawler.errors import NOT_COMPLETED
from crawler.models import ReplayState
from crawler.policy import filling as rule
from crawler.policy import replays as policy
from crawler.queries import replays as found
from crawler.services.replays import giving, joining, reading
from crawler.services.replays.joining import At, Joined, TooMuch
from crawler.stores import filling, sql, windows
from crawler.trials import Records
from scrapers.page import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from crawler.engine.work import ItemRecord
    from crawler.models import Page, PageVersion, Replay
    from crawler.services.replays.claiming import Claim
    from crawler.services.replays.giving import ReadPage, Then
    from crawler.stores.filling import Told
    from scrapers.links import Carried

    Spans = Mapping[bytes, Sequence[filling.Span]]

COMMIT_VERSIONS: Final = 50
COMMIT_RECORDS: Final = 500
"""As many records are compared at a time, or those of one version of a page, and as many filled in."""
FOLLOWED: Final = 100
"""As many versions are read at a time where records go on: when time is up some are read in vain."""
TOO_MUCH: Final = Problem(
    code=NOT_COMPLETED,
    message="the versions of the pages behind make too many of this page's records",
)


class _Read(NamedTuple):
    """A version of a page with what came of reading it, and of its records that go on."""

    version: PageVersion
    page: ReadPage

    @property
    def at(self) -> At:
        return At(self.version, self.version.began_at, self.version.ended_at)


def step(claim: Claim, is_up: Callable[[], bool]) -> bool:
    """Read the next versions of the pages of a replay; return whether to go on."""
    row = claim.row
    batch = found.next_versions(row, most=FOLLOWED if reading.follows(row.settings) else None)
    if not batch:
        claim.end(ReplayState.DONE)
        return False
    pages = reading.read(row, [one.kept for one in batch])
    left = [_Read(one.version, page) for one, page in zip(batch, pages, strict=False)]
    most = COMMIT_VERSIONS
    while left:
        room = _room(left[:most])
        some = _completed(row, left[:room])
        if len(some) < room:
            most = len(some)  # as much was too much: it is not to be read in vain for the next ones, too
        if not _commit(claim, some):
            return False
        left = left[len(some) :]
        if is_up():
            break
    return True


def _room(left: Sequence[_Read]) -> int:
    """Return for how many of the versions, one at least, there is room in a commit."""
    records = 0
    for number, (_version, page) in enumerate(left):
        if isinstance(page.read, Records):
            records += len(page.read.items) + len(page.read.follows)
        if number and records > COMMIT_RECORDS:
            return number
    return len(left)


def _completed(row: Replay, read: Sequence[_Read]) -> list[_Read]:
    """Return the first of what was read, one at least, with its records completed on the pages behind."""
    starts = [(one.page.row, going_on(one.page)) for one in read]
    try:
        then = joined(row, starts, [one.at for one in read])
    except TooMuch:
        return _completed(row, read[: max(1, len(read) // 4)])
    return [_Read(version, replace(page, then=one)) for (version, page), one in zip(read, then, strict=True)]


def going_on(page: ReadPage) -> Sequence[Carried]:
    """Return the records of a page that go on to others."""
    return page.read.follows if isinstance(page.read, Records) else ()


def joined(
    row: Replay,
    starts: Sequence[tuple[Page, Sequence[Carried]]],
    at: Sequence[At],
    *,
    alone_seconds: float | None = None,
) -> list[Joined]:
    """Return what becomes of the records that pages have go on, by what the pages behind were at the time.

    Where the records of one page become too much there are none. Raises TooMuch for those of several.
    """
    try:
        return joining.join(
            starts, settings=reading.scraper_of(row.settings), since=None, at=at, alone_seconds=alone_seconds
        )
    except TooMuch:
        if len(starts) > 1:
            raise
        return [Joined(problems=[TOO_MUCH])]


def now_of(page: ReadPage, *, now: datetime) -> At:
    """Return what a page is now, since it is that."""
    return At(None, giving.began(page.row), now)


class Found:
    """What earlier versions of pages gave, counted: totals and samples of a replay as they will be."""

    def __init__(self, row: Replay, samples: list[dict[str, Any]]) -> None:
        self._row = row
        self.totals, self.samples = policy.Totals.of_json(row.earlier_totals or {}), samples

    def add(self, read: Sequence[tuple[At, ReadPage]]) -> list[Told]:
        """Count what pages gave as they were, beside what the items said then; return what they told."""
        row = self._row
        gave = [giving.then(page, page.then, row.settings, at, self.totals) for at, page in read]
        was = [giving.before(page, row.before) if at.version else () for at, page in read]
        told = [one.told for some in gave for one in some]
        spans = self._spans(told, read, was)
        for (at, page), some, before in zip(read, gave, was, strict=True):
            if at.version is None:
                self._count([record for one in some for record in _beside(one, spans)])
            elif giving.counted(page, self.totals):
                self.totals.pages += 1
                beside = [record for one in some for record in _beside(one, spans)]
                self._count(beside + _gone(page, at, some, before, spans))
        return told

    def _spans(
        self, told: Sequence[Told], read: Sequence[tuple[At, ReadPage]], was: Sequence[Sequence[ItemRecord]]
    ) -> Spans:
        asked = [(hash_, (one.since, one.until)) for one in told for hash_ in one.records]
        for (at, _page), some in zip(read, was, strict=True):
            asked += [(record.key_hash, (at.since, at.until)) for record in some]
        return filling.spans(self._row.target_id, windows.hulls(asked))

    def _count(self, compared: Sequence[policy.Compared]) -> None:
        self.totals.count(compared)
        self.totals.completed += sum(map(_completes, compared))
        self.samples = policy.sample(self.samples, compared) or self.samples

    def values(self) -> dict[str, Any]:
        """Return what is to be written of it."""
        values: dict[str, Any] = {"earlier_totals": self.totals.as_json()}
        return values | ({"samples": self.samples} if self.samples is not self._row.samples else {})


def _commit(claim: Claim, read: Sequence[_Read]) -> bool:
    """Count these versions, and fill in what they say where the replay stores; return whether it goes on."""
    given = Found(claim.row, claim.row.samples)
    told = given.add([(one.at, one.page) for one in read])
    last = read[-1].version
    place = {"after_page": last.page_id, "after_version": last.pk}
    return _write(claim, claim.row, told, place | given.values())


def _beside(then: Then, spans: Spans) -> list[policy.Compared]:
    """Return how records fare beside what their items said then."""
    read = {record.key: found.decoded(record.data) for record in then.records}
    stored = _there(then.records, spans, since=then.since, until=then.until)
    urls = dict.fromkeys(read, then.url)
    return [
        replace(one, since=then.since, until=then.until)
        for one in policy.compare(urls=urls, stored=stored, read=read)
    ]


def _gone(
    page: ReadPage, at: At, read: Sequence[Then], before: Sequence[ItemRecord], spans: Spans
) -> list[policy.Compared]:
    """Return what the items said of which the settings of before gave a record, and these give none."""
    keys = {record.key for one in read for record in one.records}
    stored = _there([one for one in before if one.key not in keys], spans, since=at.since, until=at.until)
    urls = dict.fromkeys(stored, page.row.url)
    return [
        replace(one, since=at.since, until=at.until)
        for one in policy.compare(urls=urls, stored=stored, read={})
    ]


def _there(
    records: Sequence[ItemRecord], spans: Spans, *, since: datetime, until: datetime
) -> dict[str, Mapping[str, Any]]:
    """Return what the items of records said last between two moments, by key."""
    said = {one.key: filling.said(spans.get(one.key_hash, ()), since=since, until=until) for one in records}
    return {key: data for key, data in said.items() if isinstance(data, dict)}


def _completes(one: policy.Compared) -> bool:
    return one.before is not None and one.after is not None and bool(rule.lacking(one.before, one.after))


def _write(claim: Claim, row: Replay, told: Sequence[Told], values: dict[str, Any]) -> bool:
    """Fill in, and write how far it is with the last of it; say whether it goes on."""
    *first, last = _parts(told) if row.stores else [[]]
    if not all(_commit_part(claim, some, {}) for some in first):
        return False
    if not _commit_part(claim, last, values):
        return False
    for name, value in values.items():
        setattr(row, name, value)
    return True


def fill(claim: Claim, told: Sequence[Told]) -> bool:
    """Fill in what pages told of some time before, some hundred records to a commit; say whether it goes on.

    What was filled in before somebody cut that short is found as it is by whoever does it again.
    """
    if not claim.row.stores:
        return True
    return all(_commit_part(claim, some, {}) for some in _parts(told) if some)


def _commit_part(claim: Claim, told: Sequence[Told], values: dict[str, Any]) -> bool:
    def write() -> bool:
        if not claim.write(now=claim.now(), **values, state=ReplayState.RUNNING):
            return False
        filling.fill(claim.row.target_id, told)
        return True

    return sql.atomically(write)  # a run that writes the same items may be let through first


def _parts(told: Sequence[Told]) -> list[list[Told]]:
    """Return what was told in parts of so many records; the records of a version may be in several."""
    parts: list[list[Told]] = [[]]
    room = COMMIT_RECORDS
    for one in told:
        records = list(one.records.items())
        while records:
            if not room:
                parts.append([])
                room = COMMIT_RECORDS
            parts[-1].append(replace(one, records=dict(records[:room])))
            records, room = records[room:], max(0, room - len(records))
    return parts
