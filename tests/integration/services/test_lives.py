"""The lives of items through runs of all kinds, replays and restores, beside a plain model in memory."""

from __future__ import annotations

from bisect import bisect_right
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from crawler.engine.work import Ended, Ending
from crawler.models import (
    Item,
    ItemChange,
    ItemChangeKind,
    ItemVersion,
    Publication,
    Run,
    RunTrigger,
    Sighting,
)
from crawler.queries import exports, items
from crawler.services import comparing, reports, runs
from crawler.services import items as services
from crawler.services.items import NothingToRestore
from crawler.stores import items as stored
from crawler.stores import sql
from tests.crawling import a_target
from tests.integration.stores.hands import Hands, an_item, fresh, visited
from tests.people import operator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.contrib.auth.models import User

    from crawler.models import Target
    from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.django_db
A = "http://a.test"
NEVER = datetime(1, 1, 1, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
KEYS = st.sampled_from("abc")
VALUES = st.dictionaries(KEYS, st.integers(0, 1))
Kind = Literal["whole", "failing", "cancelled", "held"]


class Crawl(NamedTuple):
    """A run that reads these values; `apart` it is published later, and held until somebody accepts it."""

    values: dict[str, int]
    kind: Kind
    apart: bool


class Reread(NamedTuple):
    values: dict[str, int]


class Restore(NamedTuple):
    key: str
    version: int


class Accept(NamedTuple):
    """The run that was held first is published."""


STEPS = st.one_of(
    st.builds(
        Crawl, VALUES, st.sampled_from(["whole", "whole", "failing", "cancelled", "held"]), st.booleans()
    ),
    st.builds(Crawl, VALUES, st.just("whole"), st.booleans()),
    st.builds(Reread, VALUES),
    st.builds(Restore, KEYS, st.integers(0, 3)),
    st.builds(Accept),
)

BOTH, FIRST, SECOND = {"a": 0, "b": 0}, {"a": 1, "b": 0}, {"b": 0}
RESTORED_BETWEEN = [
    Crawl(BOTH, "whole", apart=False),
    Crawl(FIRST, "whole", apart=True),
    Crawl(SECOND, "whole", apart=False),
    Restore("a", 1),
    Crawl(SECOND, "whole", apart=True),
    Crawl(SECOND, "whole", apart=False),
]
HELD_MEANWHILE = [
    Crawl(BOTH, "whole", apart=False),
    Crawl(FIRST, "held", apart=True),
    Crawl({"a": 0}, "cancelled", apart=False),
    Restore("b", 0),
    Reread({"b": 1, "c": 1}),
    Accept(),
    Crawl({"c": 1}, "failing", apart=False),
    Crawl({"c": 1}, "whole", apart=False),
]


@dataclass
class Life:
    """What an item said from which moments on (None: it was not there), and what each version said."""

    moments: list[datetime] = field(default_factory=list)
    said: list[int | None] = field(default_factory=list)
    versions: list[int] = field(default_factory=list)
    last_seen: datetime = NEVER
    changed_at: datetime = NEVER
    by_run: bool = True

    @property
    def now(self) -> int | None:
        return self.said[-1]

    def become(self, value: int | None, now: datetime) -> None:
        self.moments.append(max(now, self.moments[-1]) if self.moments else now)
        self.said.append(value)
        if value is not None:
            self.versions.append(value)
            self.changed_at = self.moments[-1]

    def at(self, moment: datetime) -> int | None:
        place = bisect_right(self.moments, moment)
        return self.said[place - 1] if place else None


class Model:
    """What becomes of items by the rules as people are told of them, one after the other."""

    def __init__(self, removed_after: int) -> None:
        self.removed_after = removed_after
        self.lives: dict[str, Life] = {}
        self.whole: list[datetime] = []

    @property
    def present(self) -> dict[str, int]:
        return {key: life.now for key, life in self.lives.items() if life.now is not None}

    def read(self, values: Mapping[str, int], *, seen: datetime, now: datetime) -> None:
        """Take in what a run read at `seen`, published at `now`: what is newer there stays."""
        for key, value in values.items():
            life = self.lives.setdefault(key, Life())
            is_newer = life.last_seen > seen or (life.changed_at > seen and not life.by_run)
            if life.said and is_newer:
                continue
            if not life.said or life.now != value:
                life.become(value, now)
            life.last_seen, life.by_run = seen, True

    def end(self, began: datetime, *, is_whole: bool, now: datetime) -> int:
        """Remove what the last whole runs did not see; return how many items that are."""
        if is_whole:
            self.whole.append(began)
        if not is_whole or len(self.whole) < self.removed_after:
            return 0
        since = min(self.whole[-self.removed_after :])
        gone = [
            life
            for life in self.lives.values()
            if life.now is not None and life.last_seen < since and life.changed_at < since
        ]
        for life in gone:
            life.become(None, max(now, since))
        return len(gone)

    def reread(self, values: Mapping[str, int], *, seen: datetime, now: datetime) -> None:
        for key, value in values.items():
            life = self.lives.setdefault(key, Life(last_seen=seen))
            if not life.said or life.now not in (None, value):
                life.become(value, now)
                life.last_seen, life.by_run = max(life.last_seen, seen), False


class Both:
    """Does each step to the database and to the model."""

    def __init__(self, target: Target, user: User, clock: FakeClock) -> None:
        self.target, self.user, self.clock = target, user, clock
        self.model = Model(target.removed_after or 0)
        self.held: list[tuple[Run, dict[str, int], datetime]] = []

    def do(self, step: Crawl | Reread | Restore | Accept) -> None:
        self.clock.advance(100)
        match step:
            case Crawl():
                self.crawl(step)
            case Reread(values):
                self.reread(values)
            case Restore(key, version):
                self.restore(key, version)
            case Accept():
                self.accept()

    def crawl(self, step: Crawl) -> None:
        run = runs.start(target=self.target, trigger=RunTrigger.MANUAL, now=self.clock.now())
        if step.apart or step.kind == "held":
            Run.objects.filter(pk=run.pk).update(publication=Publication.WAITING)
        seen = self._fetch(run, step)
        self.clock.advance(60)
        now = self.clock.now() - timedelta(seconds=30)  # by the clock of another node
        reports.report(run=fresh(run))
        is_whole = step.kind == "whole" and bool(step.values or not self.model.present)
        if step.kind == "held":
            Run.objects.filter(pk=run.pk).update(publication=Publication.HELD)
            self.held.append((run, step.values, seen))
        else:
            self.model.read(step.values, seen=seen, now=now if step.apart else seen)
        if step.kind in ("whole", "failing"):
            self.held.clear()  # it read the same pages later
        comparing.work(now=now)
        run = fresh(run)
        assert run.saw_all is is_whole, run.saw_less_because
        assert run.started_at is not None
        assert run.items_removed == self.model.end(run.started_at, is_whole=is_whole, now=now)
        if step.kind != "held":
            assert self._sighted(run) == step.values

    def _fetch(self, run: Run, step: Crawl) -> datetime:
        hands = Hands(self.clock)
        claims = hands.claims()
        first, second = claims[f"{A}/"], claims[f"{A}/2"]
        self.clock.advance(10)
        read = [{"key": key, "value": value} for key, value in step.values.items()]
        if step.kind in ("cancelled", "held"):
            hands.commit(visited(first, items=read))
            runs.cancel(run=run, now=self.clock.now())
            hands.release_all()
        elif step.kind == "failing":
            hands.release_all(
                visited(first, items=read), Ended(claim=second, state=Ending.FAILED, reason="timed_out")
            )
        else:
            hands.release_all(visited(first, items=read), visited(second))
        return self.clock.now()

    def _sighted(self, run: Run) -> dict[str, int]:
        """Return what a run saw, by its sightings; what is newer than it was not published."""
        found = Sighting.objects.filter(run=run).values_list("item__key", "version")
        return {key: self.model.lives[key].versions[version - 1] for key, version in found}

    def reread(self, values: Mapping[str, int]) -> None:
        """Store what stored pages give that a run saw just now, as replays do."""
        now = self.clock.now()
        source = Read(url=f"{A}/", run=1, last_seen=now)
        records = [an_item({"key": key, "value": value}) for key, value in values.items()]
        late = {record.key_hash: (source, record) for record in records}
        sql.atomically(lambda: stored.rewrite(self.target.pk, late, now=now))
        self.model.reread(values, seen=now, now=now)

    def restore(self, key: str, version: int) -> None:
        item = Item.objects.filter(target=self.target, key=key).first()
        life = self.model.lives.get(key)
        if item is None or life is None:
            assert item is None
            return
        number = version or len(life.versions)
        with suppress(NothingToRestore):
            services.restore(item=item, version=version or None, by="ada", now=self.clock.now())
            assert life.now != life.versions[number - 1]
            life.become(life.versions[number - 1], self.clock.now())
            life.by_run = False
            return
        assert number > len(life.versions) or life.now == life.versions[number - 1]

    def accept(self) -> None:
        if self.held:
            run, values, seen = self.held.pop(0)
            Run.objects.filter(pk=run.pk).update(publication=Publication.PUBLISHING)
            comparing.work(now=self.clock.now())
            self.model.read(values, seen=seen, now=self.clock.now())

    def compare(self) -> None:
        moments = {moment for life in self.model.lives.values() for moment in life.moments}
        for moment in sorted({*moments, *(one - INSTANT for one in moments), self.clock.now()}):
            said = {k: v for k, life in self.model.lives.items() if (v := life.at(moment)) is not None}
            rows = exports.rows(target=self.target, as_of=moment, page_rows=2)
            assert {row["_key"]: row["value"] for row in rows} == said
            asked = items.Filters(target=self.target.pk, as_of=moment)
            assert {one.item.key: one.data["value"] for one in items.page(self.user, asked).rows} == said
        rows = exports.rows(target=self.target)
        assert {row["_key"]: row["value"] for row in rows} == self.model.present

    def compare_versions(self) -> None:
        """Assert that each item's versions follow each other without a gap in number or overlap in time."""
        for item in Item.objects.filter(target=self.target):
            versions = list(ItemVersion.objects.filter(item=item).order_by("version"))
            assert [one.version for one in versions] == list(range(1, item.version))
            said = [*(one.data["value"] for one in versions), item.data["value"]]
            assert said == self.model.lives[item.key].versions
            begins = [*(one.valid_from for one in versions), item.changed_at][1:]
            for one, following in zip(versions, begins, strict=True):
                assert one.valid_from <= one.valid_to <= following
            assert item.removed_at is None or item.removed_at >= item.changed_at

    def compare_feed(self) -> None:
        """Assert that who reads the changefeed knows in the end what there is, and each step of it."""
        there: dict[str, int] = {}
        last: dict[str, int] = {}
        changes = ItemChange.objects.filter(target=self.target.pk).order_by("number")
        for key, version, kind in changes.values_list("item__key", "version", "kind"):
            if kind == ItemChangeKind.REMOVED:
                assert there.pop(key) == version
            else:
                assert version == last.get(key, 0) + 1
                assert (kind == ItemChangeKind.NEW) is (version == 1)
                there[key] = last[key] = version
        rows = Item.objects.filter(target=self.target, removed_at=None)
        assert there == dict(rows.values_list("key", "version"))


class Read(NamedTuple):
    url: str
    run: int
    last_seen: datetime


def test_each_life_is_as_a_plain_model_has_it(clock: FakeClock) -> None:
    """Whole runs alone remove; intervals never overlap; each moment is as it was."""
    user = operator("ada")

    @settings(max_examples=12, deadline=None, phases=[Phase.explicit, Phase.generate])
    @example(2, RESTORED_BETWEEN)
    @example(1, HELD_MEANWHILE)
    @given(st.integers(1, 2), st.lists(STEPS, min_size=2, max_size=8))
    def lived(removed_after: int, steps: list[Crawl | Reread | Restore | Accept]) -> None:
        target = a_target(f"{A}/", f"{A}/2", removed_after=removed_after, owner=user)
        both = Both(target, user, clock)
        for step in steps:
            both.do(step)
        comparing.work(now=clock.now())
        both.compare()
        both.compare_versions()
        both.compare_feed()

    lived()
