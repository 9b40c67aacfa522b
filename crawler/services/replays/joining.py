"""Completes records of pages that are read again on the stored pages behind them, as a crawl does.

Pages behind are read a level at a time, each once for all records that were carried there, in processes of
their own. Few records are on their way at once, and what they become is bounded.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from crawler import trials
from crawler.engine.carrying import BAD_URL
from crawler.queries import behind, stored_pages
from crawler.queries import replays as found
from crawler.stores import windows
from crawler.trials import Completed, Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from crawler.models import Page, PageVersion
    from crawler.trials import StoredPage
    from scrapers.links import Carried
    from scrapers.page import Problem

MOST_OF_A_PAGE: Final = 2_000
"""As many records of one page are completed, and pages read for them."""
MOST_BYTES: Final = 16 << 20
"""As much may the records of some pages become, and be the bodies that one process reads."""
PORTION: Final = 500
TOGETHER_SECONDS: Final = 10.0
ALONE_SECONDS: Final = 45.0
OF_THREE_SECONDS: Final = 30.0
"""One page takes so long where it is joined three times in a step: longer, the task would meet its limit."""
LEAST_SECONDS: Final = 3.0
"""With less time left no process is started: it would hardly begin."""

NOT_STORED: Final = "its page is not stored"
BODY_NOT_STORED: Final = "the body of its page is not stored"
TOO_MANY: Final = f"stored pages complete {MOST_OF_A_PAGE:,} records of a page at most"
TOO_SLOW: Final = "reading the pages behind takes too long"


Span = tuple["datetime", "datetime"]
"""From a moment until before another."""


class TooMuch(Exception):
    """The records become too much, or take too long, to be kept at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gave:
    """What stored pages gave together: `rows` in the order they were read, and where the last of them lies.

    Where a page `lacks`, this says why; `url` is that page's, and the items are the record as it is. With
    `span` they did so from that moment to that one; `newest` where all of the pages are as they are now.
    """

    rows: tuple[Page, ...]
    url: str
    items: tuple[dict[str, Any], ...]
    lacks: str = ""
    span: Span | None = None
    newest: bool = True


@dataclass(slots=True)
class Joined:
    """What came of the records of one page that go on to others."""

    gave: list[Gave] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


class At(NamedTuple):
    """Which version of a page, None for what it is now, and the time in which what comes of it counts."""

    version: PageVersion | None
    since: datetime
    until: datetime


class _Place(NamedTuple):
    """A page as it is, or as it was at a version."""

    row: Page
    version: PageVersion | None = None

    @property
    def key(self) -> tuple[int, int]:
        return self.row.pk, self.version.pk if self.version else 0

    @property
    def said(self) -> Page | PageVersion:
        return self.version or self.row


class _Going(NamedTuple):
    """A record on its way to its next page: which of the pages it began on, and what was read for it.

    `run` fetched the last of these. With `span` it goes to what the next page was in that time; `newest`
    where all were what they are now.
    """

    start: int
    record: Carried
    rows: tuple[Page, ...]
    run: int
    span: Span | None = None
    newest: bool = True


_Portion = list[tuple[_Place, "StoredPage", _Going]]


def join(
    starts: Sequence[tuple[Page, Sequence[Carried]]],
    *,
    settings: Mapping[str, Any],
    since: int | None,
    at: Sequence[At] | None = None,
    alone_seconds: float | None = None,
    monotonic: Callable[[], float] = time.monotonic,
) -> list[Joined]:
    """Return what becomes of the records that pages of one target have go on, of each page.

    With `since` the pages behind are those that this run or a later one fetched. With `at`, which says of
    each page when it was what it is read as, they are all kept versions of them in that time. Raises
    TooMuch, for one page as well; that one takes no longer than `alone_seconds`, by default `ALONE_SECONDS`,
    and what is left lacks its page.
    """
    if not any(records for _page, records in starts):
        return [Joined() for _ in starts]
    seconds = TOGETHER_SECONDS
    if len(starts) == 1:
        seconds = ALONE_SECONDS if alone_seconds is None else alone_seconds
    joining = _Joining(starts, settings=settings, since=since, at=at, seconds=seconds, monotonic=monotonic)
    joining.run()
    return joining.joined


