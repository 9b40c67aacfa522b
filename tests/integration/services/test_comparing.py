"""What follows for items when a run has ended: which are gone, and what is told."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db.models import F

from crawler.engine.work import Ended, Ending
from crawler.models import (
    Event,
    EventKind,
    Item,
    ItemChange,
    ItemChangeKind,
    ProblemKind,
    Run,
    RunTrigger,
    Sweep,
)
from crawler.services import comparing, quality, reports, runs
from crawler.stores import removals
from tests.crawling import a_run
from tests.integration.stores.hands import Hands, fresh, visited

if TYPE_CHECKING:
    from datetime import datetime

    from crawler.models import Target
    from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.django_db
A = "http://a.test"
KINDS = (ItemChangeKind.NEW, ItemChangeKind.REMOVED, ItemChangeKind.RESTORED)


def crawl(clock: FakeClock, target: Target, *keys: str, fails: str = "", reports_too: bool = True) -> Run:
    """Have a run see these items on its first page; `fails` is why its second one was not had."""
    run = runs.start(target=target, trigger=RunTrigger.MANUAL, now=clock.now())
    hands = Hands(clock)
    claims = hands.claims()
    results = [visited(claims.pop(f"{A}/"), items=[{"key": key} for key in keys])]
    for claim in claims.values():
        if fails:
            results.append(Ended(claim=claim, state=Ending.FAILED, reason=fails))  # type: ignore[arg-type]
        else:
            results.append(visited(claim))
    clock.advance(10)
    hands.release_all(*results)
    clock.advance(60)
    if reports_too:
        reports.report(run=fresh(run))
        comparing.work(now=clock.now())
    return fresh(run)


@pytest.fixture
def target(clock: FakeClock) -> Target:
    run = a_run(f"{A}/", f"{A}/2", removed_after=2)
    runs.cancel(run=run, now=clock.now())
    return run.target


def present(target: Target) -> set[str]:
    return set(Item.objects.filter(target=target, removed_at=None).values_list("key", flat=True))


def test_item_that_two_whole_runs_did_not_see_is_removed_and_comes_back(
    clock: FakeClock, target: Target
) -> None:
    crawl(clock, target, "a", "b")
    assert crawl(clock, target, "a").items_removed == 0
    second = crawl(clock, target, "a")
    assert present(target) == {"a"}
    assert second.items_removed == 1

    third = crawl(clock, target, "a", "b")

    assert present(target) == {"a", "b"}
    assert third.items_restored == 1
    told = ItemChange.objects.filter(item__key="b").order_by("number").values_list("kind", "version", "run")
    assert [(ItemChangeKind(kind), version) for kind, version, _run in told] == [
        *zip(KINDS, (1, 1, 2), strict=True)
    ]
    assert [run for _kind, _version, run in told][1:] == [second.pk, third.pk]


@pytest.mark.parametrize(("reason", "whole"), [("status-404", True), ("timed_out: 10 s", False)])
def test_only_runs_that_saw_all_count(clock: FakeClock, target: Target, reason: str, *, whole: bool) -> None:
    crawl(clock, target, "a", "b")
    crawl(clock, target, "a", fails=reason)
    run = crawl(clock, target, "a", fails=reason)

    assert run.saw_all is whole
    assert bool(run.saw_less_because) is not whole
    assert present(target) == ({"a"} if whole else {"a", "b"})


def test_pages_that_never_have_a_record_do_no_harm_once_that_is_usual(
    clock: FakeClock, target: Target
) -> None:
    def crawled(*keys: str, lacking: int, row: str = "") -> Run:
        run = crawl(clock, target, *keys, reports_too=False)
        Run.objects.filter(pk=run.pk).update(settings={**run.settings, "row": row})
        ProblemKind.objects.create(run=run, code="key_missing", field="key", count=lacking, pages=lacking)
        reports.report(run=fresh(run))
        comparing.work(now=clock.now())
        return fresh(run)

    assert not crawled("a", "b", lacking=1).saw_all
    assert crawled("a", lacking=1).saw_all
    assert not crawled("a", lacking=2).saw_all
    assert present(target) == {"a", "b"}
    assert crawled("a", lacking=1).saw_all
    assert present(target) == {"a"}

    assert not crawled("a", lacking=1, row="css:li").saw_all, "what other settings find is another matter"


def test_target_that_does_not_ask_keeps_its_items(clock: FakeClock, target: Target) -> None:
    type(target).objects.update(removed_after=None)
    crawl(clock, target, "a", "b")
    for _ in range(3):
        crawl(clock, target, "a")

    assert present(target) == {"a", "b"}


def test_item_whose_own_page_failed_stays(
    clock: FakeClock, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crawler.policy.completeness.MOST_MISSED", 1.0)
    crawl(clock, target, "a", "b")
    Item.objects.filter(key="b").update(url=f"{A}/2")
    for _ in range(2):
        assert crawl(clock, target, "a", fails="status-500").saw_all
    assert present(target) == {"a", "b"}

    crawl(clock, target, "a")
    crawl(clock, target, "a")

    assert present(target) == {"a"}


def test_comparison_that_ran_out_of_time_or_vanished_is_done_by_the_next(
    clock: FakeClock, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    crawl(clock, target, *(f"k{n}" for n in range(7)))
    crawl(clock, target, "k0")
    monkeypatch.setattr(removals, "ROWS_AT_ONCE", 3)
    last = crawl(clock, target, "k0", reports_too=False)
    reports.report(run=last)

    assert not comparing.compare(fresh(last), now=clock.now(), ends_at=time.monotonic())
    left = len(present(target))
    assert left < 7, "two or three of the first three are gone"
    assert not comparing.compare(fresh(last), now=clock.now(), ends_at=time.monotonic())
    assert len(present(target)) < left, "it went on with the next three"
    comparing.work(now=clock.now())

    assert present(target) == {"k0"}
    assert fresh(last).items_removed == 6
    assert not fresh(last).awaits_comparison
    assert not Sweep.objects.exists()


def test_comparison_begins_anew_where_other_runs_count_than_before(
    clock: FakeClock, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    crawl(clock, target, *(f"k{n}" for n in range(7)))
    between = crawl(clock, target, "k0")
    monkeypatch.setattr(removals, "ROWS_AT_ONCE", 3)
    last = crawl(clock, target, "k0", reports_too=False)
    reports.report(run=last)
    for _ in range(2):
        assert not comparing.compare(fresh(last), now=clock.now(), ends_at=time.monotonic())
    gone = Item.objects.exclude(key="k0").order_by("pk")[0]
    Item.objects.filter(pk=gone.pk).update(removed_at=None)

    Run.objects.filter(pk=between.pk).update(started_at=F("started_at") - timedelta(seconds=1))
    assert not comparing.compare(fresh(last), now=clock.now(), ends_at=time.monotonic())

    assert gone.key not in present(target)


def test_comparison_of_a_large_target_keeps_no_others_waiting(
    clock: FakeClock, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    crawl(clock, target, *(f"k{n}" for n in range(9)))
    crawl(clock, target, "k0")
    small = a_run(f"{A}/").target
    monkeypatch.setattr(removals, "ROWS_AT_ONCE", 1)
    order: list[int] = []
    compare = comparing.compare

    def noted(run: Run, *, now: datetime, ends_at: float) -> bool:
        order.append(run.pk)
        return compare(run, now=now, ends_at=ends_at)

    monkeypatch.setattr(comparing, "compare", noted)
    large, other = (
        runs.start(target=one, trigger=RunTrigger.MANUAL, now=clock.now()) for one in (target, small)
    )
    Run.objects.filter(pk__in=[large.pk, other.pk]).update(saw_all=True, awaits_comparison=True)
    Run.objects.filter(pk=large.pk).update(started_at=clock.now())
    for _ in range(4):
        clock.advance(15)
        comparing.work(now=clock.now(), budget_seconds=0.0)

    assert order == [large.pk, other.pk, large.pk, large.pk]
    assert not fresh(other).awaits_comparison


def test_run_is_judged_before_its_report_is_there_which_would_not_be_asked_for_again(
    clock: FakeClock, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = crawl(clock, target, "a", reports_too=False)

    def vanish(*_what: object, **_more: object) -> None:
        raise SystemExit

    monkeypatch.setattr(quality, "note", vanish)
    with pytest.raises(SystemExit):
        reports.report(run=run)

    assert fresh(run).saw_all
    assert fresh(run).report == {}


def test_event_tells_once_how_many_items_became_what(clock: FakeClock, target: Target) -> None:
    run = crawl(clock, target, "a", "b")
    reports.report(run=run)
    comparing.work(now=clock.now())

    (event,) = Event.objects.filter(kind=EventKind.ITEMS_CHANGED)
    assert (event.run_id, event.data) == (run.pk, {"new": 2, "changed": 0, "removed": 0, "restored": 0})

    crawl(clock, target, "a", "b")
    assert Event.objects.filter(kind=EventKind.ITEMS_CHANGED).count() == 1
