"""Deadlines of targets and runs: given, pressed for, met or missed once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from crawler.models import TIME_LIMIT, Backlog, Event, EventKind, Run, RunState, RunTrigger, Target
from crawler.queue import Lane
from crawler.services import deadlines, runs, targets
from crawler.stores import runs as rows
from tests.crawling import a_run, a_target

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rung")]
NOW = datetime(2026, 3, 2, 5, 30, tzinfo=UTC)
BERLIN = {"time": "07:00", "timezone": "Europe/Berlin"}
HOUR = timedelta(hours=1)


def a_run_with_deadline(*, at: datetime | None, priority: int = 2) -> Run:
    run = a_run(priority=priority)
    deadlines.put(run=run, at=at, now=NOW)
    return run


def told(run: Run) -> list[str]:
    events = Event.objects.filter(run=run, kind__startswith="deadline").order_by("id")
    return list(events.values_list("kind", flat=True))


def end(run: Run, *, state: RunState = RunState.FINISHED, at: datetime, reason: str = "") -> Run:
    rows.finish(run.pk, state=state, reason=reason, now=at)
    run.refresh_from_db()
    return run


def test_a_run_begins_with_the_next_deadline_of_its_target() -> None:
    target = a_target(deadline=BERLIN)

    before = runs.start(target=target, trigger=RunTrigger.SCHEDULE, now=NOW)
    after = runs.start(target=target, trigger=RunTrigger.MANUAL, now=NOW + HOUR)

    assert before.deadline_at == datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
    assert after.deadline_at == datetime(2026, 3, 3, 6, 0, tzinfo=UTC)
    assert a_run().deadline_at is None


def test_a_deadline_in_an_hour_that_is_skipped_comes_right_after_it() -> None:
    target = a_target(deadline={"time": "02:30", "timezone": "Europe/Berlin"})
    evening = datetime(2026, 3, 28, 20, 0, tzinfo=UTC)  # the clocks go forward that night

    run = runs.start(target=target, trigger=RunTrigger.MANUAL, now=evening)

    assert run.deadline_at == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)


def test_a_nearing_deadline_moves_the_run_and_its_backlogs_a_step_each_time(rung: list[Lane]) -> None:
    run = a_run_with_deadline(at=NOW + timedelta(minutes=6), priority=6)
    seen = []
    for _ in range(4):
        deadlines.watch(now=NOW)
        run.refresh_from_db()
        seen.append(run.priority)

    assert seen == [7, 8, 9, 9]
    assert set(Backlog.objects.filter(run=run).values_list("priority", flat=True)) == {9}
    assert run.base_priority == 6
    assert rung == [Lane.URGENT], "the bell is rung where the lane changes"


def test_a_deadline_far_away_presses_nobody() -> None:
    run = a_run_with_deadline(at=NOW + 5 * HOUR)

    assert deadlines.watch(now=NOW) == 0
    run.refresh_from_db()
    assert (run.priority, run.deadline_met) == (2, None)


def test_more_work_presses_sooner() -> None:
    little = a_run_with_deadline(at=NOW + HOUR)
    much = a_run_with_deadline(at=NOW + HOUR)
    Run.objects.filter(pk=much.pk).update(
        discovered=2_000, done=1, settings=much.settings | {"delay_seconds": 1.0}
    )

    deadlines.watch(now=NOW)

    assert list(Run.objects.order_by("pk").values_list("priority", flat=True)) == [2, 3]
    assert little.pk < much.pk


def test_what_the_run_before_had_counts_as_work() -> None:
    target = a_target(priority=2, delay_seconds=1.0)
    first = runs.start(target=target, trigger=RunTrigger.MANUAL, now=NOW)
    Run.objects.filter(pk=first.pk).update(pages=2_000)
    end(first, at=NOW)
    run = runs.start(target=target, trigger=RunTrigger.MANUAL, now=NOW)
    deadlines.put(run=run, at=NOW + HOUR, now=NOW)

    assert deadlines.watch(now=NOW) == 1


def test_a_persons_priority_is_what_the_deadline_begins_from() -> None:
    run = a_run_with_deadline(at=NOW + timedelta(minutes=6))
    for _ in range(9):
        deadlines.watch(now=NOW)

    run.refresh_from_db()
    assert run.priority == 9

    deadlines.move(run=run, priority=4, now=NOW)
    assert (run.priority, run.base_priority) == (9, 4)
    assert set(Backlog.objects.filter(run=run).values_list("priority", flat=True)) == {9}
    assert deadlines.watch(now=NOW) == 0


@pytest.mark.parametrize(("own", "moved"), [(9, 9), (6, 7), (3, 5), (1, 3)])
def test_a_moved_run_is_at_once_as_urgent_as_its_deadline_makes_it(own: int, moved: int) -> None:
    run = a_run_with_deadline(at=NOW + timedelta(minutes=17))
    while deadlines.watch(now=NOW):
        pass
    run.refresh_from_db()
    assert (run.priority, run.base_priority) == (4, 2)

    deadlines.move(run=run, priority=own, now=NOW)

    assert (run.priority, run.base_priority) == (moved, own)
    assert deadlines.watch(now=NOW) == 0


def test_a_missed_deadline_is_told_once_and_presses_no_more() -> None:
    run = a_run_with_deadline(at=NOW + timedelta(minutes=1), priority=7)
    for _ in range(3):
        deadlines.watch(now=NOW)
    late = NOW + timedelta(minutes=2)
    for _ in range(4):
        deadlines.watch(now=late)

    run.refresh_from_db()
    assert (run.deadline_met, run.priority) == (False, 7)
    end(run, at=late)
    assert run.deadline_met is False
    assert told(run) == [EventKind.DEADLINE_MISSED]


@pytest.mark.parametrize(
    ("state", "minutes", "reason", "met"),
    [
        (RunState.FINISHED, -1, "", True),
        (RunState.FINISHED, 0, "", True),
        (RunState.FINISHED, 1, "", False),
        (RunState.FINISHED, -1, TIME_LIMIT, False),
        (RunState.FAILED, -1, "no start URL could be fetched", False),
    ],
)
def test_a_run_meets_its_deadline_when_it_is_whole_in_time(
    state: RunState, minutes: int, reason: str, met: bool
) -> None:
    run = a_run_with_deadline(at=NOW)

    end(run, state=state, reason=reason, at=NOW + timedelta(minutes=minutes))

    assert run.deadline_met is met
    assert told(run) == [EventKind.DEADLINE_MET if met else EventKind.DEADLINE_MISSED]


def test_a_run_cancelled_in_time_neither_meets_nor_misses_its_deadline() -> None:
    run = a_run_with_deadline(at=NOW + HOUR)

    runs.cancel(run=run, now=NOW)
    deadlines.watch(now=NOW + 2 * HOUR)

    run.refresh_from_db()
    assert (run.deadline_met, told(run)) == (None, [])


def test_a_paused_run_is_not_pressed_but_may_miss_its_deadline() -> None:
    run = a_run_with_deadline(at=NOW + timedelta(minutes=6))
    runs.pause(run=run, now=NOW)

    assert deadlines.watch(now=NOW) == 0
    deadlines.watch(now=NOW + HOUR)

    run.refresh_from_db()
    assert run.deadline_met is False


def test_a_deadline_that_is_taken_away_leaves_the_runs_own_priority() -> None:
    run = a_run_with_deadline(at=NOW + timedelta(minutes=6))
    deadlines.watch(now=NOW)
    run.refresh_from_db()
    assert run.priority == 3

    deadlines.put(run=run, at=None, now=NOW)

    run.refresh_from_db()
    assert (run.priority, run.deadline_at) == (2, None)


def test_a_deadline_is_not_changed_once_it_is_decided() -> None:
    missed = a_run_with_deadline(at=NOW)
    deadlines.watch(now=NOW + HOUR)
    ended = end(a_run(), at=NOW)

    with pytest.raises(runs.WrongState, match="missed"):
        deadlines.put(run=missed, at=NOW + 3 * HOUR, now=NOW + HOUR)
    with pytest.raises(runs.WrongState, match="ended"):
        deadlines.put(run=ended, at=NOW + 3 * HOUR, now=NOW + HOUR)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ("07:00", "deadline"),
        ({}, "deadline.time"),
        ({"time": "7 o'clock"}, "deadline.time"),
        ({"time": "24:00"}, "deadline.time"),
        ({"time": 7}, "deadline.time"),
        ({"time": "07:00", "timezone": "Berlin"}, "deadline.timezone"),
        ({"time": "07:00", "days": "weekdays"}, "deadline.days"),
    ],
)
def test_what_is_no_deadline_is_refused_beside_its_field(given: object, field: str) -> None:
    data = {"name": "A", "start_urls": ["http://site.test/"], "deadline": given}

    with pytest.raises(targets.InvalidTarget) as refused:
        targets.create(owner=None, data=data, now=NOW)

    assert [problem.field for problem in refused.value.problems] == [field]


def test_a_deadline_is_stored_as_it_is_meant() -> None:
    data = {"name": "A", "start_urls": ["http://site.test/"], "deadline": {"time": "7:05"}}

    target = targets.create(owner=None, data=data, now=NOW)

    assert Target.objects.get(pk=target.pk).deadline == {"time": "07:05", "timezone": "UTC"}
    targets.update(target=target, data={"deadline": None}, now=NOW)
    assert Target.objects.get(pk=target.pk).deadline is None


def test_a_schedule_that_starts_too_late_for_the_deadline_is_warned_of() -> None:
    data = {
        "name": "A",
        "start_urls": ["http://site.test/"],
        "deadline": {"time": "07:00"},
        "schedule": {"cron": "30 6 * * *", "spread": False},
    }
    target = targets.create(owner=None, data=data | {"max_pages": 10_000}, now=timezone.now())

    [warned] = [each for each in targets.warnings(target=target, now=NOW) if each.field == "deadline"]

    assert "runs start at most 30 min before it, and one takes at least 3 h 12 min" in warned.message
    targets.update(target=target, data={"max_pages": 100}, now=NOW)
    assert not targets.warnings(target=target, now=NOW)
