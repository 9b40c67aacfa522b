"""What the API tells of the data of runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crawler.models import HeldItem, Publication, Run, RunTrigger
from crawler.services import runs
from tests.integration.api.conftest import NOW, problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User

    from crawler.models import Target
    from crawler.queue import Lane
    from tests.integration.api.conftest import Api

FIGURES: dict[str, Any] = {
    "coverage": 0.1, "types": {"text": 1.0}, "length": 3.0, "words": ["5 €"], "least": None, "most": None,
    "repeated": None, "records": None,
}  # fmt: skip
DATA: dict[str, Any] = {
    "items": 20,
    "examined": 20,
    "fields": {"price": FIGURES},
    "breaches": [{"rule": "min_items", "field": None, "wanted": 30, "found": 20}],
    "drifts": [{"rule": "type", "field": "price", "wanted": "number", "found": "text", "pages": []}],
    "accepted": False,
}


@pytest.fixture
def run(target: Target, rung: list[Lane]) -> Run:
    return runs.start(target=target, trigger=RunTrigger.MANUAL, now=NOW)


def test_data_of_a_run_is_read_and_taken_for_usual(api: Api, run: Run) -> None:
    problem(api.get(f"/runs/{run.pk}/data"), 404)
    Run.objects.filter(pk=run.pk).update(report={"data": DATA})

    assert api.get(f"/runs/{run.pk}/data").json() == DATA | {"since": None, "untold": None}
    assert api.post(f"/runs/{run.pk}/data/accept").json() == DATA | {
        "accepted": True,
        "since": None,
        "untold": None,
    }
    assert api.get(f"/runs/{run.pk}/data").json()["accepted"] is True


def test_figures_inside_of_objects_are_told_by_their_paths(api: Api, run: Run) -> None:
    inside = {"price.amount": FIGURES | {"records": 12}}
    said = {"inside": inside, "untold": {"fields": 3, "keyed": ["specs"]}}
    Run.objects.filter(pk=run.pk).update(report={"data": DATA | said})
    told = api.get(f"/runs/{run.pk}/data").json()

    assert told == DATA | {
        "fields": {"price": FIGURES, **inside}, "since": None, "untold": said["untold"],
    }  # fmt: skip


def test_held_run_is_listed_shown_and_discarded_once(api: Api, run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(report={"data": DATA}, publication=Publication.HELD)
    HeldItem.objects.create(
        run=run.pk, key_hash=bytes(16), key="a", url="http://shop.test/", data={"price": 1},
        content_hash=bytes(16), seen_at=NOW,
    )  # fmt: skip

    listed = api.get("/runs?held=true").json()["items"]
    assert [(one["id"], one["publication"]) for one in listed] == [(run.pk, "held")]
    assert api.get(f"/runs/{run.pk}/held").json()["items"] == [
        {"key": "a", "url": "http://shop.test/", "data": {"price": 1}, "item": None, "changes": []}
    ]
    assert api.post(f"/runs/{run.pk}/data/discard").json() == DATA | {"since": None, "untold": None}
    assert api.get("/runs?held=true").json()["items"] == []
    for late in ("discard", "accept"):
        assert "is not held" in problem(api.post(f"/runs/{run.pk}/data/{late}"), 409)["detail"]
    assert api.get(f"/runs/{run.pk}/data").json()["accepted"] is False


def test_held_run_is_accepted(api: Api, run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(report={"data": DATA}, publication=Publication.HELD)

    assert api.post(f"/runs/{run.pk}/data/accept").json()["accepted"] is True
    assert api.get(f"/runs/{run.pk}").json()["publication"] == "publishing"


def test_rules_are_set_and_read_with_the_target(api: Api, target: Target) -> None:
    rules = {"min_items": 5, "fields": {"price": {"coverage": 0.95, "min": 0.0, "unique": True}}}

    assert api("PATCH", f"/targets/{target.pk}", {"quality": rules}).json()["quality"] == rules
    assert api("PATCH", f"/targets/{target.pk}", {"quality": {}}).json()["quality"] == {}
    errors = problem(api("PATCH", f"/targets/{target.pk}", {"quality": {"min_items": 0}}), 422)["errors"]
    assert [error["field"] for error in errors] == ["quality.min_items"]


def test_others_see_none_of_it(api: Api, run: Run, stranger: User, token_for: Callable[..., Api]) -> None:
    Run.objects.filter(pk=run.pk).update(report={"data": DATA})
    other = token_for(stranger)

    problem(other.get(f"/runs/{run.pk}/data"), 404)
    problem(other.post(f"/runs/{run.pk}/data/accept"), 404)
    assert Run.objects.get(pk=run.pk).report["data"]["accepted"] is False


@pytest.mark.parametrize("path", ["data", "held", "repair"])
def test_no_login_header_or_proxy_is_loaded_for_what_a_run_is_like(api: Api, run: Run, path: str) -> None:
    Run.objects.filter(pk=run.pk).update(report={"data": DATA}, publication=Publication.HELD)
    with CaptureQueriesContext(connection) as asked:
        api.get(f"/runs/{run.pk}/{path}")

    read = [query["sql"] for query in asked if '"crawler_run"."report"' in query["sql"]]
    assert len(read) == 1
    for table, column in (
        ("run", "headers"),
        ("run", "secrets"),
        ("target", "headers"),
        ("target", "login"),
        ("target", "proxies"),
    ):
        assert not [query["sql"] for query in asked if f'"crawler_{table}"."{column}"' in query["sql"]]
