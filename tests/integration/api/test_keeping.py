"""What a target keeps, by the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from crawler.models import PageVersion
from tests.integration.api.conftest import Api, problem

if TYPE_CHECKING:
    from crawler.models import Page, Target


def a_version(page: Page) -> PageVersion:
    now = timezone.now()
    return PageVersion.objects.create(
        target=page.target, page=page, run=1, ended_by=2, status=200, body_hash=b"o" * 16, size=9_000,
        stored_size=1_000, began_at=now, seen_at=now, ended_at=now,
    )  # fmt: skip


def test_bounds_are_tried_and_then_saved(api: Api, target: Target, page: Page) -> None:
    a_version(page)
    path = f"/targets/{target.pk}/keeping"
    saved = api.get(path).json()
    assert saved["rules"] == {"versions": 10, "days": 30, "megabytes": None}
    assert (saved["saved"], saved["versions"], saved["bytes"], saved["leaving"]) == (True, 1, 1_000, 0)
    tried = api.get(f"{path}?versions=1").json()
    assert (tried["saved"], tried["leaving"], tried["freed_bytes"], tried["whole"]) == (False, 1, 1_000, True)
    assert api("PATCH", f"/targets/{target.pk}", {"keep": {"versions": 1}}).json()["keep"] == {"versions": 1}
    assert api.get(path).json()["saved"] is True
    assert api("PATCH", f"/targets/{target.pk}", {"keep": None}).json()["keep"] is None


def test_what_will_not_do_is_told_by_its_position(api: Api, target: Target) -> None:
    bad = {"keep": {"versions": 0, "days": "7", "weeks": 1}}
    document = problem(api("PATCH", f"/targets/{target.pk}", bad), 422)
    assert {error["field"] for error in document["errors"]} == {"keep.versions", "keep.days", "keep.weeks"}
    problem(api.get(f"/targets/{target.pk}/keeping?days=0"), 422)
    problem(api.get(f"/targets/{target.pk}/keeping?weeks=1"), 422)


def test_earlier_changes_are_judged_again_where_something_is_ignored(
    api: Api, target: Target, page: Page
) -> None:
    a_version(page)
    path = f"/targets/{target.pk}/judgement"
    problem(api("POST", path), 409)
    api("PATCH", f"/targets/{target.pk}", {"noise": {"dates": True}})
    assert api("POST", path).json() == {"changes": 1}
    assert PageVersion.objects.get().awaits_judgement
