"""What the API says of refreshing."""

from __future__ import annotations

from crawler.models import Page, Run, RunState, Target
from crawler.services import refresh
from tests.integration.api.conftest import NOW, Api, problem


def test_a_target_without_a_budget_refreshes_nothing(api: Api, target: Target) -> None:
    said = api.get(f"/targets/{target.pk}/refresh").json()
    assert (said["per_day"], said["spent"], said["fastest"]) == (None, 0, [])


def test_a_plan_is_read_with_what_was_learnt(api: Api, target: Target, page: Page) -> None:
    api("PATCH", f"/targets/{target.pk}", {"refresh_per_day": 100})
    day = 86_400.0
    Page.objects.update(visits=9, changes=3, changed_seconds=3 * day, changed_squares=3 * day**2)
    Page.objects.update(unchanged_seconds=6 * day)
    refresh.tick(now=NOW)
    said = api.get(f"/targets/{target.pk}/refresh").json()
    assert (said["per_day"], said["pages"], said["planned_at"]) == (100, 1, "2026-03-02T10:00:00Z")
    assert said["fresh"] == 1.0
    assert 0.9 < said["kept"] <= 1.0
    (fastest,) = said["fastest"]
    assert (fastest["page"], fastest["url"]) == (page.pk, page.url)
    assert 2 * day < fastest["every_seconds"] < 4 * day


def test_a_budget_of_nothing_is_refused(api: Api, target: Target) -> None:
    answer = api("PATCH", f"/targets/{target.pk}", {"refresh_per_day": 0})
    assert problem(answer, 422)["errors"][0]["field"] == "refresh_per_day"


def test_a_budget_that_the_pace_cannot_spend_is_warned_of(api: Api, target: Target) -> None:
    said = api("PATCH", f"/targets/{target.pk}", {"refresh_per_day": 500_000}).json()
    (warning,) = said["warnings"]
    assert warning["field"] == "refresh_per_day"
    assert "75,130 pages a day" in warning["message"]


def test_a_budget_that_so_few_pages_cannot_take_is_warned_of(api: Api, target: Target) -> None:
    Run.objects.create(target=target, state=RunState.FINISHED, settled=True, finished_at=NOW, pages=21)
    assert api("PATCH", f"/targets/{target.pk}", {"refresh_per_day": 3_024}).json()["warnings"] == []
    (warning,) = api("PATCH", f"/targets/{target.pk}", {"refresh_per_day": 3_025}).json()["warnings"]
    assert warning["field"] == "refresh_per_day"
    assert "21 pages" in warning["message"]
    assert "at most 3,024 requests a day" in warning["message"]
