"""Runs that look otherwise than before are held: last good data stays current until somebody decides."""

from __future__ import annotations

import time
from base64 import urlsafe_b64encode
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from crawler.models import (
    Event,
    EventKind,
    HeldItem,
    Item,
    ItemChange,
    ItemVersion,
    Page,
    Publication,
    Request,
    RequestState,
    Run,
    RunTrigger,
    Sighting,
)
from crawler.queries import exports, past
from crawler.queries import holding as held
from crawler.queries.paging import BadCursor
from crawler.services import comparing, holding, refresh, reports, runs
from crawler.stores import changes
from tests.crawling import a_run, again
from tests.integration.services.test_quality import START, crawled, things
from tests.integration.stores.hands import Hands, fresh, visited

if TYPE_CHECKING:
    from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.django_db
ENDS = [EventKind.RUN_HELD, EventKind.RUN_ACCEPTED, EventKind.RUN_DISCARDED]


class Killed(Exception):
    """A worker is killed before what it does is committed."""


def usual(clock: FakeClock, **settings: Any) -> Run:
    """Return the last of three runs that say what is usual."""
    run = crawled(a_run(START, **settings), clock, things())
    for _ in range(2):
        run = followed(run, clock, things())
    return run


def followed(run: Run, clock: FakeClock, items: list[dict[str, Any]]) -> Run:
    """Crawl the target of `run` once more, and do what follows for its items."""
    clock.advance(3600)
    after = crawled(again(run), clock, items)
    comparing.work(now=clock.now())
    return fresh(after)


def prices(run: Run) -> list[Any]:
    return [row["price"] for row in exports.rows(target=run.target)]


def told() -> list[str]:
    return list(Event.objects.filter(kind__in=ENDS).order_by("pk").values_list("kind", flat=True))


def fed() -> int:
    """Number what is noted, and return how many changes readers can see."""
    changes.number()
    return ItemChange.objects.count()


def test_run_that_drifts_is_held_and_nothing_of_it_is_seen(clock: FakeClock) -> None:
    last, seen = usual(clock), fed()
    run = followed(last, clock, [*things(price=None), {"key": "another", "name": "Another", "price": None}])

    assert run.publication == Publication.HELD
    assert (run.items, run.items_new, run.items_changed) == (21, 0, 0)
    assert prices(run) == [5.0] * 20
    assert list(exports.rows(target=run.target, run=run)) == []
    assert past.existing(Item.objects.all(), clock.now()).count() == 20
    assert fed() == seen
    assert HeldItem.objects.filter(run=run.pk).count() == 21
    assert not Sighting.objects.filter(run=run).exists()
    page = Page.objects.get()
    event = Event.objects.get(kind=EventKind.RUN_HELD)
    assert event.data["drifts"] == [
        {
            "rule": "coverage",
            "field": "price",
            "wanted": 1.0,
            "found": 0.0,
            "pages": [{"url": START, "page": page.pk}],
        }
    ]
    assert (run.saw_all, run.saw_less_because) == (
        False, "its data looks otherwise than before, and nobody has taken that for usual"
    )  # fmt: skip
    assert run.report["previous"]["items_missing"] == 0


def test_run_of_which_many_requests_failed_says_why_when_it_is_held(clock: FakeClock) -> None:
    run = again(usual(clock))
    refused = Request.objects.get(run=run)
    refused.pk, refused.key = None, b"another".ljust(16)
    refused.state, refused.reason = RequestState.FAILED, "status-403"
    refused.save()
    Run.objects.filter(pk=run.pk).update(discovered=2, failed=1)

    crawled(run, clock, things(price=None))

    said = Event.objects.get(kind=EventKind.RUN_HELD).data
    assert (said["requests"], said["failed"]) == (2, 1)
    assert said["reasons"] == [{"reason": "status-403", "count": 1}]


