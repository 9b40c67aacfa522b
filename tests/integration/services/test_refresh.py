"""Which known pages are asked again, when, and how many: with the clock as an argument."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crawler.models import (
    Page,
    RefreshPlan,
    Request,
    RequestState,
    Run,
    RunState,
    RunTrigger,
    Schedule,
    Target,
)
from crawler.queries.refresh import spent
from crawler.services import refresh, runs, schedules, targets
from crawler.services.refresh import learning, planning
from crawler.services.refresh.reading import Known, interval_of
from crawler.urls import canonical
from tests.law import assert_conserved
from tests.together import twice_at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rung")]

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def a_target(per_day: int | None = 24, **settings: Any) -> Target:
    data = {"name": "Shop", "start_urls": ["https://shop.test/"], "refresh_per_day": per_day}
    return targets.create(owner=None, data=data | settings, now=NOW)


def a_page(target: Target, path: str, *, days: float = 0.0, changes: int = 0, **columns: Any) -> Page:
    """Return a page seen last an hour ago, after daily visits for `days`, `changes` of them with news."""
    day = DAY.total_seconds()
    url = canonical(f"https://shop.test/{path}")
    values: dict[str, Any] = {
        "visits": days,
        "changes": float(changes),
        "unchanged_seconds": (days - changes) * day,
        "changed_seconds": changes * day,
        "changed_squares": changes * day * day,
        "first_seen": NOW - 100 * DAY,
        "last_seen": NOW - HOUR,
        "changed_at": NOW - 100 * DAY,
    }
    values |= {"key": url.key, "url": url.text, "run": 1, "status": 200, "body_hash": b"h" * 16}
    return Page.objects.create(target=target, **values | columns)


def asked(run: Run) -> list[str]:
    return sorted(Request.objects.filter(run=run).values_list("url", flat=True))


def refreshes() -> list[Run]:
    return list(Run.objects.filter(trigger=RunTrigger.REFRESH).order_by("id"))


def end(run: Run, at: datetime, *, gone: str = "") -> None:
    """Let a refresh have seen all its pages at `at`, but for the one that is gone."""
    rows = Request.objects.filter(run=run)
    rows.update(state=RequestState.DONE, settled_at=at)
    failed = rows.filter(url__endswith=gone) if gone else rows.none()
    lost = failed.update(state=RequestState.FAILED, reason="status-404")
    seen = rows.filter(state=RequestState.DONE).values("key")
    Page.objects.filter(target=run.target_id, key__in=seen).update(last_seen=at, refresh_failures=0)
    state = {"state": RunState.FINISHED, "settled": True, "finished_at": at, "pages": 1}
    Run.objects.filter(pk=run.pk).update(**state, done=run.discovered - lost, failed=lost)


def test_a_target_without_a_budget_is_left_alone() -> None:
    target = a_target(None)
    a_page(target, "a")
    assert refresh.tick(now=NOW + DAY) == 0
    assert not RefreshPlan.objects.exists()


def test_the_pages_that_are_due_first_are_asked() -> None:
    target = a_target(24)
    a_page(target, "still", days=60)
    a_page(target, "busy", days=60, changes=20)
    assert refresh.tick(now=NOW + MINUTE) == 0
    assert refresh.tick(now=NOW + HOUR + MINUTE) == 1
    (run,) = refreshes()
    assert asked(run) == ["https://shop.test/busy"]
    assert (run.trigger, run.state, run.discovered) == (RunTrigger.REFRESH, RunState.QUEUED, 1)
    assert run.settings["follow"] is False
    assert_conserved(run)


def test_a_run_of_the_target_keeps_pages_from_being_refreshed_meanwhile() -> None:
    target = a_target(24)
    a_page(target, "a", days=9)
    whole = runs.start(target=target, trigger=RunTrigger.MANUAL, now=NOW)
    assert refresh.tick(now=NOW + 2 * HOUR) == 0
    runs.cancel(run=whole, now=NOW + 2 * HOUR)
    assert refresh.tick(now=NOW + 2 * HOUR) == 1
    assert refresh.tick(now=NOW + 9 * HOUR) == 0


@pytest.mark.django_db(transaction=True)
def test_a_run_that_begins_ends_the_refresh() -> None:
    target = a_target(24)
    a_page(target, "a", days=9)
    refresh.tick(now=NOW + 2 * HOUR)
    whole = runs.start(target=target, trigger=RunTrigger.MANUAL, now=NOW + 2 * HOUR)
    (refreshed,) = refreshes()
    assert refreshed.state == RunState.CANCELLED
    whole.refresh_from_db()
    assert whole.state == RunState.QUEUED
    assert_conserved(refreshed)


def test_a_schedule_does_not_skip_its_run_for_a_refresh() -> None:
    target = a_target(24, schedule={"every_seconds": 3 * 3600})
    a_page(target, "a", days=9)
    assert refresh.tick(now=NOW + 2 * HOUR) == 1
    assert schedules.tick(now=NOW + 3 * HOUR + MINUTE) == 1
    assert Schedule.objects.get().last_skip_reason == ""


def test_nothing_is_refreshed_outside_of_the_windows() -> None:
    target = a_target(24, schedule={"every_seconds": 86400, "windows": ["mon-fri 22:00-06:00"]})
    a_page(target, "a", days=9)
    assert refresh.tick(now=NOW + 2 * HOUR) == 0
    assert refresh.tick(now=datetime(2026, 3, 2, 23, tzinfo=UTC)) == 1


def test_nothing_is_refreshed_while_the_schedule_is_paused() -> None:
    target = a_target(24, schedule={"every_seconds": 86400})
    a_page(target, "a", days=9)
    Schedule.objects.update(paused_at=NOW)
    assert refresh.tick(now=NOW + 2 * HOUR) == 0
    Schedule.objects.update(paused_at=None)
    assert refresh.tick(now=NOW + 2 * HOUR) == 1


def test_a_disabled_target_is_not_refreshed() -> None:
    target = a_target(24)
    a_page(target, "a", days=9)
    targets.update(target=target, data={"enabled": False}, now=NOW)
    assert refresh.tick(now=NOW + DAY) == 0


def test_pages_that_left_the_scope_are_not_asked() -> None:
    target = a_target(2_400, exclude=["/private/"])
    a_page(target, "private/a", days=9)
    a_page(target, "b", days=9)
    refresh.tick(now=NOW + HOUR)
    (run,) = refreshes()
    assert asked(run) == ["https://shop.test/b"]
    assert Page.objects.get(url__contains="private").refresh_at is None


def test_pages_that_left_the_scope_are_no_part_of_the_plan() -> None:
    target = a_target(24, exclude=["/private/"])
    a_page(target, "private/a", days=9)
    a_page(target, "b", days=9)
    refresh.tick(now=NOW + MINUTE)
    assert RefreshPlan.objects.get().pages == 1
    assert Page.objects.get(url__contains="private").refresh_at is None


def test_a_refresh_keeps_to_where_start_urls_led() -> None:
    target = a_target(2_400, scope="page")
    whole = runs.start(target=target, trigger=RunTrigger.MANUAL, now=NOW)
    Run.objects.filter(pk=whole.pk).update(
        state=RunState.FINISHED,
        settled=True,
        settings=whole.settings | {"landings": ["https://shop.test/home"]},
    )
    a_page(target, "home", days=9)
    a_page(target, "else", days=9)
    refresh.tick(now=NOW + HOUR)
    (run,) = refreshes()
    assert asked(run) == ["https://shop.test/home"]
    assert run.settings["landings"] == ["https://shop.test/home"]


def test_the_budget_of_a_day_is_kept_and_spread() -> None:
    target = a_target(24)
    for number in range(15):
        a_page(target, str(number), days=9, changes=number % 3)
    moment, sizes = NOW, []
    while moment < NOW + 2 * DAY:
        moment += 20 * MINUTE
        if refresh.tick(now=moment):
            run = refreshes()[-1]
            Run.objects.filter(pk=run.pk).update(created_at=moment)
            end(run, moment + MINUTE)
            sizes.append(run.discovered)
    assert 45 <= sum(sizes) <= 48
    assert max(sizes) <= 2
    assert spent(target, now=moment) <= 24


def test_what_a_refresh_saw_sets_when_the_page_is_due_next() -> None:
    target = a_target(24)
    page = a_page(target, "a", days=20, changes=5)
    a_page(target, "b", days=20, changes=1)
    refresh.tick(now=NOW + 2 * HOUR)
    (run,) = refreshes()
    before = Page.objects.get(pk=page.pk).refresh_at
    end(run, NOW + 3 * HOUR)
    plan = RefreshPlan.objects.select_related("target").get()
    learning.learn(plan, now=NOW + 4 * HOUR)
    page.refresh_from_db()
    assert before is not None
    assert page.refresh_at is not None
    assert page.refresh_at > before
    assert plan.learnt_run == run.pk


@pytest.mark.django_db(transaction=True)
def test_what_is_judged_meanwhile_is_not_overwritten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages are locked from when they are read until it is stored when they are due."""
    a_page(a_target(24), "a", days=20, changes=5)
    refresh.tick(now=NOW + 2 * HOUR)
    (run,) = refreshes()
    end(run, NOW + 3 * HOUR)
    held: list[bool] = []

    def noted(page: Known, plan: RefreshPlan) -> timedelta:
        held.append(connection.in_atomic_block)
        return interval_of(page, plan)

    monkeypatch.setattr(learning, "interval_of", noted)
    with CaptureQueriesContext(connection) as asked:
        learning.learn(RefreshPlan.objects.select_related("target").get(), now=NOW + 4 * HOUR)
    (read,) = (one["sql"] for one in asked if 'FROM "crawler_page"' in one["sql"])
    assert held == [True]
    assert connection.vendor == "sqlite" or read.endswith("FOR UPDATE")


