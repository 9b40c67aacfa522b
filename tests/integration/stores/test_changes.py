"""What becomes of items is noted once, and numbered in an order that a reader can rely on."""

from __future__ import annotations

import random
import threading
import time
from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from crawler.models import Changefeed, Item, ItemChange, ItemChangeKind, Run, Target, UnnumberedChange
from crawler.queries import changes as feed
from crawler.services import numbering
from crawler.stores import changes, removals, sql
from tests.crawling import a_run, again
from tests.integration.stores.scraped import save

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from django.db.models import QuerySet

    from tests.fakes.clock import FakeClock

NEW, CHANGED, REMOVED, RESTORED = ItemChangeKind
WRITERS = 4
TURNS = 12
KEYS = "abcdef"
LONG = 150


def stored(run: Run, now: datetime, **data: Any) -> None:
    sql.atomically(lambda: save(run, data, now=now))


def gone(run: Run, *keys: str, now: datetime) -> None:
    if ids := list(Item.objects.filter(target=run.target_id, key__in=keys).values_list("pk", flat=True)):
        removals.remove(run.target_id, ids, since=now, run=run.pk, now=now)


def numbered() -> list[tuple[str, int, ItemChangeKind]]:
    """Return what the feed has: key, version and kind of each change."""
    while changes.number(most=2):
        pass
    rows = ItemChange.objects.order_by("number").values_list("item__key", "version", "kind")
    return [(key, version, ItemChangeKind(kind)) for key, version, kind in rows]


@pytest.mark.django_db
def test_each_step_of_an_items_life_is_noted_once(clock: FakeClock) -> None:
    run = a_run("http://shop.test/")
    for step in ({"a": 1, "b": 1}, {"a": 2, "b": 1}, {"a": 2, "b": 1}):
        stored(run, clock.now(), **step)
        clock.advance(60)
    gone(run, "a", now=clock.now())
    gone(run, "a", now=clock.now())
    clock.advance(60)
    stored(run, clock.now(), a=2)
    stored(run, clock.now(), a=2)

    first, second, *later = numbered()
    assert {first, second} == {("a", 1, NEW), ("b", 1, NEW)}
    assert later == [("a", 2, CHANGED), ("a", 2, REMOVED), ("a", 3, RESTORED)]
    run.refresh_from_db()
    counts = (run.items_new, run.items_changed, run.items_removed, run.items_restored)
    assert counts == (2, 1, 1, 1)
    assert set(ItemChange.objects.values_list("run", flat=True)) == {run.pk}


@pytest.mark.django_db
def test_what_was_seen_meanwhile_is_not_removed(clock: FakeClock) -> None:
    run = a_run("http://shop.test/")
    stored(run, clock.now(), a=1, b=1)
    since = clock.now()
    clock.advance(60)
    stored(run, clock.now(), a=1)
    ids = list(Item.objects.values_list("pk", flat=True))

    assert removals.remove(run.target_id, ids, since=since, run=run.pk, now=clock.now()) == 0
    clock.advance(1)
    assert removals.remove(run.target_id, ids, since=clock.now(), run=run.pk, now=clock.now()) == 2


@pytest.mark.django_db
def test_numbers_go_on_where_they_ended_and_nothing_is_numbered_twice(clock: FakeClock) -> None:
    run = a_run("http://shop.test/")
    stored(run, clock.now(), a=1, b=1, c=1)

    assert [changes.number(most=2) for _ in range(3)] == [2, 1, 0]
    stored(run, clock.now(), d=1)
    assert changes.number() == 1

    assert list(ItemChange.objects.order_by("number").values_list("number", flat=True)) == [1, 2, 3, 4]
    assert not UnnumberedChange.objects.exists()
    assert Changefeed.objects.get().last == 4


@pytest.mark.django_db
def test_only_the_beginning_is_forgotten_and_how_far_is_known(clock: FakeClock) -> None:
    run = a_run("http://shop.test/")
    first = clock.now()
    stored(run, first, a=1, b=1)
    clock.advance(60)
    stored(run, clock.now(), c=1)
    stored(run, first, d=1)  # by a clock that is late: it stays until what came before it goes
    numbered()

    assert changes.forget(before=clock.now()) == 2
    assert changes.forget(before=clock.now()) == 0

    assert Changefeed.objects.get().forgotten == 2
    assert list(ItemChange.objects.order_by("number").values_list("number", flat=True)) == [3, 4]