class _Joining:
    """Some pages' records on their way; each is in `joined` at the end, completed or lacking a page."""

    def __init__(
        self,
        starts: Sequence[tuple[Page, Sequence[Carried]]],
        *,
        settings: Mapping[str, Any],
        since: int | None,
        at: Sequence[At] | None,
        seconds: float,
        monotonic: Callable[[], float],
    ) -> None:
        self.joined = [Joined() for _ in starts]
        self._starts = starts
        self._settings = settings
        self._since = since
        self._at = at
        self._monotonic = monotonic
        self._alone = len(starts) == 1
        self._until = monotonic() + seconds
        self._followed: Counter[int] = Counter()
        self._bytes = 0

    def run(self) -> None:
        going = [
            self._begun(number, page, record)
            for number, (page, records) in enumerate(self._starts)
            for record in records
        ]
        while going:
            places = list(self._found([one for one in going if not self._stays(one)]))
            going = [onward for portion in _portions(places) for onward in self._read(portion)]

    def _begun(self, number: int, page: Page, record: Carried) -> _Going:
        if self._at is None:
            return _Going(number, record, (page,), page.run)
        version, since, until = self._at[number]
        return _Going(number, record, (page,), (version or page).run, (since, until), version is None)

    def _stays(self, one: _Going) -> bool:
        self._followed[one.start] += 1
        refusal = one.record.refusal or (TOO_MANY if self._followed[one.start] > MOST_OF_A_PAGE else "")
        if refusal:
            self._lack(one, refusal)
        return bool(refusal)

    def _lack(self, one: _Going, why: str, *, url: str = "") -> None:
        """Give out a record as it is."""
        record = one.record
        items = (record.data,) if record.partial and record.data else ()
        gave = Gave(
            rows=one.rows,
            url=url or record.url,
            items=items,
            lacks=why,
            span=one.span,
            newest=one.newest,
        )
        self.joined[one.start].gave.append(gave)

    def _found(self, going: Sequence[_Going]) -> Iterator[tuple[_Place, _Going]]:
        """Yield the records whose next page is stored, with that."""
        links = {(one.run, one.record.url) for one in going}
        target = self._starts[0][0].target_id
        places = behind.pages(target, sorted(links), since=self._since)
        led = [(one, places.get((one.run, one.record.url))) for one in going]
        asked = ((place.page.pk, one.span) for one, place in led if place and place.page and one.span)
        versions = found.touching(target, windows.hulls(asked))
        for one, place in led:
            if place is None:
                self._lack(one, BAD_URL)
            elif place.page is None:
                self._lack(one, NOT_STORED, url=place.url)
            elif one.span is None:
                yield _Place(place.page), one
            else:
                yield from self._through(place.page, versions.get(place.page.pk, ()), one, one.span)

    def _through(
        self, page: Page, versions: Sequence[PageVersion], one: _Going, span: Span
    ) -> Iterator[tuple[_Place, _Going]]:
        """Yield a record with each version of its next page in a time; where none is kept it lacks that."""
        at, until = span
        held = [(_Place(page, version), version.began_at, version.ended_at) for version in versions]
        for place, began, ended in [*held, (_Place(page), page.body_at or page.changed_at, until)]:
            begin, end = max(at, began), min(ended, until)
            if begin >= end:
                continue
            if at < begin:
                self._lack(one._replace(span=(at, begin), newest=False), BODY_NOT_STORED, url=page.url)
            self._followed[one.start] += at > span[0]  # it was counted once as it set out
            newest = one.newest and place.version is None
            if (
                self._followed[one.start] > MOST_OF_A_PAGE
            ):  # for the rest of the time at once: that is bounded
                self._lack(one._replace(span=(begin, until), newest=newest), TOO_MANY)
                return
            yield place, one._replace(span=(begin, end), newest=newest)
            at = end
        if at < until:
            self._lack(one._replace(span=(at, until), newest=False), BODY_NOT_STORED, url=page.url)

    def _read(self, portion: Sequence[tuple[_Place, list[_Going]]]) -> Iterator[_Going]:
        """Read some pages for the records that were carried there; yield those that go on."""
        left: _Portion = []
        pages = stored_pages.as_they_were([(place.row, place.version) for place, _ in portion])
        for kept, (place, records) in zip(pages, portion, strict=True):
            for one in records:
                if kept.page is None:
                    self._lack(one, BODY_NOT_STORED, url=place.row.url)
                else:
                    left.append((place, kept.page, one))
        while left:
            seconds = self._until - self._monotonic()
            if seconds < LEAST_SECONDS:
                self._give_up(left)
                return
            told = trials.completed_of(self._settings, _by_page(left), wait_seconds=seconds)
            if told and isinstance(told[-1], Unreadable) and self._monotonic() >= self._until:
                told = told[:-1]  # ended as the time was over, whatever it was at
            for (place, _page, one), came in zip(left, told, strict=False):
                yield from self._take(place, one, came)
            left = self._after(left, told)

    def _take(self, place: _Place, one: _Going, came: Completed | Unreadable) -> Iterator[_Going]:
        row = place.row
        if isinstance(came, Unreadable):
            self._lack(one, f"its page could not be read: {came.message}", url=row.url)
            return
        self._bytes += came.size
        if self._bytes > MOST_BYTES:
            raise TooMuch
        rows = (*one.rows, row)
        joined = self.joined[one.start]
        joined.problems += came.problems
        if came.items:
            gave = Gave(rows=rows, url=row.url, items=came.items, span=one.span, newest=one.newest)
            joined.gave.append(gave)
        for record in came.follows:
            yield one._replace(record=record, rows=rows, run=place.said.run)

    def _after(self, left: _Portion, told: Sequence[Completed | Unreadable]) -> _Portion:
        """Return the records that are not told of; those of a page at which the process ended lack it."""
        rest = left[len(told) :]
        if not rest or not told or not isinstance(told[-1], Unreadable):
            return rest
        ended_at = left[len(told) - 1][0].key
        for place, _page, one in rest:
            if place.key == ended_at:
                self._lack(one, f"its page could not be read: {told[-1].message}", url=place.row.url)
        return [entry for entry in rest if entry[0].key != ended_at]

    def _give_up(self, left: _Portion) -> None:
        if not self._alone:
            raise TooMuch
        for place, _page, one in left:
            self._lack(one, TOO_SLOW, url=place.row.url)


def _by_page(portion: _Portion) -> list[tuple[StoredPage, list[Carried]]]:
    pages: dict[tuple[int, int], tuple[StoredPage, list[Carried]]] = {}
    for place, page, one in portion:
        pages.setdefault(place.key, (page, []))[1].append(one.record)
    return list(pages.values())


def _portions(found: Iterable[tuple[_Place, _Going]]) -> Iterator[list[tuple[_Place, list[_Going]]]]:
    """Yield the pages with all records that are carried there, so many at a time as one process reads."""
    pages: dict[tuple[int, int], tuple[_Place, list[_Going]]] = {}
    for place, one in found:
        pages.setdefault(place.key, (place, []))[1].append(one)
    portion: list[tuple[_Place, list[_Going]]] = []
    size = 0
    for place, records in pages.values():
        size += place.said.size
        if portion and (size > MOST_BYTES or len(portion) == PORTION):
            yield portion
            portion, size = [], place.said.size
        portion.append((place, records))
    if portion:
        yield portion
