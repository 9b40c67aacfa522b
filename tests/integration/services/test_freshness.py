"""How the dead man's switch judges targets: fresh, late, recovered, each told once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crawler.models import TIME_LIMIT, Event, EventKind, FreshnessWatch, Run, RunState, RunTrigger, Target
from crawler.policy.freshness import Freshness
from crawler.queries import freshness as ages
from crawler.services import freshness, schedules, targets
from tests.together import twice_at_once

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def promised(hours: int | None = 24, **settings: Any) -> Target:
    data = {"name": "Shop", "start_urls": ["https://shop.test/"], **settings}
    return targets.create(owner=None, data=data | {"max_age_seconds": hours and hours * 3600}, now=NOW)


def a_complete_run(target: Target, *, start: datetime, **columns: Any) -> Run:
    values: dict[str, Any] = {"state": RunState.FINISHED, "pages": 3, "settled": True}
    values |= {"started_at": start, "finished_at": start + HOUR}
    return Run.objects.create(target=target, **values | columns)


def state_of(target: Target) -> tuple[str, datetime]:
    found = FreshnessWatch.objects.get(target=target)
    return found.state, found.since


def told() -> list[str]:
    return list(Event.objects.order_by("id").values_list("kind", flat=True))


def test_a_target_without_a_promise_is_not_judged() -> None:
    promised(None)
    assert freshness.watch(now=NOW + 1000 * DAY) == 0
    assert not FreshnessWatch.objects.exists()


def test_a_target_that_never_ran_is_late_when_its_time_is_over() -> None:
    target = promised()
    assert freshness.watch(now=NOW + DAY - HOUR) == 0
    assert state_of(target) == (Freshness.AWAITED, NOW)
    assert freshness.watch(now=NOW + DAY) == 1
    assert state_of(target) == (Freshness.LATE, NOW + DAY)
    assert told() == [EventKind.FRESHNESS_LATE]


def test_each_change_is_told_once() -> None:
    target = promised()
    a_complete_run(target, start=NOW)
    moments = [HOUR, 2 * HOUR, DAY, DAY + HOUR, 10 * DAY]
    for moment in moments:
        freshness.watch(now=NOW + moment)
    assert state_of(target) == (Freshness.LATE, NOW + DAY)
    a_complete_run(target, start=NOW + 10 * DAY)
    for moment in (10 * DAY + 2 * HOUR, 10 * DAY + 3 * HOUR):
        freshness.watch(now=NOW + moment)
    assert state_of(target) == (Freshness.RECOVERED, NOW + 10 * DAY + HOUR)
    late, recovered = Event.objects.order_by("id")
    assert (late.kind, recovered.kind) == (EventKind.FRESHNESS_LATE, EventKind.FRESHNESS_RECOVERED)
    since = {"since": (NOW + DAY).isoformat(), "late_seconds": None}
    assert late.data == {"max_age_seconds": 86400, "as_of": NOW.isoformat()} | since
    assert recovered.data["late_seconds"] == timedelta(days=9, hours=1).total_seconds()


def test_recovered_data_is_fresh_again_after_a_day() -> None:
    target = promised(48)
    freshness.watch(now=NOW + 3 * DAY)
    a_complete_run(target, start=NOW + 3 * DAY)
    freshness.watch(now=NOW + 3 * DAY + 2 * HOUR)
    freshness.watch(now=NOW + 4 * DAY + 2 * HOUR)
    assert state_of(target) == (Freshness.FRESH, NOW + 3 * DAY + HOUR)
    assert told() == [EventKind.FRESHNESS_LATE, EventKind.FRESHNESS_RECOVERED]


@pytest.mark.parametrize(
    "columns",
    [
        {"state": RunState.FAILED, "pages": 0},
        {"state": RunState.CANCELLED},
        {"state": RunState.RUNNING, "finished_at": None},
        {"reason": TIME_LIMIT},
    ],
    ids=["failed", "cancelled", "running", "out of time"],
)
def test_a_run_that_did_not_renew_everything_makes_nothing_fresh(columns: dict[str, Any]) -> None:
    target = promised()
    a_complete_run(target, start=NOW + HOUR, **columns)
    freshness.watch(now=NOW + 23 * HOUR)
    assert state_of(target)[0] == Freshness.AWAITED
    freshness.watch(now=NOW + DAY)
    assert state_of(target)[0] == Freshness.LATE


def test_a_run_that_found_nothing_changed_makes_data_fresh() -> None:
    target = promised()
    a_complete_run(target, start=NOW + 20 * HOUR, pages=3, pages_unchanged=3)
    freshness.watch(now=NOW + DAY)
    assert state_of(target)[0] == Freshness.FRESH


def test_data_gets_late_when_the_schedule_starts_nothing_any_more() -> None:
    target = promised(schedule={"every_seconds": 3600})
    schedules.rest(target=target)
    freshness.watch(now=NOW + DAY)
    assert state_of(target)[0] == Freshness.LATE


def test_a_disabled_target_rests_and_its_promise_counts_anew_when_it_is_enabled() -> None:
    target = promised()
    targets.update(target=target, data={"enabled": False}, now=NOW)
    assert freshness.watch(now=NOW + 9 * DAY) == 0
    targets.update(target=target, data={"enabled": True}, now=NOW + 10 * DAY)
    freshness.watch(now=NOW + 10 * DAY)
    assert state_of(target) == (Freshness.AWAITED, NOW + 10 * DAY)
    freshness.watch(now=NOW + 11 * DAY)
    assert told() == [EventKind.FRESHNESS_LATE]


def test_a_changed_promise_is_judged_at_the_next_look() -> None:
    target = promised(1)
    freshness.watch(now=NOW + 2 * HOUR)
    a_complete_run(target, start=NOW - 2 * HOUR)
    targets.update(target=target, data={"max_age_seconds": 86400}, now=NOW + 3 * HOUR)
    freshness.watch(now=NOW + 3 * HOUR)
    assert state_of(target) == (Freshness.RECOVERED, NOW + 3 * HOUR)
    targets.update(target=target, data={"max_age_seconds": None}, now=NOW + 3 * HOUR)
    assert not FreshnessWatch.objects.exists()


def test_deleted_targets_are_not_judged() -> None:
    targets.delete(target=promised(), now=NOW)
    assert freshness.watch(now=NOW + 9 * DAY) == 0
    assert sum(ages.summary().by_state.values()) == 0


def test_more_targets_than_one_query_reads_are_all_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(freshness, "BATCH", 2)
    for _ in range(5):
        promised()
    assert freshness.watch(now=NOW + DAY) == 5
    assert ages.summary().by_state[Freshness.LATE] == 5


def test_the_newest_complete_run_counts_and_not_a_later_part_of_the_target() -> None:
    target = promised()
    a_complete_run(target, start=NOW)
    a_complete_run(target, start=NOW + 5 * HOUR)
    a_complete_run(target, start=NOW + 9 * HOUR, state=RunState.FAILED, trigger=RunTrigger.API)
    data = ages.data_of(target)
    assert data is not None
    assert (data.as_of, data.stored_at) == (NOW + 5 * HOUR, NOW + 6 * HOUR)


@pytest.mark.django_db(transaction=True)
def test_two_looks_at_once_tell_of_a_change_once() -> None:
    for _ in range(20):
        promised()

    twice_at_once(lambda: freshness.watch(now=NOW + DAY))

    assert told() == [EventKind.FRESHNESS_LATE] * 20