def test_a_page_that_is_gone_is_asked_less_and_less_and_then_left_alone() -> None:
    target = a_target(240)
    page = a_page(target, "gone", days=9, changes=3)
    moment, gaps = NOW, []
    while Page.objects.get(pk=page.pk).refresh_failures < 5 and moment < NOW + 300 * DAY:
        moment += HOUR
        if refresh.tick(now=moment):
            end(refreshes()[-1], moment, gone="gone")
            gaps.append(moment)
    page.refresh_from_db()
    assert len(gaps) == 5
    assert page.refresh_at is None
    assert refresh.tick(now=moment + 9 * DAY) == 0


def test_a_plan_says_what_is_known_of_the_pages() -> None:
    target = a_target(24)
    busy = a_page(target, "busy", days=30, changes=25)
    a_page(target, "slow", days=30, changes=1)
    a_page(target, "new")
    plan = RefreshPlan.objects.select_related("target").get()
    planning.make(plan, now=NOW)
    plan.refresh_from_db()
    assert (plan.pages, plan.planned_at) == (3, NOW)
    assert plan.fastest[0]["page"] == busy.pk
    assert 0.5 < (plan.fresh or 0) < 1
    assert 0.5 < (plan.kept or 0) < 1
    due = Page.objects.exclude(url__endswith="new").order_by("refresh_at").values_list("url", flat=True)
    assert list(due) == ["https://shop.test/busy", "https://shop.test/slow"]


