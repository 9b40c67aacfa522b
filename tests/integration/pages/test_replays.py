"""The pages of stored pages that are read again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.urls import reverse

from crawler.models import Item, Replay, ReplayState, Target
from crawler.policy.replays import Totals
from crawler.services import targets
from tests.integration.pages.conftest import NOW
from tests.integration.replays import PRICED, READ, done, stored, watched

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client

FORM = {
    "name": "Shop",
    "when": "never",
    "start_urls": "http://shop.test/",
    "scope": "host",
    "scraper": "fields",
    "field_name": ["name", "price"],
    "field_kind": ["css", "css"],
    "field_selector": ["h1", "p"],
    "priority": "5",
    "max_pages": "10000",
    "obey_robots": "on",
    "adapt_pace": "on",
    "enabled": "on",
}


@pytest.fixture
def shop(ada: User) -> Target:
    target = targets.create(
        owner=ada, data={"name": "Shop", "start_urls": ["http://shop.test/"], **READ}, now=NOW
    )
    stored(target, now=NOW)
    return target


def text(response: object) -> str:
    return " ".join(response.content.decode().split())  # type: ignore[attr-defined]


def test_form_of_a_target_offers_it_and_a_new_one_does_not(client: Client, shop: Target) -> None:
    url = reverse("replay-new", args=[shop.pk])

    assert url in text(client.get(reverse("target-edit", args=[shop.pk])))
    assert "stored pages" not in text(client.get(reverse("target-new")))


def test_settings_of_the_form_are_tried_shown_side_by_side_and_stored(client: Client, shop: Target) -> None:
    began = client.post(reverse("replay-new", args=[shop.pk]), FORM)
    replay = Replay.objects.get()
    assert began["Location"] == reverse("replay", args=[replay.pk])
    waiting = text(client.get(began["Location"]))
    assert "0 of 3 chosen pages read" in waiting
    assert 'http-equiv="refresh"' in waiting
    done(replay.pk)

    page = text(client.get(began["Location"]))
    assert "Read with other settings than the target's: fields." in page
    assert "<dt>Changed</dt> <dd>3</dd>" in page
    assert '<span class="after">€ 1</span>' in page
    assert "Save settings and update all items" in page
    assert "no record is found any more" not in page
    assert 'http-equiv="refresh"' not in page
    assert all("price" not in item.data for item in Item.objects.all())

    stored_ = client.post(reverse("replay-store", args=[replay.pk]))
    storing = Replay.objects.get(stores=True)
    assert stored_["Location"] == reverse("replay", args=[storing.pk])
    done(storing.pk)
    assert [item.data["price"] for item in Item.objects.order_by("pk")] == ["€ 1", "€ 2", "€ 3"]
    assert "stored" in text(client.get(reverse("replays", args=[shop.pk])))


def test_htmx_gets_only_the_part_that_renews_itself(client: Client, shop: Target) -> None:
    page = text(client.post(reverse("replay-new", args=[shop.pk]), FORM, headers={"HX-Request": "true"}))

    assert "<html" not in page
    assert "<form" not in page, "it stands in the target's form"
    assert reverse("replay-live", args=[Replay.objects.get().pk]) in page


def test_saved_settings_are_read_from_the_list_and_all_pages_after_a_sample(
    client: Client, shop: Target
) -> None:
    client.post(reverse("replay-new", args=[shop.pk]))
    sample = Replay.objects.get()
    done(sample.pk)
    assert "Read with the target's own settings." in text(client.get(reverse("replay", args=[sample.pk])))

    client.post(reverse("replay-all", args=[sample.pk]))
    whole = Replay.objects.latest("pk")
    assert (whole.chosen, whole.total, whole.settings) == (None, 3, sample.settings)


def test_form_that_says_the_same_changes_nothing_and_another_field_nothing_but_itself(
    client: Client, ada: User
) -> None:
    client.post(reverse("target-new"), FORM)
    target = Target.objects.get(owner=ada)
    saved = {"name": "css:h1", "price": {"css": "p", "required": False}}
    Target.objects.update(fields=saved)

    client.post(reverse("replay-new", args=[target.pk]), FORM)
    assert Replay.objects.get().settings["fields"] == saved
    client.post(reverse("target-edit", args=[target.pk]), FORM)
    assert Target.objects.get().fields == saved
    assert target.history.count() == 1, "it was made"

    client.post(reverse("target-edit", args=[target.pk]), FORM | {"field_selector": ["h1", "b"]})
    assert Target.objects.get().fields == {"name": "css:h1", "price": {"css": "b"}}
    assert set(target.history.latest("pk").changes) == {"fields"}


@pytest.mark.parametrize(
    ("stores", "many", "words"),
    [
        (False, 1, "1 record lacks a key field and would not be stored."),
        (True, 1, "1 record lacks a key field and is not stored."),
        (True, 2, "2 records lack a key field and are not stored."),
    ],
)
def test_records_without_a_key_are_told(
    client: Client, shop: Target, stores: bool, many: int, words: str
) -> None:
    client.post(reverse("replay-new", args=[shop.pk]))
    replay = Replay.objects.get()
    Replay.objects.update(stores=stores, totals=Totals(unkeyed=many).as_json())

    assert words in text(client.get(reverse("replay", args=[replay.pk])))


def test_settings_that_find_nothing_any_more_are_warned_of(client: Client, shop: Target) -> None:
    began = client.post(reverse("replay-new", args=[shop.pk]), FORM | {"field_selector": ["h6", "h6"]})
    done(Replay.objects.get().pk)

    page = text(client.get(began["Location"]))
    assert "no record is found any more" in page
    assert "Save settings and update all items" in page


def test_wrong_field_of_the_form_is_told_beside_it(client: Client, shop: Target) -> None:
    answer = client.post(reverse("replay-new", args=[shop.pk]), FORM | {"field_selector": ["h1[", "p"]})

    assert answer.status_code == 422
    assert "not a CSS selector" in text(answer)
    assert not Replay.objects.exists()


def test_what_cannot_be_done_now_is_said(client: Client, shop: Target) -> None:
    client.post(reverse("replay-new", args=[shop.pk]))
    replay = Replay.objects.get()
    refused = client.post(reverse("replay-store", args=[replay.pk]), follow=True)
    assert "Only a trial that is done can be stored" in text(refused)

    Replay.objects.update(stores=True)
    refused = client.post(reverse("replay-new", args=[shop.pk]), follow=True)
    assert "are being read and stored; wait, or cancel that" in text(refused)
    client.post(reverse("replay-cancel", args=[replay.pk]))
    assert Replay.objects.get().state == ReplayState.CANCELLED


def test_what_was_begun_after_a_refresh_says_so(client: Client, shop: Target) -> None:
    client.post(reverse("replay-new", args=[shop.pk]))
    Replay.objects.update(stores=True, after_refresh=17)

    assert "after a refresh" in text(client.get(reverse("replays", args=[shop.pk])))
    page = text(client.get(reverse("replay", args=[Replay.objects.get().pk])))
    assert reverse("run", args=[17]) in page


def test_others_do_not_see_it(client: Client, stranger: Client, shop: Target) -> None:
    client.post(reverse("replay-new", args=[shop.pk]))
    replay = Replay.objects.get()

    for name, pk in (("replays", shop.pk), ("replay", replay.pk), ("replay-live", replay.pk)):
        assert stranger.get(reverse(name, args=[pk])).status_code == 404
    for name, pk in (("replay-new", shop.pk), ("replay-store", replay.pk), ("replay-cancel", replay.pk)):
        assert stranger.post(reverse(name, args=[pk])).status_code == 404


def test_earlier_versions_are_asked_for_shown_and_fill_in_the_history(client: Client, ada: User) -> None:
    said = {"name": "Watched", "start_urls": ["http://shop.test/"], **READ, "fields": PRICED}
    target = targets.create(owner=ada, data=said, now=NOW)
    item = watched(target, now=NOW)
    form = FORM | {"field_name": ["name", "left"], "field_selector": ["h1", "i"], "earlier": "1"}
    assert "And on earlier versions" in text(client.get(reverse("target-edit", args=[target.pk])))
    client.post(reverse("replay-new", args=[target.pk]), form)
    trial = done(Replay.objects.get().pk)
    shown = text(client.get(reverse("replay", args=[trial.pk])))

    assert "3 of 3 chosen pages and versions read" in shown
    assert "2 of 2 read: what these pages said then" in shown
    assert "To be filled in" in shown
    client.post(reverse("replay-store", args=[trial.pk]))
    storing = done(Replay.objects.latest("pk").pk)
    assert "<dt>Filled in</dt>" in text(client.get(reverse("replay", args=[storing.pk])))
    assert "stored, earlier versions" in text(client.get(reverse("replays", args=[target.pk])))
    history = text(client.get(reverse("item", args=[item.pk])))
    assert history.count("filled in: left") == 3
    moment = (NOW - timedelta(days=5)).isoformat()
    client.post(reverse("item-restore", args=[item.pk]), {"at": moment})
    assert Item.objects.get().data == {"name": "kettle", "price": 5.0, "left": "12"}
