"""Which runs a tick starts, and which it does not, and why."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from crawler.models import Host, Run, RunState, RunTrigger, Schedule, SkippedRun, Target
from crawler.services import reports, runs, schedules, targets

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def scheduled(**schedule: Any) -> Target:
    data = {
        "name": "Shop",
        "start_urls": ["https://shop.test/"],
        "schedule": {"every_seconds": 3600, "spread": False, **schedule},
    }
    return targets.create(owner=None, data=data, now=NOW)


def daily(**schedule: Any) -> Target:
    return scheduled(every_seconds=None, cron="0 6 * * *", **{"timezone": "Europe/Berlin", **schedule})


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


def skipped() -> list[tuple[str, int, datetime, datetime]]:
    rows = SkippedRun.objects.order_by("id")
    return [(row.kind, row.times, row.nominal_at, row.last_nominal_at) for row in rows]


def test_every_time_that_an_earlier_run_blocks_is_noted_in_one_row() -> None:
    target = scheduled(overlap="skip")
    before = runs.start(target=target, trigger=RunTrigger.MANUAL, now=NOW)
    for hours in (1, 2, 3):
        schedules.tick(now=NOW + hours * HOUR)

    assert skipped() == [("overlap", 3, NOW + HOUR, NOW + 3 * HOUR)]
    row = SkippedRun.objects.get()
    assert row.run == before.pk
    assert row.reason == f"run {before.pk} was still queued at 2026-03-02 13:00 UTC"

    end(before, NOW + 3.5 * HOUR)
    after = runs.start(target=target, trigger=RunTrigger.MANUAL, now=NOW + 3.5 * HOUR)
    schedules.tick(now=NOW + 4 * HOUR)
    assert skipped()[1] == ("overlap", 1, NOW + 4 * HOUR, NOW + 4 * HOUR)
    assert SkippedRun.objects.order_by("-id")[0].run == after.pk


def test_times_that_were_missed_and_skipped_are_noted() -> None:
    scheduled(misfire="skip")

    schedules.tick(now=NOW + 6.5 * HOUR)

    assert skipped() == [("misfire", 6, NOW + HOUR, NOW + 6 * HOUR)]


def test_times_that_one_run_stands_for_are_noted_beside_it() -> None:
    scheduled(misfire="run_once")

    assert schedules.tick(now=NOW + 6.5 * HOUR) == 1

    assert skipped() == [("misfire", 5, NOW + 2 * HOUR, NOW + 6 * HOUR)]
    row = SkippedRun.objects.get()
    assert row.run == Run.objects.get().pk
    assert (
        row.reason
        == "nothing was running at 2026-03-02 12:00 UTC, and one run stands for all that was missed"
    )


@pytest.mark.parametrize(("misfire", "noted"), [("skip", 5), ("run_once", 5)])
def test_times_before_one_that_is_on_time_are_noted(misfire: str, noted: int) -> None:
    scheduled(misfire=misfire)

    assert schedules.tick(now=NOW + 6 * HOUR) == 1

    assert skipped() == [("misfire", noted, NOW + HOUR, NOW + 5 * HOUR)]


def test_times_that_a_queued_run_stands_for_are_noted_as_overlapping() -> None:
    target = scheduled(overlap="queue", misfire="skip")
    before = runs.start(target=target, trigger=RunTrigger.MANUAL, now=NOW)
    schedules.tick(now=NOW + HOUR)
    end(before, NOW + 3.5 * HOUR)

    assert schedules.tick(now=NOW + 3.5 * HOUR) == 1
    assert skipped() == [("overlap", 2, NOW + 2 * HOUR, NOW + 3 * HOUR)]


def test_a_target_that_is_switched_off_meanwhile_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    target = scheduled()
    due = schedules._due(NOW + HOUR)
    due[0].target.enabled = False
    monkeypatch.setattr(schedules, "_due", lambda _now: due)

    assert schedules.tick(now=NOW + HOUR) == 0
    assert skipped() == [("disabled", 1, NOW + HOUR, NOW + HOUR)]
    assert "switched off" in Schedule.objects.get(target=target).last_skip_reason


@pytest.mark.parametrize("overlap", ["skip", "queue", "allow"])
@pytest.mark.parametrize("misfire", ["skip", "run_once"])
def test_six_hours_of_downtime_give_at_most_one_run_under_every_policy(misfire: str, overlap: str) -> None:
    scheduled(misfire=misfire, overlap=overlap)

    started = [schedules.tick(now=NOW + 6.5 * HOUR + timedelta(seconds=5 * number)) for number in range(3)]
    assert started == [int(misfire == "run_once"), 0, 0]
    for run in Run.objects.all():
        end(run, NOW + 6.6 * HOUR)
    assert schedules.tick(now=NOW + 7 * HOUR) == 1
    assert nominal_times()[-1] == NOW + 7 * HOUR


@pytest.mark.parametrize("overlap", ["skip", "queue", "allow"])
def test_after_a_downtime_a_closed_window_is_waited_for_once(overlap: str) -> None:
    """Down from 23:00 to 7:00: what was missed at night runs when the window opens in the evening."""
    scheduled(misfire="run_once", overlap=overlap, windows=["22:00-06:00"])
    midnight = NOW + 14 * HOUR
    Schedule.objects.update(next_run_at=midnight - HOUR, due_at=midnight - HOUR)

    assert schedules.tick(now=midnight + 7.5 * HOUR) == 0
    opens = midnight + 22 * HOUR
    assert Schedule.objects.get().next_run_at == opens
    assert skipped() == [("misfire", 7, midnight - HOUR, midnight + 5 * HOUR)]
    assert [schedules.tick(now=opens + timedelta(seconds=late)) for late in (-1, 0, 5)] == [0, 1, 0]
    assert nominal_times() == [opens]
    assert Schedule.objects.get().next_run_at == opens + HOUR


@pytest.mark.parametrize("overlap", ["skip", "queue", "allow"])
def test_after_a_downtime_a_daily_schedule_does_not_start_twice_in_its_window(overlap: str) -> None:
    """Down from Saturday to Sunday: what was missed waits for next Saturday at six, not for its midnight."""
    daily(timezone="UTC", overlap=overlap, windows=["sat"])
    saturday = datetime(2026, 3, 7, tzinfo=UTC)
    six = saturday + 6 * HOUR
    assert Schedule.objects.get().next_run_at == six

    assert schedules.tick(now=six + 30 * HOUR) == 0
    assert skipped() == [("misfire", 1, six, six)]
    weeks_later = [schedules.tick(now=saturday + timedelta(days=7, hours=hours)) for hours in range(25)]
    assert [hour for hour, started in enumerate(weeks_later) if started] == [6]
    assert nominal_times() == [six + timedelta(days=7)]


def test_what_was_missed_outside_the_windows_waits_where_no_time_of_its_own_comes_soon() -> None:
    """Missed on Saturday, open from Monday, and the next time is Friday's."""
    scheduled(every_seconds=None, cron="0 6 * * fri,sat", windows=["weekdays", "sat 05:00-07:00"])
    saturday, monday = datetime(2026, 3, 7, 6, tzinfo=UTC), datetime(2026, 3, 9, tzinfo=UTC)
    Schedule.objects.update(next_run_at=saturday, due_at=saturday)

    assert schedules.tick(now=saturday + 5 * HOUR) == 0
    assert (Schedule.objects.get().next_run_at, skipped()) == (monday, [])
    assert schedules.tick(now=monday) == 1
    assert Schedule.objects.get().next_run_at == datetime(2026, 3, 13, 6, tzinfo=UTC)