def test_a_plan_promises_no_more_than_can_be_spent() -> None:
    target = a_target(40_000)
    for number in range(21):
        a_page(target, str(number), days=90, changes=90)
    Page.objects.update(changed_seconds=900.0, changed_squares=9_000.0)
    plan = RefreshPlan.objects.select_related("target").get()
    planning.make(plan, now=NOW)
    plan.refresh_from_db()
    assert plan.pages == 21
    assert 0 < (plan.kept or 0) < 0.05
    due = Page.objects.filter(refresh_at__lt=NOW - HOUR + 10 * MINUTE)
    assert not due.exists()


def test_few_pages_need_not_wait_until_a_large_run_can_be_paid_for() -> None:
    target = a_target(40_000)
    for number in range(21):
        a_page(target, str(number), days=9, changes=3)
    assert refresh.tick(now=NOW + 2 * MINUTE) == 1
    assert refreshes()[0].discovered == 21


def test_settings_that_change_ask_for_a_new_plan() -> None:
    target = a_target(24)
    a_page(target, "a", days=9)
    refresh.tick(now=NOW + MINUTE)
    assert RefreshPlan.objects.get().planned_at == NOW + MINUTE
    targets.update(target=target, data={"refresh_per_day": 48}, now=NOW)
    assert RefreshPlan.objects.get().planned_at is None
    targets.update(target=target, data={"refresh_per_day": None}, now=NOW)
    assert not RefreshPlan.objects.exists()


