"""What the calendar plans, and what it expects of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crawler.models import TIME_LIMIT, Run, RunState, RunTrigger, Schedule, Target
from crawler.queries import calendar
from crawler.queries.calendar import Calendar
from crawler.services import targets

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
TODAY = NOW.date()


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada")


def scheduled(owner: User, name: str = "Shop", *, pages: int = 600, **schedule: Any) -> Target:
    data = {
        "name": name,
        "start_urls": ["https://shop.test/"],
        "max_pages": pages,
        "schedule": {"spread": False, **schedule},
    }
    return targets.create(owner=owner, data=data, now=NOW)


def plan(user: User, *, first: date = TODAY, days: int = 1, zone: str = "UTC") -> Calendar:
    return calendar.calendar(user, first=first, days=days, zone=ZoneInfo(zone), now=NOW)


def starts(found: Calendar) -> dict[str, int]:
    return {f"{hour.begins:%d %H:%M}": hour.runs for hour in found.hours if hour.runs}


def test_runs_are_planned_by_hour_and_nothing_before_now(ada: User) -> None:
    scheduled(ada, cron="0 */4 * * *")
    scheduled(ada, "News", every_seconds=14_400)

    found = plan(ada)
    assert starts(found) == {
        "02 12:00": 1,
        "02 14:00": 1,
        "02 16:00": 1,
        "02 18:00": 1,
        "02 20:00": 1,
        "02 22:00": 1,
    }
    assert (found.begins, found.ends) == (NOW - 10 * HOUR, NOW + 14 * HOUR)
    assert found.whole_until == found.ends


def test_days_are_those_of_the_zone(ada: User) -> None:
    scheduled(ada, cron="0 0 * * *", timezone="Asia/Kathmandu")

    found = plan(ada, first=date(2026, 3, 3), days=2, zone="Asia/Kathmandu")
    assert starts(found) == {"02 18:15": 1, "03 18:15": 1}
    assert [day for day, _ in found.days] == [date(2026, 3, 3), date(2026, 3, 4)]


def test_frequent_runs_are_one_line_an_hour(ada: User) -> None:
    scheduled(ada, every_seconds=600, pages=60)

    hour = plan(ada).hours[12]
    (line,) = hour.lines
    assert (line.runs, line.first_at, hour.runs) == (6, NOW + 2 * HOUR, 6)
    assert hour.requests == pytest.approx(360)


def test_load_follows_the_last_complete_run(ada: User) -> None:
    target = scheduled(ada, cron="0 12 * * *")
    for done, state, reason, trigger in (
        (500, RunState.FINISHED, "", RunTrigger.SCHEDULE),
        (7, RunState.FAILED, "", RunTrigger.SCHEDULE),
        (9, RunState.FINISHED, TIME_LIMIT, RunTrigger.SCHEDULE),
        (11, RunState.FINISHED, "", RunTrigger.REFRESH),
    ):
        Run.objects.create(
            target=target,
            state=state,
            reason=reason,
            trigger=trigger,
            done=done - 1,
            failed=1,
            started_at=NOW,
            finished_at=NOW + 2 * HOUR,
        )

    found = plan(ada)
    assert [round(hour.requests) for hour in found.hours[11:16]] == [0, 250, 250, 0, 0]
    assert found.hours[12].lines[0].expected.measured
    assert [hour.level for hour in found.hours[11:16]] == [0, 4, 4, 0, 0]
    assert found.hours[13].is_empty is False
    assert found.hours[14].is_empty


def test_load_of_a_target_that_never_ran_is_that_of_its_limits(ada: User) -> None:
    scheduled(ada, cron="0 12 * * *", pages=7200)

    found = plan(ada)
    assert [round(hour.requests) for hour in found.hours[12:15]] == [3130, 3130, 939]
    assert not found.hours[12].lines[0].expected.measured


@pytest.mark.parametrize(("overlap", "load"), [("skip", 3130), ("queue", 3130), ("allow", 7200)])
def test_a_run_ends_where_the_next_must_not_overlap_it(ada: User, overlap: str, load: int) -> None:
    scheduled(ada, cron="0 * * * *", pages=7200, overlap=overlap)

    assert round(plan(ada).hours[20].requests) == load


@pytest.mark.parametrize("change", [{"enabled": False}, {"schedule": {"paused": True}}, {"schedule": None}])
def test_what_starts_nothing_is_not_planned(ada: User, change: dict[str, Any]) -> None:
    target = scheduled(ada, cron="0 * * * *")
    targets.update(target=target, data=change, now=NOW)

    assert starts(plan(ada)) == {}


def test_a_calendar_shows_what_its_reader_may_see(ada: User) -> None:
    scheduled(User.objects.create_user("eve"), cron="0 12 * * *")

    assert starts(plan(ada)) == {}
    assert starts(plan(User.objects.create_superuser("root"))) == {"02 12:00": 1}


def test_what_is_overdue_is_planned_for_now(ada: User) -> None:
    scheduled(ada, cron="0 12 * * *")
    Schedule.objects.update(next_run_at=NOW - HOUR, due_at=NOW - HOUR)

    assert starts(plan(ada)) == {"02 10:00": 1, "02 12:00": 1}


def test_jitter_moves_what_is_planned(ada: User) -> None:
    scheduled(ada, cron="0 12 * * *", jitter_seconds=3000)

    (line,) = plan(ada).hours[12].lines
    schedule = Schedule.objects.get()
    assert line.first_at == schedule.due_at == schedule.timetable.due_at(NOW + 2 * HOUR)


def test_too_many_runs_are_cut_and_it_is_said_until_when(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendar, "MOST_RUNS", 10)
    scheduled(ada, every_seconds=3600)

    found = plan(ada)
    assert sum(hour.runs for hour in found.hours) == 10
    assert found.whole_until == NOW + 11 * HOUR


def test_many_schedules_cost_no_more_queries_than_one(ada: User) -> None:
    counts = []
    for many in (1, 5):
        for number in range(many):
            scheduled(ada, f"Shop {number}", cron="0 * * * *")
        with CaptureQueriesContext(
            connection,
        ) as asked:
            plan(ada, days=7)
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 3


def test_zones_are_those_in_use(ada: User) -> None:
    scheduled(ada, cron="0 * * * *", timezone="Europe/Berlin")
    scheduled(ada, cron="0 * * * *", timezone="Asia/Kathmandu")

    assert calendar.zones(ada) == ["UTC", "Asia/Kathmandu", "Europe/Berlin"]


def test_a_dense_schedule_leaves_room_for_those_of_others(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendar, "MOST_RUNS", 100)
    monkeypatch.setattr(calendar, "MOST_OF_ONE", 60, raising=False)
    scheduled(ada, "Dense", every_seconds=60)
    daily = scheduled(ada, "Daily", cron="30 12 * * *")

    found = plan(ada, days=7)
    lines = [line for hour in found.hours for line in hour.lines]
    assert sum(line.runs for line in lines if line.target == daily) == 7
    assert sum(line.runs for line in lines if line.target != daily) == 60
    assert found.whole_until == NOW + timedelta(minutes=61)
