"""Tells a golden case of keeping: what runs saw when, done to the real stores, and what these say then."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Q

from crawler.engine.work import Ended, Ending, ItemRecord
from crawler.models import Item, Page, PageVersion, Run, RunTrigger, Snapshot, Target
from crawler.policy import identity
from crawler.queries import changes, exports, items, past
from crawler.services import comparing, judging, numbering, reports, retention, runs
from crawler.services import items as restoring
from tests.crawling import a_target
from tests.fakes.rules import a_page
from tests.integration.stores.hands import Hands, fresh, visited
from tests.people import operator

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crawler.engine.work import Claim, Result
    from crawler.queries.past import Version
    from tests.fakes.clock import FakeClock

Words = dict[str, Any]
SITE: Final = "http://a.test/"
A_PAGE: Final = 2
"""The feed is read so many changes at a time."""
_MOMENT: Final = re.compile(r"day (\d+) (\d\d):(\d\d)")


@dataclass
class Story:
    """Does what a case says, step by step; each step happens in one moment.

    A run finds these pages and sees of each a record, whose fields are its text as well, or gets none for the
    reason that stands there instead. What has a name like `_views` is only text, and `others`
    are so many pages that say nothing. A run that `ends` otherwise than `whole` is
    `cancelled` while one page is not read yet.
    """

    clock: FakeClock
    said: Words
    began: datetime = field(init=False)
    target: Target = field(init=False)

    def __post_init__(self) -> None:
        settings = self.said.get("target", {})
        self.began = self.clock.now()
        self.target = a_target(SITE, owner=operator("ada"), **settings)

    def tell(self) -> Words:
        """Do all of it, and return what is known afterwards, in the form of `expected.json`."""
        done = {step["at"]: self._do(step) for step in self.said["steps"]}
        self._go_to(self.said.get("asked_at", self.said["steps"][-1]["at"]))
        return {
            "steps": {at: words for at, words in done.items() if words},
            "items": {item.key: [self._version(one) for one in past.history(item)] for item in self._items()},
            "as_of": {at: self._as_of(self._moment(at)) for at in self.said.get("as_of", ())},
            "now": {row["_key"]: _bare(row) for row in exports.rows(target=self.target)},
            "feed": list(self._feed()),
            "pages": {page.url.removeprefix(SITE): self._page(page) for page in self._pages()},
            "bodies": Snapshot.objects.count(),
        }

    def _do(self, step: Words) -> str:
        self._go_to(step["at"])
        match step:
            case {"run": seen}:
                others: Words = {f"other-{number}": {} for number in range(step.get("others", 0))}
                return self._crawl({**seen, **others}, step.get("ends", "whole"))
            case {"restore": key}:
                item = Item.objects.get(target=self.target, key=key)
                restoring.restore(item=item, version=step.get("version"), by="ada", now=self.clock.now())
            case {"set": settings}:
                Target.objects.filter(pk=self.target.pk).update(**settings)
                self.target.refresh_from_db()
            case {"clean_up": _}:
                retention.clean_up(now=self.clock.now())
            case _:
                raise ValueError(f"no step of a story: {step}")
        return ""

    def _crawl(self, seen: Mapping[str, Any], ends: str) -> str:
        run = runs.start(target=self.target, trigger=RunTrigger.MANUAL, now=self.clock.now())
        hands = Hands(self.clock)
        first = hands.claims()[SITE]
        unread = [SITE + "more"] if ends == "cancelled" else []
        hands.commit(visited(first, *(SITE + name for name in seen), *unread))
        claims = hands.claims(want=300)
        hands.commit(*(_seen(claims[SITE + name], said) for name, said in seen.items()))
        if ends == "cancelled":
            runs.cancel(run=run, now=self.clock.now())
        hands.release_all()
        reports.report(run=fresh(run))
        comparing.work(now=self.clock.now())
        judging.work(now=self.clock.now())
        return _counted(fresh(run))

    def _items(self) -> Iterator[Item]:
        yield from Item.objects.filter(target=self.target).order_by("key")

    def _pages(self) -> Iterator[Page]:
        yield from (
            Page.objects.filter(target=self.target)
            .exclude(Q(url=SITE) | Q(url__contains="other-"))
            .order_by("url")
        )

    def _version(self, version: Version) -> str:
        end = "now" if version.until is None else self._day(version.until)
        gone = ", removed" if version.removed else ""
        by = f", restored by {version.by}" if version.by else ""
        changed = "".join(f", {one.field}: {one.before} > {one.after}" for one in version.changes)
        return f"version {version.number}, {self._day(version.since)} to {end}{gone}{by}{changed}"

    def _page(self, page: Page) -> list[str]:
        """Return since when the page says what it does, and its versions that are kept, newest first."""
        kept = [f"now, changed {self._day(page.changed_at)}"]
        for row in PageVersion.objects.filter(page=page.pk).order_by("-id"):
            noise = f", then only {row.noise} changed" if row.noise else ""
            kept.append(f"{self._day(row.began_at)} to {self._day(row.ended_at)}{noise}")
        return kept

    def _as_of(self, moment: datetime) -> dict[str, Any]:
        rows = {row["_key"]: _bare(row) for row in exports.rows(target=self.target, as_of=moment)}
        asked = items.Filters(target=self.target.pk, as_of=moment)
        assert self.target.owner is not None
        assert {line.item.key: line.data for line in items.page(self.target.owner, asked).rows} == rows
        return rows

    def _feed(self) -> Iterator[str]:
        """Yield what a client reads who goes on from page to page."""
        while numbering.catch_up():
            pass
        mine = Target.objects.filter(pk=self.target.pk)
        cursor, more = None, True
        while more:
            page = changes.since(mine, cursor=cursor, target=self.target.pk, limit=A_PAGE)
            assert all(cursor is None or told.change.number > cursor for told in page.rows)
            cursor, more = page.cursor, page.more
            for told in page.rows:
                by = f" by {told.change.by_name}" if told.change.by_name else ""
                fields = "".join(f", {one.field}: {one.before} > {one.after}" for one in told.fields)
                at = self._day(told.change.at)
                yield f"{at} {told.item.key} version {told.change.version} {told.kind.label}{by}{fields}"

    def _go_to(self, at: str) -> None:
        seconds = (self._moment(at) - self.clock.now()).total_seconds()
        if seconds < 0:
            raise ValueError(f"{at} is before the step before")
        self.clock.advance(seconds)

    def _moment(self, at: str) -> datetime:
        """Return the moment of such words as `day 1 10:00`; the first day begins where the story does."""
        if (found := _MOMENT.fullmatch(at)) is None:
            raise ValueError(f"no moment of a story: {at}")
        days, hours, minutes = map(int, found.groups())
        return self.began + timedelta(days=days - 1, hours=hours, minutes=minutes)

    def _day(self, moment: datetime) -> str:
        minutes = round((moment - self.began).total_seconds() / 60)
        return f"day {minutes // 1440 + 1} {minutes // 60 % 24:02}:{minutes % 60:02}"


def _seen(claim: Claim, said: Words | str) -> Result:
    """Return the visit of a page with this record; of `_fields` only the text is there."""
    if isinstance(said, str):
        return Ended(claim=claim, state=Ending.FAILED, reason=said)
    body = "".join(f"<p>{value}</p>" for value in said.values()).encode()
    record, key = _bare(said), claim.url.removeprefix(SITE)
    item = ItemRecord(
        key=key,
        key_hash=identity.digest(key.encode()),
        data=identity.encode(record),
        content_hash=identity.content_hash(record),
    )
    visit = replace(visited(claim, body=body), items=(item,) if said else ())
    if claim.known is None or claim.known.body_hash != identity.digest(body):
        return visit
    same = replace(a_page(body), body=None)  # as after "not modified": nothing is handed over to be stored
    return replace(visit, unchanged=True, page=same)


def _bare(row: Mapping[str, Any]) -> Words:
    return {name: value for name, value in row.items() if not name.startswith("_")}


def _counted(run: Run) -> str:
    """Return whether a run saw all, and what became of items and pages by it."""
    names = ("new", "changed", "removed", "restored")
    counts = [f"{count} {name}" for name in names if (count := getattr(run, f"items_{name}"))]
    if run.pages_unchanged:
        counts.append(f"{run.pages_unchanged} unchanged")
    if run.pages_noise:
        counts.append(f"{run.pages_noise} of noise")
    whole = "whole" if run.saw_all else f"not whole: {run.saw_less_because}"
    return "; ".join([whole, *counts])