def test_run_that_looks_as_before_is_published_when_it_was_compared(clock: FakeClock) -> None:
    last = usual(clock)
    clock.advance(3600)
    run = crawled(again(last), clock, things(price=7.0))
    assert (run.publication, prices(run)) == (Publication.PUBLISHING, [5.0] * 20)

    clock.advance(60)
    comparing.work(now=clock.now())

    run = fresh(run)
    assert (run.publication, run.items, run.items_changed) == (Publication.PUBLISHED, 20, 20)
    assert prices(run) == [7.0] * 20
    assert [row["price"] for row in exports.rows(target=run.target, run=run)] == [7.0] * 20
    assert Item.objects.filter(changed_at=clock.now(), run=run.pk, version=2).count() == 20
    assert ItemVersion.objects.filter(valid_to=clock.now()).count() == 20
    assert not HeldItem.objects.exists()
    assert Event.objects.get(kind=EventKind.ITEMS_CHANGED, run=run).data["changed"] == 20


def test_unchanged_items_of_a_published_run_are_seen_when_they_were_read(clock: FakeClock) -> None:
    last = usual(clock)
    clock.advance(3600)
    run = crawled(again(last), clock, things())
    read_at = clock.now()
    clock.advance(60)
    seen = fed()
    comparing.work(now=clock.now())

    assert Item.objects.filter(last_seen=read_at, run=run.pk, version=1).count() == 20
    assert Sighting.objects.filter(run=run, version=1).count() == 20
    assert fed() == seen


def test_first_runs_have_nothing_to_be_compared_with(clock: FakeClock) -> None:
    run = crawled(a_run(START), clock, things())
    assert (run.publication, prices(run)) == (Publication.DIRECT, [5.0] * 20)


@pytest.mark.parametrize("quality", [{"hold": False}, {"drift": False}])
def test_target_that_does_not_want_it_is_not_held(clock: FakeClock, quality: dict[str, bool]) -> None:
    run = followed(usual(clock, quality=quality), clock, things(price=None))

    assert (run.publication, prices(run)) == (Publication.DIRECT, [None] * 20)
    assert told() == []


def test_accepted_run_is_published_and_usual_from_then_on(clock: FakeClock) -> None:
    run = followed(usual(clock), clock, things(price=None))
    seen = fed()

    assert holding.accept(run, by="ada", now=clock.now())
    assert not holding.accept(run, by="ada", now=clock.now())
    assert prices(run) == [5.0] * 20
    comparing.work(now=clock.now())

    assert prices(run) == [None] * 20
    assert fed() == seen + 20
    run = fresh(run)
    assert (run.publication, run.saw_all, run.saw_less_because) == (Publication.PUBLISHED, True, "")
    assert followed(run, clock, things(price=None)).publication == Publication.PUBLISHED
    assert told() == ["run.held", "run.accepted"]
    assert Event.objects.get(kind=EventKind.RUN_ACCEPTED).data == {"items": 20, "by": "ada"}


def test_discarded_run_leaves_items_as_they_are_and_pages_stored(clock: FakeClock) -> None:
    run = followed(usual(clock), clock, things(price=None))
    holding.discard(run, by="ada", now=clock.now())
    comparing.work(now=clock.now())

    assert fresh(run).publication == Publication.DISCARDED
    assert prices(run) == [5.0] * 20
    assert not HeldItem.objects.exists()
    assert Page.objects.filter(run=run.pk).exists()
    assert told() == ["run.held", "run.discarded"]
    with pytest.raises(holding.NotHeld, match=r"is not held \(its items: discarded\)"):
        holding.discard(run, by="ada", now=clock.now())
    assert not holding.accept(run, by="ada", now=clock.now())


@pytest.mark.parametrize("price", [None, 9.0])
def test_later_run_takes_the_place_of_one_that_is_held(clock: FakeClock, price: float | None) -> None:
    run = followed(usual(clock), clock, things(price=None))
    after = followed(run, clock, things(price=price))

    assert fresh(run).publication == Publication.DISCARDED
    assert after.publication == (Publication.HELD if price is None else Publication.PUBLISHED)
    assert Event.objects.get(kind=EventKind.RUN_DISCARDED).data["reason"] == f"run {after.pk} came after it"
    assert set(HeldItem.objects.values_list("run", flat=True)) == ({after.pk} if price is None else set())


def test_held_run_that_nobody_decides_on_is_discarded_in_the_end(clock: FakeClock) -> None:
    run = followed(usual(clock), clock, things(price=None))
    clock.advance(31 * 86_400)
    comparing.work(now=clock.now())

    assert fresh(run).publication == Publication.DISCARDED
    assert Event.objects.get(kind=EventKind.RUN_DISCARDED).data["reason"] == "nobody decided in time"


