"""Items as they were at any moment, beside a plain model in memory."""

from __future__ import annotations

from bisect import bisect_right
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.models import Item
from crawler.queries import exports, items, past
from crawler.services import items as services
from crawler.services.items import NothingToRestore
from crawler.stores import removals, sql
from tests.crawling import a_run
from tests.integration.stores.scraped import save
from tests.people import operator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.contrib.auth.models import User

    from crawler.models import Run

pytestmark = pytest.mark.django_db
BEGINNING = datetime(2026, 3, 1, 12, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
KEYS = st.sampled_from("abc")
VALUES = st.integers(0, 2)
STEPS = st.tuples(
    st.integers(-30, 60),  # by the clock of another node time may go back
    st.one_of(
        st.dictionaries(KEYS, VALUES, min_size=1),
        KEYS,
        st.tuples(KEYS, st.integers(0, 4)),
    ),
)


@dataclass
class Life:
    """What an item said from which moments on (None: it was not there), and what each version said."""

    moments: list[datetime] = field(default_factory=list)
    said: list[int | None] = field(default_factory=list)
    versions: list[int] = field(default_factory=list)

    def become(self, value: int | None, now: datetime) -> None:
        self.moments.append(max(now, self.moments[-1]) if self.moments else now)
        self.said.append(value)
        if value is not None:
            self.versions.append(value)

    def at(self, moment: datetime) -> int | None:
        place = bisect_right(self.moments, moment)
        return self.said[place - 1] if place else None


class Both:
    """Does each step to the database and to the model."""

    def __init__(self, run: Run, user: User) -> None:
        self.run = run
        self.user = user
        self.lives: dict[str, Life] = {}

    def see(self, values: Mapping[str, int], now: datetime) -> None:
        sql.atomically(lambda: save(self.run, values, now=now))
        for key, value in values.items():
            life = self.lives.setdefault(key, Life())
            if not life.said or life.said[-1] != value:
                life.become(value, now)

    def remove(self, key: str, now: datetime) -> None:
        item = Item.objects.filter(target=self.run.target_id, key=key, removed_at=None).first()
        if item is not None:
            since = max(item.last_seen, item.changed_at) + INSTANT
            removals.remove(self.run.target_id, [item.pk], since=since, run=self.run.pk, now=now)
            self.lives[key].become(None, max(now, since))

    def restore(self, key: str, version: int, now: datetime) -> None:
        item = Item.objects.filter(target=self.run.target_id, key=key).first()
        if item is not None:
            life = self.lives[key]
            number = version or len(life.versions)
            with suppress(NothingToRestore):
                services.restore(item=item, version=version or None, by=self.user.get_username(), now=now)
                assert number <= len(life.versions)
                assert life.said[-1] != life.versions[number - 1]
                life.become(life.versions[number - 1], now)
                return
            assert number > len(life.versions) or life.said[-1] == life.versions[number - 1]

    def compare(self, moment: datetime) -> None:
        """Assert that list and export tell of a moment what the model does."""
        said = {key: value for key, life in self.lives.items() if (value := life.at(moment)) is not None}
        rows = exports.rows(target=self.run.target, as_of=moment, page_rows=2)
        assert [(row["_key"], row["value"]) for row in rows] == self._sorted(said)
        asked = items.Filters(target=self.run.target_id, as_of=moment)
        page = items.page(self.user, asked)
        assert {line.item.key: line.data["value"] for line in page.rows} == said

    def compare_history(self, moment: datetime) -> None:
        """Assert that the version whose time a moment is in is what there was then."""
        for item in Item.objects.filter(target=self.run.target_id):
            held = [
                version.data["value"]
                for version in past.history(item)
                if version.since <= moment and (version.until is None or moment < version.until)
            ]
            said = self.lives[item.key].at(moment)
            assert held == ([] if said is None else [said])

    def compare_field(self, moment: datetime) -> None:
        """Assert that the history of a field has one time around a moment, in which it said what it did."""
        for item in Item.objects.filter(target=self.run.target_id):
            said = self.lives[item.key].at(moment)
            for name, value in (("value", said), ("key", item.key)):
                times = past.history(item, field=name)
                assert [
                    version.data[name]
                    for version in times
                    if version.since <= moment and (version.until is None or moment < version.until)
                ] == ([] if said is None else [value])
                pairs = pairwise(times)
                assert all(new.data[name] != old.data[name] for new, old in pairs if new.since == old.until)

    def compare_now(self) -> None:
        said = {key: life.said[-1] for key, life in self.lives.items() if life.said[-1] is not None}
        rows = exports.rows(target=self.run.target)
        assert [(row["_key"], row["value"]) for row in rows] == self._sorted(said)

    def _sorted(self, said: Mapping[str, Any]) -> list[tuple[str, Any]]:
        ids = dict(Item.objects.filter(target=self.run.target_id).values_list("key", "pk"))
        return sorted(said.items(), key=lambda pair: ids[pair[0]])


@settings(max_examples=25, deadline=None)
@given(st.lists(STEPS, min_size=1, max_size=10))
def test_each_moment_is_as_a_plain_model_has_it(steps: list[tuple[int, Any]]) -> None:
    run = a_run("http://shop.test/")
    user = operator(f"ada{run.pk}")
    type(run.target).objects.filter(pk=run.target_id).update(owner=user)
    both, now = Both(run, user), BEGINNING
    for seconds, step in steps:
        now += timedelta(seconds=seconds)
        match step:
            case dict():
                both.see(step, now)
            case str():
                both.remove(step, now)
            case (key, version):
                both.restore(key, version, now)

    both.compare_now()
    moments = {moment for life in both.lives.values() for moment in life.moments}
    for moment in sorted({*moments, *(moment - INSTANT for moment in moments), BEGINNING.replace(year=2099)}):
        both.compare(moment)
        both.compare_history(moment)
        both.compare_field(moment)
