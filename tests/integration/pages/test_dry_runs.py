"""The dry run of the target form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.urls import reverse

from crawler.models import OutsideLink, Target

if TYPE_CHECKING:
    from django.test import Client

    from crawler.models import Run

FORM = {
    "name": "Kontor",
    "when": "never",
    "start_urls": "http://shop.test/",
    "scope": "host",
    "scraper": "auto",
    "priority": "5",
    "max_pages": "10000",
    "obey_robots": "on",
    "adapt_pace": "on",
    "enabled": "on",
    "exclude": "/category/",
}


@pytest.fixture
def url(target: Target) -> str:
    return reverse("target-dry-run", args=[target.pk])


def test_form_of_a_target_offers_it_and_a_new_one_does_not(client: Client, target: Target, url: str) -> None:
    assert url in client.get(reverse("target-edit", args=[target.pk])).content.decode()
    assert "dry-run" not in client.get(reverse("target-new")).content.decode()


def test_urls_that_fare_otherwise_are_shown_with_their_reasons(client: Client, run: Run, url: str) -> None:
    OutsideLink.objects.create(run=run, reason="exclude", url="http://shop.test/<b>")

    page = " ".join(client.post(url, FORM).content.decode().split())

    assert "Would be dropped: 1" in page
    assert "http://shop.test/category/garden/" in page
    assert "matches one of the patterns to leave out" in page
    assert "Would be followed besides: 1" in page
    assert "http://shop.test/%3Cb%3E" in page
    assert Target.objects.get(pk=run.target_id).exclude == []


def test_htmx_gets_only_the_answer(client: Client, run: Run, url: str) -> None:
    page = client.post(url, FORM, headers={"HX-Request": "true"}).content.decode()

    assert "<html" not in page
    assert "Would be dropped: 1" in page


def test_target_that_never_ran_says_so(client: Client, url: str) -> None:
    assert "no run of this target has its requests kept" in client.post(url, FORM).content.decode()


def test_part_is_said_to_be_one(client: Client, run: Run, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.queries.dry_runs.READ", 1)
    monkeypatch.setattr("crawler.services.dry_runs.SECONDS", 0.0)

    assert "This is a part: 1 of 3 requests were compared" in client.post(url, FORM).content.decode()


@pytest.mark.parametrize("htmx", [True, False])
def test_what_is_wrong_stands_beside_its_control(client: Client, url: str, htmx: bool) -> None:
    headers = {"HX-Request": "true"} if htmx else {}
    response = client.post(url, FORM | {"exclude": "("}, headers=headers)

    assert response.status_code == (200 if htmx else 422)
    assert 'class="problems"' in response.content.decode()


def test_others_see_nothing(stranger: Client, url: str) -> None:
    assert stranger.post(url, FORM).status_code == 404


def test_it_is_asked_for_with_post(client: Client, url: str) -> None:
    assert client.get(url).status_code == 405
