"""When data counts as fresh, late and recovered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crawler.policy.freshness import Data, Freshness, Judgement, judge

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LONG_AGO = NOON - 100 * DAY
NEW = Judgement(state=Freshness.AWAITED, since=NOON, until=NOON)


def data(as_of: datetime, *, took: timedelta = HOUR) -> Data:
    return Data(as_of=as_of, stored_at=as_of + took)


def judged_before(state: Freshness, since: datetime = NOON) -> Judgement:
    return Judgement(state=state, since=since, until=None)


def test_nothing_is_late_before_its_time_when_no_run_ever_happened() -> None:
    just_before = judge(NEW, data=None, armed_at=NOON, max_age=DAY, now=NOON + DAY - HOUR)
    assert just_before == Judgement(state=Freshness.AWAITED, since=NOON, until=NOON + DAY)
    late = judge(just_before, data=None, armed_at=NOON, max_age=DAY, now=NOON + DAY)
    assert late == Judgement(state=Freshness.LATE, since=NOON + DAY, until=None)


def test_data_is_as_old_as_the_start_of_its_run() -> None:
    slow = data(NOON, took=23 * HOUR)
    fresh = judge(NEW, data=slow, armed_at=NOON, max_age=DAY, now=NOON + 23.5 * HOUR)
    assert fresh == Judgement(state=Freshness.FRESH, since=NOON + 23 * HOUR, until=NOON + DAY)
    assert judge(fresh, data=slow, armed_at=NOON, max_age=DAY, now=NOON + DAY).state == Freshness.LATE


def test_what_was_late_while_nobody_looked_has_been_late_since_it_became_so() -> None:
    fresh = judged_before(Freshness.FRESH)
    late = judge(fresh, data=data(NOON), armed_at=LONG_AGO, max_age=DAY, now=NOON + 10 * DAY)
    assert late == Judgement(state=Freshness.LATE, since=NOON + DAY, until=None)
    later = judge(late, data=data(NOON), armed_at=LONG_AGO, max_age=DAY, now=NOON + 20 * DAY)
    assert later == late


def test_late_data_recovers_with_the_run_that_renews_it_and_is_fresh_again_after_a_while() -> None:
    late = judged_before(Freshness.LATE)
    renewed = data(NOON + HOUR)
    recovered = judge(late, data=renewed, armed_at=LONG_AGO, max_age=2 * DAY, now=NOON + 3 * HOUR)
    since = NOON + 2 * HOUR
    assert recovered == Judgement(state=Freshness.RECOVERED, since=since, until=since + DAY)
    fresh = judge(recovered, data=renewed, armed_at=LONG_AGO, max_age=2 * DAY, now=since + DAY)
    assert fresh == Judgement(state=Freshness.FRESH, since=since, until=NOON + HOUR + 2 * DAY)


def test_recovered_data_gets_late_again() -> None:
    recovered = judged_before(Freshness.RECOVERED)
    late = judge(recovered, data=data(NOON - HOUR), armed_at=LONG_AGO, max_age=2 * HOUR, now=NOON + HOUR)
    assert late == Judgement(state=Freshness.LATE, since=NOON + HOUR, until=None)


def test_a_run_that_took_longer_than_data_may_be_old_makes_nothing_fresh() -> None:
    late = judged_before(Freshness.LATE)
    slow = data(NOON, took=3 * HOUR)
    assert judge(late, data=slow, armed_at=LONG_AGO, max_age=2 * HOUR, now=NOON + 3 * HOUR) == late


def test_a_promise_counts_from_when_it_was_made() -> None:
    old = data(NOON - 10 * DAY)
    awaited = judge(NEW, data=old, armed_at=NOON, max_age=DAY, now=NOON)
    assert (awaited.state, awaited.until) == (Freshness.AWAITED, NOON + DAY)


def test_a_promise_that_is_relaxed_recovers_at_once() -> None:
    late = judged_before(Freshness.LATE)
    recovered = judge(late, data=data(NOON - 2 * DAY), armed_at=LONG_AGO, max_age=9 * DAY, now=NOON + HOUR)
    assert recovered == Judgement(state=Freshness.RECOVERED, since=NOON + HOUR, until=NOON + HOUR + DAY)


@pytest.mark.parametrize("state", list(Freshness))
@pytest.mark.parametrize("data_", [None, data(NOON), data(NOON - 2 * DAY)], ids=["none", "young", "old"])
def test_judging_twice_at_the_same_moment_changes_nothing(state: Freshness, data_: Data | None) -> None:
    now = NOON + 2 * HOUR
    once = judge(judged_before(state, NOON - HOUR), data=data_, armed_at=LONG_AGO, max_age=DAY, now=now)
    assert judge(once, data=data_, armed_at=LONG_AGO, max_age=DAY, now=now) == once
