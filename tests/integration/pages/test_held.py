"""Runs that are held, as pages show them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.urls import reverse

from crawler.models import Event, EventKind, HeldItem, Item, Page, Publication, Run
from tests.integration.pages.conftest import NOW
from tests.integration.pages.test_quality import text

if TYPE_CHECKING:
    from django.test import Client

DRIFT = {"rule": "coverage", "field": "price", "wanted": 1.0, "found": 0.0}


@pytest.fixture
def held(run: Run, torch: Item) -> Run:
    """A run whose one record has lost its price, on a page that is stored."""
    page = Page.objects.create(
        target=run.target, key=b"k" * 16, url=torch.url, run=run.pk, status=200, body_hash=bytes(16),
        first_seen=NOW, last_seen=NOW, changed_at=NOW,
    )  # fmt: skip
    HeldItem.objects.create(
        run=run.pk, key_hash=torch.key_hash, key=torch.key, url=torch.url, data={**torch.data, "price": None},
        content_hash=bytes(16), seen_at=NOW,
    )  # fmt: skip
    drift = {**DRIFT, "pages": [{"url": torch.url, "page": page.pk}]}
    data = {"items": 1, "examined": 1, "fields": {}, "breaches": [], "drifts": [drift], "accepted": False}
    Run.objects.filter(pk=run.pk).update(
        state="finished", finished_at=NOW, items=1, publication=Publication.HELD, report={"data": data}
    )
    return Run.objects.get(pk=run.pk)


def test_run_and_target_say_that_a_run_is_held_and_where_it_broke(client: Client, held: Run) -> None:
    page = text(client.get(reverse("run", args=[held.pk])))

    assert "its data looks otherwise than before, so its 1 item is kept apart" in page
    assert "price is in 0.0% of the items, where 100.0% were the least" in page
    assert reverse("page", args=[Page.objects.get().pk]) in page
    assert "looks otherwise than the runs before it" in text(
        client.get(reverse("target", args=[held.target_id]))
    )
    assert f"run {held.pk} of Kontor" in text(client.get(reverse("dashboard")))
    assert '<span class="state warn">held</span>' in text(client.get(reverse("runs"), {"state": "held"}))


def test_what_is_held_is_beside_the_items(client: Client, held: Run, torch: Item) -> None:
    page = text(client.get(reverse("run-held", args=[held.pk])))

    assert torch.key in page
    assert "The items change when it is accepted." in page
    assert '<td class="word" rowspan="1">changed</td> <td class="name">price</td>' in page
    assert "price is in 0.0% of the items, where 100.0% were the least" in page
    assert reverse("page", args=[Page.objects.get().pk]) in page
    HeldItem.objects.all().delete()
    assert "Nothing of this run is kept apart" in text(client.get(reverse("run-held", args=[held.pk])))


def test_held_run_is_accepted(client: Client, held: Run) -> None:
    answer = client.post(reverse("run-data-accept", args=[held.pk]), follow=True)

    assert "Its items are being published; later runs are compared with this one." in text(answer)
    assert Run.objects.get(pk=held.pk).publication == Publication.PUBLISHING
    assert Event.objects.get(kind=EventKind.RUN_ACCEPTED).data["by"] == "ada"
    assert "1 item; by ada" in text(client.get(reverse("target", args=[held.target_id])))


def test_held_run_is_discarded_once(client: Client, held: Run) -> None:
    answer = client.post(reverse("run-data-discard", args=[held.pk]), follow=True)
    assert "What was held is discarded; the items stay as they were." in text(answer)
    assert Run.objects.get(pk=held.pk).publication == Publication.DISCARDING

    answer = client.post(reverse("run-data-discard", args=[held.pk]), follow=True)
    assert f"run {held.pk} is not held" in text(answer)
    page = text(client.get(reverse("run-held", args=[held.pk])))
    assert "The run is being discarded." in page
    assert "when it is accepted" not in page


def test_what_is_held_of_others_is_not_found(stranger: Client, held: Run) -> None:
    assert stranger.get(reverse("run-held", args=[held.pk])).status_code == 404
    for name in ("run-data-accept", "run-data-discard"):
        assert stranger.post(reverse(name, args=[held.pk])).status_code == 404
    assert Run.objects.get(pk=held.pk).publication == Publication.HELD


def test_run_under_way_says_that_its_items_come_later(client: Client, run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(publication=Publication.WAITING)
    assert "kept apart until it has ended" in text(client.get(reverse("run", args=[run.pk])))
