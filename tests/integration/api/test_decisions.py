"""What the API tells of one URL of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from crawler.models import Request, RequestState, RunTrigger
from crawler.services import runs
from tests.integration.api.conftest import NOW, problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User

    from crawler.models import Run, Target
    from crawler.queue import Lane
    from tests.integration.api.conftest import Api


@pytest.fixture
def run(target: Target, rung: list[Lane]) -> Run:
    return runs.start(target=target, trigger=RunTrigger.MANUAL, now=NOW)


def test_rule_that_decided_is_told_with_its_line(api: Api, run: Run) -> None:
    row = Request.objects.filter(run=run).earliest("id")
    Request.objects.filter(pk=row.pk).update(
        state=RequestState.SKIPPED, reason="robots: line 3, Disallow: /", settled_at=NOW
    )

    told = api.get(f"/runs/{run.pk}/decision?url={quote(row.url + '?utm_source=x#y', safe='')}").json()

    assert told["rule"] == {"name": "robots", "number": 3, "text": "Disallow: /"}
    assert (told["fate"], told["reason"], told["request"]) == ("skipped", "robots", row.pk)
    assert (told["url"], told["left_out"]) == (row.url, ["utm_source", "#"])
    assert (told["depth"], told["via"], told["leads_to"]) == (0, [], None)


def test_url_that_was_never_met_is_no_error(api: Api, run: Run) -> None:
    told = api.get(f"/runs/{run.pk}/decision?url=https://elsewhere.test/").json()

    assert (told["fate"], told["reason"], told["request"]) == ("unseen", "host", None)


@pytest.mark.parametrize("url", ["shop.test", "ftp://shop.test/", "http://shop.test:x/", "http://xn--/"])
def test_what_is_no_url_is_invalid(api: Api, run: Run, url: str) -> None:
    errors = problem(api.get(f"/runs/{run.pk}/decision?url={url}"), 422)["errors"]

    assert [error["field"] for error in errors] == ["url"]


def test_a_url_is_needed(api: Api, run: Run) -> None:
    problem(api.get(f"/runs/{run.pk}/decision"), 422)


def test_runs_of_others_are_not_there(token_for: Callable[..., Api], stranger: User, run: Run) -> None:
    problem(token_for(stranger).get(f"/runs/{run.pk}/decision?url=https://shop.test/"), 404)