def test_after_a_downtime_that_ends_within_the_window_one_run_starts_at_once() -> None:
    scheduled(misfire="run_once", windows=["09:00-18:00"])

    assert schedules.tick(now=NOW + 6.5 * HOUR) == 1
    assert nominal_times() == [NOW + HOUR]


def test_what_was_missed_in_a_window_is_skipped_with_that_policy() -> None:
    scheduled(misfire="skip", windows=["09:00-13:00"])

    assert schedules.tick(now=NOW + 6.5 * HOUR) == 0
    assert skipped() == [("misfire", 2, NOW + HOUR, NOW + 2 * HOUR)]
    assert Schedule.objects.get().next_run_at == NOW + 23 * HOUR


def test_a_run_that_was_queued_past_the_window_waits_for_its_opening() -> None:
    target = scheduled(overlap="queue", windows=["09:00-13:00"])
    before = runs.start(target=target, trigger=RunTrigger.MANUAL, now=NOW)
    schedules.tick(now=NOW + HOUR)
    end(before, NOW + 5 * HOUR)

    assert schedules.tick(now=NOW + 5 * HOUR) == 0
    assert schedules.tick(now=NOW + 23 * HOUR) == 1
    assert nominal_times() == [None, NOW + 23 * HOUR]


@pytest.mark.parametrize(("misfire", "started", "noted"), [("run_once", 1, 1), ("skip", 0, 2)])
def test_a_pause_starts_nothing_and_resuming_follows_the_misfire_policy(
    misfire: str, started: int, noted: int
) -> None:
    target = scheduled(misfire=misfire)
    targets.update(target=target, data={"schedule": {"paused": True}}, now=NOW)
    assert schedules.next_times(Schedule.objects.get(), now=NOW) == []
    assert schedules.tick(now=NOW + 2.2 * HOUR) == 0

    targets.update(target=target, data={"schedule": {"paused": False}}, now=NOW + 2.5 * HOUR)

    assert schedules.tick(now=NOW + 2.5 * HOUR) == started
    assert [(kind, times) for kind, times, *_ in skipped()] == [("paused", noted)]
    assert Schedule.objects.get().next_run_at == NOW + 3 * HOUR


