"""The page of what a target keeps: what bounds would free is shown before they are saved."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crawler.models import Page, PageVersion, Target
from tests.people import viewer

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(target: Target) -> PageVersion:
    now = timezone.now()
    page = Page.objects.create(
        target=target, key=b"k" * 16, url="http://shop.test/1", run=1, status=200, body_hash=b"n" * 16,
        first_seen=now, last_seen=now, changed_at=now,
    )  # fmt: skip
    return PageVersion.objects.create(
        target=target, page=page, run=1, ended_by=1, status=200, body_hash=b"o" * 16, size=9_000,
        stored_size=2_000_000, began_at=now, seen_at=now, ended_at=now - timedelta(days=5),
    )  # fmt: skip


def test_what_bounds_would_free_is_shown_and_nothing_is_saved(
    client: Client, target: Target, version: PageVersion
) -> None:
    answer = client.get(
        reverse("target-versions", args=[target.pk]), {"tried": "1", "keep_days": "3", "keep_versions": ""}
    )
    text = answer.content.decode()
    assert "tried, not saved" in text
    assert answer.context["outlook"].leaving == 1
    assert answer.context["outlook"].freed_bytes == 2_000_000
    assert '<input type="hidden" name="keep_days" value="3">' in text
    target.refresh_from_db()
    assert target.keep is None
    assert PageVersion.objects.exists()


def test_bounds_are_saved_and_shown_on_the_target(client: Client, target: Target) -> None:
    address = reverse("target-versions", args=[target.pk])
    answer = client.post(address, {"tried": "1", "keep_versions": "3", "keep_megabytes": "1"})
    assert (answer.status_code, answer["Location"]) == (302, address)
    target.refresh_from_db()
    assert target.keep == {"versions": 3, "megabytes": 1}
    assert "3 versions, 1 MB" in client.get(reverse("target", args=[target.pk])).content.decode()
    client.post(address, {"tried": "1"})
    target.refresh_from_db()
    assert target.keep is None, "all empty is as for every target"


@pytest.mark.parametrize("typed", ["0", "x", "10001", "-1", "1" * 400])
def test_what_will_not_do_is_said_beside_its_bound(client: Client, target: Target, typed: str) -> None:
    address = reverse("target-versions", args=[target.pk])
    for answer in (
        client.get(address, {"tried": "1", "keep_versions": typed}),
        client.post(address, {"tried": "1", "keep_versions": typed}),
    ):
        assert answer.status_code == 422
        assert list(answer.context["form"]["problems"]) == ["keep_versions"]
    target.refresh_from_db()
    assert target.keep is None


def test_those_who_only_look_see_no_button_and_save_nothing(target: Target) -> None:
    Target.objects.update(shared=True)
    client = Client()
    client.force_login(viewer("eve"))
    address = reverse("target-versions", args=[target.pk])
    assert "Save these" not in client.get(address, {"tried": "1", "keep_days": "3"}).content.decode()
    assert client.post(address, {"tried": "1", "keep_days": "3"}).status_code == 403


def test_the_form_of_a_target_has_the_bounds(client: Client, ada: User, target: Target) -> None:
    Target.objects.filter(pk=target.pk).update(keep={"days": 7})
    text = client.get(reverse("target-edit", args=[target.pk])).content.decode()
    assert 'name="keep_days" value="7"' in text
    assert reverse("target-versions", args=[target.pk]) in text


def test_earlier_changes_are_judged_again_where_something_is_ignored(
    client: Client, target: Target, version: PageVersion
) -> None:
    address = reverse("target-versions", args=[target.pk])
    assert "Judge earlier changes again" not in client.get(address).content.decode()
    refused = client.post(address, {"judged": "again"}, follow=True)
    assert "The target ignores nothing" in refused.content.decode()
    Target.objects.update(noise={"dates": True})
    assert "Judge earlier changes again" in client.get(address).content.decode()
    done = client.post(address, {"judged": "again"}, follow=True)
    assert "Earlier changes to be judged: 1." in done.content.decode()
    version.refresh_from_db()
    assert version.awaits_judgement


def test_target_says_what_it_takes_for_no_change_of_a_page(client: Client, target: Target) -> None:
    address = reverse("target", args=[target.pk])
    assert "Does not count as a change" not in client.get(address).content.decode()
    patterns = [f"<b>{number}" for number in range(7)]
    Target.objects.update(noise={"dates": True, "links": True, "css": [".ad"], "patterns": patterns})
    text = client.get(address).content.decode()
    shown = text.partition("Does not count as a change")[2].partition("</dd>")[0]
    assert "dates and times" in shown
    assert "where links lead" in shown
    assert "what .ad finds" in shown
    assert "what matches &lt;b&gt;0" in shown
    assert "and 4 more" in shown
