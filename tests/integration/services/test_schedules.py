"""Which runs a tick starts, and which it does not, and why."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from crawler.models import Run, RunState, RunTrigger, Schedule, Target
from crawler.services import runs, schedules, targets

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def scheduled(**schedule: Any) -> Target:
    data = {
        "name": "Shop",
        "start_urls": ["https://shop.test/"],
        "schedule": {"every_seconds": 3600, **schedule},
    }
    return targets.create(owner=None, data={key: value for key, value in data.items() if value}, now=NOW)


def daily(**schedule: Any) -> Target:
    return scheduled(every_seconds=None, cron="0 6 * * *", timezone="Europe/Berlin", **schedule)


def end(run: Run, at: datetime) -> None:
    Run.objects.filter(pk=run.pk).update(state=RunState.FINISHED, finished_at=at)


def nominal_times() -> list[datetime | None]:
    return list(Run.objects.order_by("id").values_list("nominal_at", flat=True))


def test_nothing_starts_before_its_time() -> None:
    scheduled()

    assert schedules.tick(now=NOW + HOUR - timedelta(seconds=1)) == 0


def test_what_is_due_starts_once_and_the_next_time_is_set() -> None:
    target = scheduled()

    started = schedules.tick(now=NOW + HOUR + timedelta(seconds=3))
    again = schedules.tick(now=NOW + HOUR + timedelta(seconds=8))

    run = Run.objects.get()
    assert (started, again) == (1, 0)
    assert (run.target, run.trigger, run.nominal_at) == (target, RunTrigger.SCHEDULE, NOW + HOUR)
    assert Schedule.objects.get().next_run_at == NOW + 2 * HOUR


def test_intervals_keep_their_phase_over_a_downtime() -> None:
    scheduled()

    schedules.tick(now=NOW + 6.5 * HOUR)

    assert Schedule.objects.get().next_run_at == NOW + 7 * HOUR


def test_a_second_run_of_the_same_nominal_time_is_refused_by_the_database() -> None:
    target = scheduled()
    schedule = Schedule.objects.get()
    runs.start(target=target, trigger=RunTrigger.SCHEDULE, now=NOW, schedule=schedule, nominal_at=NOW + HOUR)

    assert schedules.tick(now=NOW + HOUR) == 0
    assert Run.objects.count() == 1
    assert Schedule.objects.get().next_run_at == NOW + 2 * HOUR


def test_six_hours_of_downtime_are_made_up_for_by_one_run() -> None:
    scheduled(misfire="run_once")

    started = [schedules.tick(now=NOW + 6.5 * HOUR + timedelta(seconds=5 * number)) for number in range(3)]

    assert started == [1, 0, 0]
    assert nominal_times() == [NOW + HOUR]


def test_missed_times_are_skipped_and_the_reason_is_kept() -> None:
    scheduled(misfire="skip")

    assert schedules.tick(now=NOW + 6.5 * HOUR) == 0
    schedule = Schedule.objects.get()
    assert "nothing was running at 2026-03-02 11:00 UTC" in schedule.last_skip_reason
    assert schedule.next_run_at == NOW + 7 * HOUR


@pytest.mark.parametrize("misfire", ["skip", "run_once"])
def test_after_a_downtime_a_time_that_is_now_counts_as_on_time(misfire: str) -> None:
    scheduled(misfire=misfire)

    assert schedules.tick(now=NOW + 6 * HOUR + timedelta(seconds=4)) == 1
    assert nominal_times() == [NOW + 6 * HOUR]


def test_daily_times_follow_the_clock_of_their_zone_over_its_change() -> None:
    daily()
    moment = NOW
    for _ in range(40):
        moment += timedelta(days=1)
        schedules.tick(now=moment)
        for run in Run.objects.active():
            end(run, moment)

    hours = {time.astimezone(UTC).hour for time in nominal_times() if time}
    assert hours == {5, 4}  # 06:00 in Berlin, in winter and in summer
    assert len(nominal_times()) == 40


def test_overlap_skip_passes_over_the_new_run_and_says_why() -> None:
    target = scheduled(overlap="skip")
    before = runs.start(target=target, trigger=RunTrigger.MANUAL, now=NOW)

    assert schedules.tick(now=NOW + HOUR) == 0
    schedule = Schedule.objects.get()
    assert schedule.last_skip_reason == f"run {before.pk} was still queued at 2026-03-02 11:00 UTC"
    assert schedule.next_run_at == NOW + 2 * HOUR


def test_overlap_allow_runs_both() -> None:
    target = scheduled(overlap="allow")
    runs.start(target=target, trigger=RunTrigger.MANUAL, now=NOW)

    assert schedules.tick(now=NOW + HOUR) == 1


@pytest.mark.parametrize("misfire", ["skip", "run_once"])
def test_overlap_queue_starts_the_new_run_when_the_old_one_ends(misfire: str) -> None:
    target = scheduled(overlap="queue", misfire=misfire)
    before = runs.start(target=target, trigger=RunTrigger.MANUAL, now=NOW)

    assert schedules.tick(now=NOW + HOUR) == 0
    assert Schedule.objects.get().next_run_at == NOW + HOUR
    end(before, NOW + 2.5 * HOUR)
    assert schedules.tick(now=NOW + 2.5 * HOUR) == 1
    assert Schedule.objects.get().next_run_at == NOW + 3 * HOUR


def test_queued_schedules_do_not_stand_in_the_way_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedules, "BATCH", 1)
    waiting = scheduled(overlap="queue")
    runs.start(target=waiting, trigger=RunTrigger.MANUAL, now=NOW)
    other = scheduled()
    Schedule.objects.filter(target=other).update(next_run_at=NOW + HOUR + timedelta(minutes=1))

    assert schedules.tick(now=NOW + HOUR + timedelta(minutes=1)) == 1
    assert Run.objects.filter(target=other).exists()


def test_a_started_run_clears_the_reason_of_the_last_skip() -> None:
    target = scheduled(overlap="skip")
    end(runs.start(target=target, trigger=RunTrigger.MANUAL, now=NOW), NOW)
    Schedule.objects.update(last_skip_reason="run 1 was still running")

    schedules.tick(now=NOW + HOUR)

    schedule = Schedule.objects.get()
    assert (schedule.last_skip_reason, schedule.last_run_at) == ("", NOW + HOUR)


@pytest.mark.parametrize("change", [{"enabled": False}, {"deleted_at": NOW}, {"hidden": True}])
def test_targets_that_are_switched_off_or_gone_start_nothing(change: dict[str, Any]) -> None:
    target = scheduled()
    Target.objects.filter(pk=target.pk).update(**change)

    assert schedules.tick(now=NOW + HOUR) == 0


def test_a_tick_starts_a_bounded_batch_and_the_next_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedules, "BATCH", 2)
    for _ in range(3):
        scheduled()

    assert [schedules.tick(now=NOW + HOUR) for _ in range(3)] == [2, 1, 0]


def test_next_times_begin_with_the_stored_one() -> None:
    daily()

    times = schedules.next_times(Schedule.objects.get(), now=NOW)

    assert times == [datetime(2026, 3, day, 5, 0, tzinfo=UTC) for day in range(3, 8)]


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_ticks_at_once_start_each_run_once() -> None:
    for _ in range(5):
        scheduled()
    started: list[int] = []

    def tick() -> None:
        try:
            started.append(schedules.tick(now=NOW + HOUR))
        finally:
            connection.close()

    threads = [threading.Thread(target=tick) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(started) == 5
    assert Run.objects.count() == 5