def test_a_pause_within_which_nothing_was_due_changes_nothing() -> None:
    target = scheduled()
    targets.update(target=target, data={"schedule": {"paused": True}}, now=NOW)
    targets.update(target=target, data={"schedule": {"paused": False}}, now=NOW + 0.5 * HOUR)

    assert schedules.tick(now=NOW + HOUR) == 1
    assert (nominal_times(), skipped()) == ([NOW + HOUR], [])


def test_another_policy_moves_no_time() -> None:
    target = scheduled()
    change = {"overlap": "allow", "misfire": "skip", "paused": True}
    targets.update(target=target, data={"schedule": change}, now=NOW + 0.5 * HOUR)

    assert Schedule.objects.get().next_run_at == NOW + HOUR


def test_feasibility_is_stored_when_a_target_is_saved_and_after_a_run() -> None:
    target = scheduled()
    stored = Schedule.objects.get().feasibility
    assert (stored["fits"], stored["pages"], stored["measured"]) == (False, 10_000, False)
    assert stored["possible_seconds"] == 4 * 3600

    run = Run.objects.create(target=target, state=RunState.FINISHED, pages=120, finished_at=NOW + HOUR)
    reports.report(run=run)

    stored = Schedule.objects.get().feasibility
    assert (stored["fits"], stored["pages"], stored["measured"]) == (True, 120, True)
    assert (stored["problem"], stored["checked_at"]) == (None, (NOW + HOUR).isoformat())


def test_a_schedule_leaves_a_run_no_less_than_the_last_one_took() -> None:
    target = scheduled(every_seconds=600)
    Run.objects.create(
        target=target, state=RunState.FINISHED, pages=120, settings=runs.frozen(target),
        started_at=NOW, finished_at=NOW + HOUR, paused_seconds=1800,
    )  # fmt: skip
    schedules.check(target=target, now=NOW)
    stored = Schedule.objects.get().feasibility
    assert (stored["fits"], stored["needs_seconds"]) == (False, 1800)
    assert "120 pages took 30 min" in stored["problem"]

    targets.update(target=target, data={"max_pages": 100}, now=NOW)
    stored = Schedule.objects.get().feasibility
    assert (stored["fits"], stored["needs_seconds"]) == (True, 115)


def test_a_change_of_the_limits_is_checked_too() -> None:
    target = scheduled()
    targets.update(target=target, data={"max_pages": 100}, now=NOW)

    assert Schedule.objects.get().feasibility["fits"] is True


def test_feasibility_heeds_what_is_known_of_the_host() -> None:
    Host.objects.create(origin="https://shop.test", crawl_delay_seconds=10, latency_seconds=2)
    target = scheduled()
    assert Schedule.objects.get().feasibility["pace_seconds"] == 11.5

    targets.update(target=target, data={"obey_robots": False}, now=NOW, by=root())
    assert Schedule.objects.get().feasibility["pace_seconds"] == 4.6

    targets.update(target=target, data={"adapt_pace": False}, now=NOW, by=root())
    assert Schedule.objects.get().feasibility["pace_seconds"] == 2


def root() -> User:
    known = User.objects.filter(username="root").first()
    return known or User.objects.create_superuser("root")


@pytest.mark.django_db(transaction=True)
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
    assert not SkippedRun.objects.exists()
    assert Run.objects.count() == 5