class Crowd:
    """Threads with a connection each; `errors` are those that came out."""

    def __init__(self) -> None:
        self.errors: list[BaseException] = []
        self.threads: list[threading.Thread] = []

    def start(self, work: Callable[[], None]) -> None:
        def guarded() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - the test shows it
                self.errors.append(error)
            finally:
                connection.close()

        self.threads.append(threading.Thread(target=guarded))
        self.threads[-1].start()

    def end(self) -> None:
        for thread in self.threads:
            thread.join(LONG)
        assert self.errors == []
        assert not any(thread.is_alive() for thread in self.threads)


def writing(run: Run, chance: random.Random) -> Callable[[], None]:
    """Return the work of one who stores what pages say, removes items, and takes its time to commit."""

    def once() -> None:
        now = timezone.now()
        keys = sorted(chance.sample(KEYS, 3))
        if chance.random() < 0.3:
            gone(run, *keys, now=now.replace(year=2099))
        else:
            save(run, {key: chance.randrange(3) for key in keys}, now=now)
        time.sleep(chance.random() / 200)

    def work() -> None:
        for _ in range(TURNS):
            sql.atomically(once)

    return work


class Follower:
    """Follows the feed in small steps, and often goes on after a change within a page."""

    def __init__(self, targets: QuerySet[Target], chance: random.Random) -> None:
        self.read: list[feed.Told] = []
        self._targets = targets
        self._chance = chance
        self._cursor = 0

    def step(self) -> bool:
        """Read a few changes; say whether there were any."""
        numbering.catch_up()
        page = feed.since(self._targets, cursor=self._cursor, target=None, limit=self._chance.randrange(1, 6))
        kept = page.rows[: self._chance.randrange(1, len(page.rows) + 1)] if page.rows else ()
        self.read += kept
        self._cursor = kept[-1].change.number if kept else page.cursor
        return bool(page.rows)


def assert_whole(read: list[feed.Told], run: Run) -> None:
    """Assert that what was read is every change, once, in the order of each item's versions."""
    numbers = [told.change.number for told in read]
    assert numbers == sorted(set(numbers))
    lives: dict[str, list[tuple[int, ItemChangeKind]]] = defaultdict(list)
    for told in read:
        lives[told.item.key].append((told.change.version, told.kind))
    for life in lives.values():
        assert life[0] == (1, NEW)
        for (version, kind), (later, became) in pairwise(life):
            expected = (version, REMOVED) if became is REMOVED else (version + 1, CHANGED)
            assert (later, became) == ((version + 1, RESTORED) if kind is REMOVED else expected)
    stands = {item.key: (item.version, item.removed_at is not None) for item in run.target.items.all()}
    assert stands == {key: (life[-1][0], life[-1][1] is REMOVED) for key, life in lives.items()}


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.parametrize("seed", [1, 2])
def test_reader_beside_writers_gets_every_change_once_and_in_order(seed: int) -> None:
    run = a_run("http://shop.test/")
    crowd = Crowd()
    for number in range(WRITERS):
        crowd.start(writing(run, random.Random(seed * 100 + number)))
    follower = Follower(Target.objects.all(), random.Random(seed))
    while any(thread.is_alive() for thread in crowd.threads):
        follower.step()
    crowd.end()
    while follower.step() or changes.wait():
        pass

    assert_whole(follower.read, run)
    assert len(follower.read) == ItemChange.objects.count() >= len(KEYS)


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_change_that_commits_late_comes_after_what_was_read_before(clock: FakeClock) -> None:
    run = a_run("http://shop.test/")
    other = again(run)  # each run's row is locked by whoever stores something of it
    written, may_end = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            save(other, {"slow": 1}, now=clock.now())
            written.set()
            assert may_end.wait(LONG)

    crowd = Crowd()
    crowd.start(slow)
    assert written.wait(LONG)
    stored(run, clock.now(), quick=1)
    assert numbered() == [("quick", 1, NEW)]
    may_end.set()
    crowd.end()

    assert numbered() == [("quick", 1, NEW), ("slow", 1, NEW)]


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_item_that_two_find_at_once_is_new_once(clock: FakeClock) -> None:
    run = a_run("http://shop.test/")
    other = again(run)
    written, may_end = threading.Event(), threading.Event()

    def first() -> None:
        with transaction.atomic():
            save(other, {"m": 1}, now=clock.now())
            written.set()
            assert may_end.wait(LONG)

    def second() -> None:
        assert written.wait(LONG)
        may_end_soon = threading.Timer(0.2, may_end.set)
        may_end_soon.start()
        stored(run, clock.now(), a=1, m=1, z=1)
        may_end_soon.join()

    crowd = Crowd()
    crowd.start(first)
    crowd.start(second)
    crowd.end()

    assert sorted(numbered()) == [("a", 1, NEW), ("m", 1, NEW), ("z", 1, NEW)]
    run.refresh_from_db()
    other.refresh_from_db()
    assert (run.items_new, other.items_new) == (2, 1)
