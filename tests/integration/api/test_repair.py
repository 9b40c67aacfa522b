"""Selectors that are proposed for a held run, and the repair with them, by the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from crawler.models import Publication, RepairLook, Run, Target
from crawler.services import looking
from tests.integration.api.conftest import problem
from tests.integration.services.test_mending import FIELDS, MANY, held, with_other_rows

if TYPE_CHECKING:
    from tests.integration.api.conftest import Api

__all__ = ["held"]
AMOUNT = {"css": ".amount", "type": "price"}


@pytest.fixture
def run(held: Run) -> Run:
    Target.objects.filter(pk=held.target_id).update(shared=True, delay_seconds=None, obey_robots=True)
    return Run.objects.get(pk=held.pk)


def test_selectors_are_proposed_and_the_best_taken(api: Api, run: Run) -> None:
    told = api.get(f"/runs/{run.pk}/repair").json()
    assert (told["pages"], told["row"], told["note"], told["without"]) == (MANY, "", "", [])
    assert told["fields"]["price"][0] == {
        "declared": AMOUNT,
        "restored": MANY,
        "known": MANY,
        "filled": MANY,
        "on_all": {"pages": MANY, "whole": MANY, "restored": MANY, "known": MANY, "filled": MANY},
    }

    answer = api.post(f"/runs/{run.pk}/repair")
    assert (answer.status_code, answer.json()["stores"]) == (202, True)
    assert answer["Location"] == f"/api/v1/replays/{answer.json()['id']}"
    assert Target.objects.get().fields == FIELDS | {"price": AMOUNT}
    assert Run.objects.get(pk=run.pk).publication == Publication.DISCARDING
    problem(api.get(f"/runs/{run.pk}/repair"), 409)


def test_selectors_are_looked_for_again_and_how_far_it_is_is_told(api: Api, run: Run) -> None:
    told = api.get(f"/runs/{run.pk}/repair").json()
    assert (told["state"], told["percent"], told["tried"], told["left_out"]) == ("done", 100, MANY, 0)
    assert (told["seen"], told["items"]) == (MANY, MANY)

    answer = api.post(f"/runs/{run.pk}/repair/look")
    assert (answer.status_code, answer.json()["state"], answer.json()["fields"]) == (202, "queued", {})
    RepairLook.objects.all().delete()
    assert api.get(f"/runs/{run.pk}/repair").json()["state"] == "missing"


def test_repair_with_what_is_not_known_yet_has_it_looked_for_first(api: Api, run: Run) -> None:
    RepairLook.objects.all().delete()
    assert "says done" in problem(api.post(f"/runs/{run.pk}/repair"), 409)["detail"]
    assert api.get(f"/runs/{run.pk}/repair").json()["state"] == "queued"
    while looking.step(run=run.pk, now=timezone.now()):
        pass

    assert api.post(f"/runs/{run.pk}/repair").status_code == 202
    problem(api.post(f"/runs/{run.pk}/repair/look"), 409)


def test_fields_that_a_person_declares_are_taken_or_refused(api: Api, run: Run) -> None:
    wrong = problem(api.post(f"/runs/{run.pk}/repair", {"fields": {"price": "css:[["}}), 422)
    assert [error["field"] for error in wrong["errors"]] == ["fields.price.css"]
    problem(api.post(f"/runs/{run.pk}/repair", {"fields": {}}), 409)
    problem(api.post(f"/runs/{run.pk}/repair", {"field": {}}), 422)

    assert api.post(f"/runs/{run.pk}/repair", {"fields": {"price": "css:.offer"}}).status_code == 202
    assert Target.objects.get().fields["price"] == "css:.offer"


def test_rows_that_give_more_records_are_taken_with_more_alone(api: Api, run: Run) -> None:
    assert api.get(f"/runs/{run.pk}/repair").json()["records"] is None
    with_other_rows(run, given=MANY + 3)
    assert api.get(f"/runs/{run.pk}/repair").json()["records"] == {
        "given": MANY + 3,
        "known": MANY,
        "unknown": [{"name": "An <advert>\x9b"}],
    }

    told = problem(api.post(f"/runs/{run.pk}/repair"), 409)
    assert "give 15 records where 12 were known" in told["detail"]
    assert told["detail"].endswith('and say that you want more, by "more": true')
    assert api.post(f"/runs/{run.pk}/repair", {"more": True}).status_code == 202
    assert Target.objects.get().row == "xpath://body"