def test_held_and_drifted_runs_do_not_count_for_removals(clock: FakeClock) -> None:
    last = usual(clock, removed_after=1)
    some = things(10, price=None)
    assert followed(last, clock, some).items_removed == 0
    run = followed(last, clock, some)
    assert Item.objects.filter(removed_at=None).count() == 20

    holding.accept(run, by="ada", now=clock.now())
    comparing.work(now=clock.now())

    assert Item.objects.filter(removed_at=None).count() == 10
    assert fresh(run).items_removed == 10


def test_discarded_run_does_not_count_for_removals_whatever_it_saw(clock: FakeClock) -> None:
    last = usual(clock, removed_after=1)
    run = followed(last, clock, things(10, price=None))
    Run.objects.filter(pk=run.pk).update(saw_all=True, saw_less_because="")
    holding.discard(run, by="", now=clock.now())
    comparing.work(now=clock.now())

    assert not fresh(run).awaits_comparison
    assert Item.objects.filter(removed_at=None).count() == 20


def test_publishing_leaves_half_of_the_time_for_what_follows(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[float] = []
    monkeypatch.setattr(holding, "work", lambda *, now, ends_at: given.append(ends_at))
    before = time.monotonic()
    comparing.work(now=clock.now(), budget_seconds=1_000.0)

    assert before + 500 <= given[0] <= time.monotonic() + 500


def test_run_that_was_cancelled_is_judged_by_its_fields_alone(clock: FakeClock) -> None:
    last = usual(clock)
    for price, publication in ((6.0, Publication.PUBLISHED), (None, Publication.HELD)):
        clock.advance(3600)
        run = runs.start(target=last.target, trigger=RunTrigger.MANUAL, now=clock.now())
        hands = Hands(clock)
        hands.commit(visited(hands.claims()[START], f"{START}more", items=things(12, price=price)))
        runs.cancel(run=run, now=clock.now())
        hands.release_all()
        reports.report(run=fresh(run))
        comparing.work(now=clock.now())
        assert fresh(run).publication == publication
    assert sorted(prices(last)) == [5.0] * 8 + [6.0] * 12


def test_known_pages_are_not_refreshed_while_a_run_is_held(clock: FakeClock) -> None:
    run = followed(usual(clock, refresh_per_day=100_000), clock, things(price=None))
    refresh.put(target=run.target, now=clock.now())
    clock.advance(86_400)
    assert refresh.tick(now=clock.now()) == 0

    holding.discard(run, by="", now=clock.now())
    comparing.work(now=clock.now())
    assert refresh.tick(now=clock.now()) == 1


def test_item_that_was_seen_or_brought_back_after_its_record_was_read_stays(clock: FakeClock) -> None:
    run = followed(usual(clock), clock, things(price=None))
    later = Item.objects.get(key="3")
    clock.advance(60)
    Item.objects.filter(pk=later.pk).update(changed_at=clock.now(), version=later.version + 1)
    holding.accept(run, by="", now=clock.now())
    clock.advance(60)
    comparing.work(now=clock.now())

    assert prices(run).count(None) == 19
    assert Item.objects.get(pk=later.pk).data["price"] == 5.0


def test_what_a_later_run_read_is_published_over_what_an_earlier_one_did(clock: FakeClock) -> None:
    last = usual(clock)
    clock.advance(3600)
    first = crawled(again(last), clock, things(price=7.0))
    clock.advance(3600)
    second = crawled(again(first), clock, [*things(19, price=8.0), *things()[19:]])
    clock.advance(60)
    with CaptureQueriesContext(connection) as asked:
        comparing.work(now=clock.now())

    looks = [one for one in asked if one["sql"].startswith("SELECT") and "crawler_sighting" in one["sql"]]
    assert len(looks) == 1, "of all items at once"
    assert sorted(prices(second)) == [5.0] + [8.0] * 19
    assert (fresh(first).items_changed, fresh(second).items_changed) == (20, 20)
    assert Sighting.objects.filter(run=second, version=3).count() == 20


def test_held_records_are_read_in_parts_without_sorting_all_of_them(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held, "ROWS", 3)
    run = crawled(again(usual(clock)), clock, things(price=None))
    with CaptureQueriesContext(connection) as asked:
        names = sorted(record["name"] for _url, record in held.records(run.pk))

    assert names == [f"Thing {number:02}" for number in range(20)]
    assert len(asked) == 7
    assert all('"crawler_helditem"."key_hash" >' in one["sql"] for one in asked)


def test_records_of_a_key_that_is_read_twice_count_once_and_the_later_is_kept(clock: FakeClock) -> None:
    last = usual(clock)
    again(last)
    hands = Hands(clock)
    claim = hands.claims()[START]
    hands.commit(visited(claim, f"{START}b", items=[{"key": "1", "price": 1}, {"key": "2", "price": 1}]))
    hands.commit(visited(hands.claims()[f"{START}b"], items=[{"key": "1", "price": 2}]))

    assert dict(HeldItem.objects.order_by("pk").values_list("key", "data__price")) == {"1": 2, "2": 1}
    assert Run.objects.latest("pk").items == 2


def test_publishing_that_is_killed_anywhere_publishes_everything_once(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each transaction is killed before its commit once, and then done by one of two workers."""
    monkeypatch.setattr(holding, "ROWS_A_STEP", 3)
    last, new = usual(clock), {"key": "new", "name": "New", "price": 7.0}
    seen = fed()
    run = crawled(again(last), clock, [*things(price=7.0), new])
    steps = 0
    while fresh(run).publication == Publication.PUBLISHING:
        with suppress(Killed), transaction.atomic():
            holding.step(run.pk, now=clock.now())
            raise Killed
        _is_whole(run, seen)
        clock.advance(1)
        holding.step(run.pk, now=clock.now())
        _is_whole(run, seen)
        steps += 1

    assert steps == 8
    assert not holding.step(run.pk, now=clock.now())
    assert prices(run) == [7.0] * 21
    assert (fresh(run).items_new, fresh(run).items_changed) == (1, 20)
    assert Sighting.objects.filter(run=run).count() == 21


def _is_whole(run: Run, seen: int) -> None:
    """Each record is in one place, with one change told of each that is an item."""
    apart = HeldItem.objects.filter(run=run.pk).count()
    assert prices(run).count(7.0) + apart == 21
    assert fed() == seen + 21 - apart
    assert Item.objects.count() >= 20


def test_what_is_held_is_shown_beside_the_items(clock: FakeClock) -> None:
    new = {"key": "new", "name": "New", "price": None}
    run = followed(usual(clock), clock, [*things(19, price=None), new])
    rows = {beside.held.key: beside for beside in held.page(run).rows}

    assert (rows["new"].word, rows["new"].item) == ("new", None)
    assert [(one.field, one.before, one.after) for one in rows["4"].changes] == [("price", 5.0, None)]
    assert rows["4"].word == "changed"
    assert held.of_target(run.target) == run


def test_what_is_held_is_paged_without_sorting_all_of_it(clock: FakeClock) -> None:
    run = crawled(again(usual(clock)), clock, things(price=None))
    first = held.page(run, size=12)
    with CaptureQueriesContext(connection) as asked:
        second = held.page(run, cursor=first.next, size=12)

    assert '"crawler_helditem"."key_hash" >' in asked[0]["sql"]
    assert sorted(row.held.pk for row in (*first.rows, *second.rows)) == sorted(
        HeldItem.objects.values_list("pk", flat=True)
    )
    assert (len(second.rows), second.next) == (8, None)
    back = held.page(run, cursor=second.previous, size=12)
    assert [row.held.pk for row in back.rows] == [row.held.pk for row in first.rows]
    for wrong in ([False, 5], [False, "no base64"], [False, None], [False]):
        with pytest.raises(BadCursor):
            held.page(run, cursor=urlsafe_b64encode(orjson.dumps(wrong)).decode())


def test_runs_that_are_not_published_are_found_by_their_index(db: None) -> None:
    plan = Run.objects.held().values("pk").explain()
    assert connection.vendor != "sqlite" or "run_unpublished" in plan
