"""The history of a target: who changed what, without secrets, and going back to what it was."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from crawler.models import ChangeKind, Target, TargetChange
from crawler.services import history, restoring, targets
from tests.people import operator

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
SECRET = "canary-7b1f"
SETTINGS: dict[str, Any] = {
    "name": "Shop",
    "start_urls": ["https://shop.test/"],
    "max_pages": 50,
    "tags": ["a"],
    "headers": {"X-Api-Key": SECRET, "Accept-Language": "en"},
    "schedule": {"cron": "15 6 * * *", "timezone": "Europe/Prague", "windows": ["22:00-06:30"]},
}


@pytest.fixture
def ada() -> User:
    return operator("ada")


@pytest.fixture
def target(ada: User) -> Target:
    return targets.create(owner=ada, data=SETTINGS, now=NOW)


def update(target: Target, by: User, **data: Any) -> None:
    targets.update(target=Target.objects.get(pk=target.pk), data=data, by=by, now=NOW)


def newest(target: Target) -> TargetChange:
    found = TargetChange.objects.filter(target=target).order_by("-pk").first()
    assert found is not None
    return found


def test_each_change_says_who_changed_what(target: Target, ada: User) -> None:
    eve = User.objects.create_superuser("eve")
    update(target, eve, max_pages=60, tags=["a"], schedule={"paused": True})

    change = newest(target)
    assert (change.kind, change.by, change.by_name, change.at) == (ChangeKind.CHANGED, eve, "eve", NOW)
    assert set(change.changes) == {"max_pages", "schedule"}
    assert change.changes["max_pages"] == [50, 60]
    assert [side["paused"] for side in change.changes["schedule"]] == [False, True]
    first = TargetChange.objects.filter(target=target).earliest("pk")
    assert (first.kind, first.by, first.changes["name"]) == (ChangeKind.CREATED, ada, [None, "Shop"])


def test_a_change_that_changes_nothing_is_none(target: Target, ada: User) -> None:
    update(target, ada, max_pages=50, name="Shop", headers={"X-Api-Key": "(hidden)", "Accept-Language": "en"})
    assert TargetChange.objects.filter(target=target).count() == 1


def test_secrets_are_never_in_it_but_that_they_changed_is(target: Target, ada: User) -> None:
    update(target, ada, headers={"X-Api-Key": SECRET + "-2", "Accept-Language": "en"})
    update(target, ada, headers={})

    assert SECRET not in json.dumps(list(TargetChange.objects.values_list("changes", flat=True)))
    changed = list(TargetChange.objects.filter(target=target).order_by("pk"))[1]
    assert [side["X-Api-Key"] for side in changed.changes["headers"]] == ["(hidden)", "(hidden)"]


def test_a_target_goes_back_to_what_it_was_with_its_schedule(target: Target, ada: User) -> None:
    was = newest(target)
    update(target, ada, max_pages=60, schedule={"every_seconds": 3_600, "windows": []})
    update(target, ada, max_pages=70, name="Other", schedule=None, tags=[])

    lost = restoring.restore(target=Target.objects.get(pk=target.pk), change=was, by=ada, now=NOW)

    again = Target.objects.select_related("schedule").get(pk=target.pk)
    assert lost == ()
    assert (again.name, again.max_pages, again.tags) == ("Shop", 50, ["a"])
    assert (again.schedule.cron, again.schedule.every_seconds) == ("15 6 * * *", None)
    assert (again.schedule.timezone, again.schedule.windows) == ("Europe/Prague", ["22:00-06:30"])
    assert (newest(target).kind, newest(target).restores) == (ChangeKind.RESTORED, was.pk)


def test_going_back_is_a_change_that_can_be_taken_back(target: Target, ada: User) -> None:
    was = newest(target)
    update(target, ada, max_pages=60)
    later = newest(target)
    for change, pages in ((was, 50), (later, 60)):
        restoring.restore(target=Target.objects.get(pk=target.pk), change=change, by=ada, now=NOW)
        assert Target.objects.get(pk=target.pk).max_pages == pages


def test_a_secret_that_is_gone_is_named_and_one_that_is_there_is_kept(target: Target, ada: User) -> None:
    was = newest(target)
    update(target, ada, headers={"X-Api-Key": "(hidden)"})
    kept = newest(target)
    update(target, ada, headers={})

    lost = restoring.restore(target=Target.objects.get(pk=target.pk), change=was, by=ada, now=NOW)
    assert lost == ("headers.X-Api-Key",)
    assert Target.objects.get(pk=target.pk).headers == {"Accept-Language": "en"}

    update(target, ada, headers={"X-Api-Key": "new", "A": "b"})
    restoring.restore(target=Target.objects.get(pk=target.pk), change=kept, by=ada, now=NOW)
    assert Target.objects.get(pk=target.pk).headers == {"X-Api-Key": "new"}


def test_a_login_that_is_gone_is_named_and_its_secret_is_nowhere(target: Target, ada: User) -> None:
    update(target, ada, login={"kind": "basic", "user": "ada", "password": SECRET})
    was = newest(target)
    update(target, ada, login=None, max_pages=60)

    lost = restoring.restore(target=Target.objects.get(pk=target.pk), change=was, by=ada, now=NOW)

    again = Target.objects.get(pk=target.pk)
    assert (lost, again.max_pages, again.login) == (("login",), 50, {})
    assert was.changes["login"] == [None, {"kind": "basic", "user": "ada", "password": "(hidden)"}]
    assert SECRET not in json.dumps(list(TargetChange.objects.values_list("changes", flat=True)))


def test_proxies_are_hidden_whole_and_can_be_taken_away_again(target: Target, ada: User) -> None:
    was = newest(target)
    update(target, ada, proxies=[f"http://ada:{SECRET}@proxy.test:8080"])
    given = newest(target)

    assert given.changes == {"proxies": [None, "(hidden)"]}
    assert restoring.restore(target=Target.objects.get(pk=target.pk), change=was, by=ada, now=NOW) == ()
    assert not Target.objects.get(pk=target.pk).proxies
    lost = restoring.restore(target=Target.objects.get(pk=target.pk), change=given, by=ada, now=NOW)
    assert lost == ("proxies",)


def test_only_the_newest_changes_are_kept(target: Target, ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MOST_KEPT", 3)
    for pages in range(60, 66):
        update(target, ada, max_pages=pages)
    assert [change.changes["max_pages"][1] for change in target.history.order_by("pk")] == [63, 64, 65]


def test_deleting_is_noted(target: Target, ada: User) -> None:
    targets.delete(target=target, by=ada, now=NOW)
    assert (newest(target).kind, newest(target).by_name) == (ChangeKind.DELETED, "ada")


def test_pages_and_api_show_it_and_go_back(target: Target, ada: User) -> None:
    was = newest(target)
    update(target, ada, max_pages=60, headers={"X-Api-Key": SECRET + "-2", "Accept-Language": "en"})
    client = Client()
    client.force_login(ada)

    page = client.get(reverse("target-history", args=[target.pk])).content.decode()
    listed = client.get(f"/api/v1/targets/{target.pk}/history").json()["items"]

    assert "max_pages" in page
    assert "headers: a secret value" in page
    assert listed[0]["changes"]["max_pages"] == [50, 60]
    assert SECRET not in page + json.dumps(listed)
    client.post(reverse("target-restore", args=[target.pk, was.pk]))
    assert Target.objects.get(pk=target.pk).max_pages == 50


def test_a_change_of_another_target_is_not_found(target: Target, ada: User) -> None:
    other = targets.create(owner=ada, data=SETTINGS, now=NOW)
    client = Client()
    client.force_login(ada)
    assert client.post(reverse("target-restore", args=[target.pk, newest(other).pk])).status_code == 404
