"""The page on which a target is mended whose run is held."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.urls import reverse

from crawler.models import LookState, Publication, RepairLook, Replay, Run, Target
from tests.integration.pages.test_quality import text
from tests.integration.services.test_mending import FIELDS, MANY, held, with_other_rows
from tests.integration.services.test_mending_behind import OLD, broke

if TYPE_CHECKING:
    from django.test import Client

    from tests.fakes.clock import FakeClock

__all__ = ["held"]


@pytest.fixture
def run(held: Run) -> Run:
    Target.objects.filter(pk=held.target_id).update(shared=True, delay_seconds=None, obey_robots=True)
    return Run.objects.get(pk=held.pk)


def test_selectors_are_shown_with_what_they_give_and_one_click_repairs(client: Client, run: Run) -> None:
    address = reverse("run-repair", args=[run.pk])
    assert address in text(client.get(reverse("run", args=[run.pk])))
    page = text(client.get(address))

    assert f"looked for in {MANY} stored pages" in page
    assert "{&quot;css&quot;:&quot;.amount&quot;,&quot;type&quot;:&quot;price&quot;}" in page
    assert f"{MANY} of {MANY}" in page

    answer = client.post(address, {"field-price": '{"css":".amount","type":"price"}'}, follow=True)
    replay = Replay.objects.get()
    assert answer.redirect_chain == [(reverse("replay", args=[replay.pk]), 302)]
    assert "The fields are saved, and the pages are read again." in text(answer)
    assert Target.objects.get().fields == FIELDS | {"price": {"css": ".amount", "type": "price"}}
    assert Run.objects.get(pk=run.pk).publication == Publication.DISCARDING


def test_page_says_what_is_to_know_of_the_rows(client: Client, run: Run) -> None:
    look = RepairLook.objects.get()
    look.found |= {"note": "The rows are gone.", "fields": {}}
    look.save()
    page = text(client.get(reverse("run-repair", args=[run.pk])))

    assert "The rows are gone." in page
    assert "Nothing was found for price." in page
    assert "These selectors find it" not in page
    assert "Save and read the pages again" not in page


def test_what_is_looked_for_and_how_far_it_is_tried_is_shown(client: Client, run: Run) -> None:
    address = reverse("run-repair", args=[run.pk])
    page = text(client.get(address))
    assert f"tried on {MANY} pages of the run" in page
    assert "Look again" in page

    assert client.post(address, {"look": "1"}).status_code == 302
    page = text(client.get(address))
    assert "is being looked for in the stored pages" in page
    assert "Look again" not in page

    queued = RepairLook.objects.get().pk
    client.post(address, {"look": "1"})
    assert RepairLook.objects.get().pk == queued  # it is looked for already

    RepairLook.objects.update(state=LookState.FAILED, reason="no process could be started")
    page = text(client.get(address))
    assert "No process could be started." in page
    assert "Look for selectors" in page

    RepairLook.objects.all().delete()
    assert "It was not looked for yet" in text(client.get(address))


def test_fields_of_several_pages_say_on_which_they_are_read(client: Client, clock: FakeClock) -> None:
    run = broke(clock, OLD | {"name": "headline", "price": "amount"}, name=None, price=None)
    Target.objects.update(shared=True, delay_seconds=None, obey_robots=True)
    page = text(client.get(reverse("run-repair", args=[run.pk])))

    assert '<h2>price</h2> <span class="hint">on the page behind <code>link</code></span>' in page
    assert '<h2>name</h2> <span class="hint">on the page where records begin</span>' in page
    assert "13 pages of the run, those of 12 of 12 items" in page

    RepairLook.objects.update(total=20, seen=12, found={**RepairLook.objects.get().found, "fields": {}})
    page = text(client.get(reverse("run-repair", args=[run.pk])))
    assert "More than these are not tried." in page
    assert "It was looked for on each of the pages of a record." in page


def test_fields_inside_of_objects_are_taken_by_their_paths(client: Client, run: Run) -> None:
    fields = {"offer": {"css": ".offer", "fields": {"price": "css:.price"}}}
    Target.objects.update(fields=fields)
    chosen = {"field-offer.price": '{"css":".amount"}', "field-offer.colour": '{"css":"b"}'}
    client.post(reverse("run-repair", args=[run.pk]), chosen)

    assert Target.objects.get().fields["offer"]["fields"] == {"price": {"css": ".amount"}}


@pytest.mark.parametrize(
    ("chosen", "says"),
    [
        ({}, "Choose a selector for at least one"),
        ({"field-price": "{"}, "Price: what was chosen cannot be read"),
        ({"field-price": '{"css":"[["}'}, "At price.css: is not a CSS selector"),
    ],
)
def test_what_cannot_be_taken_is_said_and_nothing_changes(
    client: Client, run: Run, chosen: dict[str, str], says: str
) -> None:
    answer = client.post(reverse("run-repair", args=[run.pk]), chosen, follow=True)

    assert says in text(answer)
    assert Target.objects.get().fields == FIELDS
    assert Run.objects.get(pk=run.pk).publication == Publication.HELD


def test_run_that_is_not_held_is_not_repaired(client: Client, run: Run, stranger: Client) -> None:
    Run.objects.filter(pk=run.pk).update(publication=Publication.PUBLISHED)
    assert "is not held" in text(client.get(reverse("run-repair", args=[run.pk]), follow=True))
    Target.objects.update(shared=False)
    assert stranger.get(reverse("run-repair", args=[run.pk])).status_code == 404


def test_progress_of_a_run_that_was_decided_on_says_so_and_where(client: Client, run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(publication=Publication.DISCARDED)
    answer = client.get(reverse("run-repair", args=[run.pk]), headers={"HX-Request": "true"})

    page = text(answer)
    assert answer.status_code == 200
    assert 'id="repair-progress"' in page
    assert f"Run {run.pk} is not held (its items: discarded)" in page
    assert reverse("run", args=[run.pk]) in page
    assert "hx-trigger" not in page[page.index("repair-progress") :].partition("</main>")[0]
    assert "Look for selectors" not in page


def test_rows_that_give_more_records_are_asked_for(client: Client, run: Run) -> None:
    with_other_rows(run, given=MANY + 3)
    address = reverse("run-repair", args=[run.pk])
    page = text(client.get(address))
    assert "though they give 15 records where 12 were known" in page
    assert "<code>name</code> An &lt;advert&gt;" in page

    chosen = {"field-price": '{"css":".amount","type":"price"}', "row": "xpath://body"}
    answer = client.post(address, chosen, follow=True)
    assert answer.redirect_chain == [(address, 302)]
    assert "The rows that are proposed give 15 records where 12 were known" in text(answer)
    assert Run.objects.get(pk=run.pk).publication == Publication.HELD

    client.post(address, chosen | {"more": "1"})
    assert Target.objects.get().row == "xpath://body"