def test_more_pages_than_are_read_at_once_are_all_planned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "READ", 3)
    monkeypatch.setattr(planning, "WRITE", 2)
    target = a_target(24)
    for number in range(10):
        a_page(target, str(number))
    refresh.tick(now=NOW + MINUTE)
    assert Page.objects.filter(refresh_at__isnull=False).count() == 10


@pytest.mark.django_db(transaction=True)
def test_two_ticks_at_once_refresh_a_page_once() -> None:
    for _ in range(4):
        a_page(a_target(24), "a", days=9)

    twice_at_once(lambda: refresh.tick(now=NOW + 2 * HOUR))

    assert [run.discovered for run in refreshes()] == [1, 1, 1, 1]


SITEMAP = "https://shop.test/sitemap.xml"


def a_whole_run(target: Target, *, ago: timedelta, sitemaps: int = 1) -> Run:
    run = runs.start(target=target, trigger=RunTrigger.MANUAL, now=NOW)
    Request.objects.filter(run=run).delete()
    state = {"state": RunState.FINISHED, "settled": True, "finished_at": NOW - ago, "started_at": NOW - ago}
    Run.objects.filter(pk=run.pk).update(**state, sitemaps=sitemaps, discovered=0)
    return run


def due_after(target: Target, path: str) -> timedelta:
    page = Page.objects.get(target=target, url__endswith=path)
    assert page.refresh_at is not None
    return page.refresh_at - page.last_seen


def test_a_hint_of_a_change_brings_a_page_forward_and_one_of_none_puts_it_off() -> None:
    target = a_target(2, sitemaps=[SITEMAP])
    for path, lastmod in (("unknown", None), ("changed", NOW), ("same", NOW - 50 * DAY)):
        a_page(target, path, days=30, changes=10, lastmod=lastmod)
    planning.make(RefreshPlan.objects.get(target=target), now=NOW)
    assert due_after(target, "changed") < due_after(target, "unknown") < due_after(target, "same")

    targets.update(target=target, data={"sitemaps": []}, now=NOW)
    planning.make(RefreshPlan.objects.get(target=target), now=NOW)
    assert len({due_after(target, path) for path in ("unknown", "changed", "same")}) == 1


def test_a_refresh_reads_the_sitemaps_again_when_that_is_six_hours_ago() -> None:
    target = a_target(2_400, sitemaps=[SITEMAP])
    a_page(target, "1")
    a_whole_run(target, ago=7 * HOUR)
    assert refresh.tick(now=NOW + HOUR) == 1

    (run,) = refreshes()
    assert asked(run) == ["https://shop.test/1", SITEMAP]
    assert run.settings["listed_after"] == (NOW - 7 * HOUR).isoformat()
    assert RefreshPlan.objects.get(target=target).sitemaps_at == NOW + HOUR
    end(run, NOW + HOUR)
    refresh.tick(now=NOW + 2 * HOUR)
    assert [asked(run) for run in refreshes()[1:]] == [["https://shop.test/1"]]


@pytest.mark.parametrize(
    ("per_day", "sitemaps", "ago"), [(2_400, 1, 4 * HOUR), (480, 40, 19 * HOUR), (48, 3, 9 * HOUR)]
)
def test_sitemaps_are_not_read_again_too_soon_or_for_too_much(
    per_day: int, sitemaps: int, ago: timedelta
) -> None:
    target = a_target(per_day, sitemaps=[SITEMAP])
    for number in range(60):
        a_page(target, str(number))
    a_whole_run(target, ago=ago, sitemaps=sitemaps)
    assert refresh.tick(now=NOW + HOUR) == 1
    assert SITEMAP not in asked(refreshes()[0])


def test_what_a_refresh_read_in_sitemaps_changes_the_plan() -> None:
    target = a_target(96, sitemaps=[SITEMAP])
    page, other, *_more = [a_page(target, str(number), days=30, changes=1) for number in range(60)]
    a_whole_run(target, ago=7 * HOUR)
    refresh.tick(now=NOW + HOUR)
    end(refreshes()[0], NOW + HOUR)
    Page.objects.filter(pk=page.pk).update(lastmod=NOW + 2 * HOUR)

    refresh.tick(now=NOW + HOUR + MINUTE)

    plan = RefreshPlan.objects.get(target=target)
    assert plan.planned_at == NOW + HOUR + MINUTE
    assert due_after(target, page.url) < due_after(target, other.url)
