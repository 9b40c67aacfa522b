"""Tests of the test fetch: asked for with the form, waited for, shown."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django_celery_results.models import TaskResult

from crawler.engine.findings import (
    Dropped,
    Finding,
    Forbidden,
    Held,
    Holder,
    Links,
    Record,
    Response,
    Shown,
    Trouble,
    Unfetched,
)
from crawler.models import OutboxMessage, Target

FORM = {
    "start_urls": "http://shop.test/",
    "scope": "host",
    "scraper": "auto",
    "priority": "5",
    "adapt_pace": "on",
    "obey_robots": "on",
    "enabled": "on",
    "when": "never",
}
HTMX = {"HX-Request": "true"}
PAGE = Shown(
    response=Response(
        url="http://shop.test/", final_url="http://shop.test/home/", status=200, content_type="text/html",
        size=2_345, seconds=0.12, hops=(), headers={},
    ),
    links=Links(
        followed=("http://shop.test/about/",), followed_count=1, dropped={"out_of_scope": 2},
        samples=(Dropped(reason="out_of_scope", url="javascript:alert(1)"),),
    ),
    items=(Record(key="<b>key</b>", data={"title": "<script>alert(1)</script>"}),),
    items_count=1,
    problems=(Trouble(code="missing", message="nothing matches", field="fields.price"),),
    problems_count=1,
)  # fmt: skip


def ask(client: Client, **changes: str) -> str:
    """Ask for a test fetch and return its address."""
    response = client.post(reverse("preview-start"), FORM | changes)
    assert response.status_code == 302, response.content
    return str(response["Location"])


def finish(finding: Finding, *, status: str = "SUCCESS") -> None:
    task = OutboxMessage.objects.get().task_id
    TaskResult.objects.create(task_id=task, status=status, result=json.dumps(asdict(finding)))


def test_test_fetch_stores_no_target_and_waits(client: Client) -> None:
    page = client.get(ask(client)).content.decode()
    assert "Waiting for a worker" in page
    assert '<meta http-equiv="refresh"' in page, "it renews itself without JavaScript"
    assert not Target.objects.exists()


def test_form_s_button_gets_a_part_that_asks_again(client: Client) -> None:
    page = client.post(reverse("preview-start"), FORM, headers=HTMX).content.decode()
    assert "<html" not in page
    assert 'hx-trigger="load delay' in page


def test_finding_shows_answer_items_links_and_problems(client: Client) -> None:
    address = ask(client)
    finish(PAGE)
    response = client.get(address, headers=HTMX)
    page = response.content.decode()
    for words in (
        "2.3 kB in 120 ms",
        "1 item would be stored",
        "1 link would be followed",
        "nothing matches",
    ):
        assert words in page
    assert "<script>" not in page
    assert "<b>" not in page
    assert 'href="javascript:' not in page
    assert "hx-get" not in page, "it stops asking"


@pytest.mark.parametrize(
    ("finding", "words"),
    [
        (Forbidden(url="http://shop.test/", rule="Disallow: /", line=3), "forbids this page: line 3"),
        (Held(origin="http://shop.test", runs=(Holder(run=7, target="Kontor"),)), "run 7 of Kontor"),
        (Held(origin="http://shop.test", others=1), "1 run of other people waits for it too"),
        (Unfetched(url="", code="timed_out", message="no answer in time"), "no answer in time"),
    ],
)  # fmt: skip
def test_finding_without_a_page_says_why(client: Client, finding: Finding, words: str) -> None:
    address = ask(client)
    finish(finding)
    assert words in " ".join(client.get(address).content.decode().split())


def test_fetch_that_broke_says_so(client: Client) -> None:
    address = ask(client)
    finish(PAGE, status="FAILURE")
    assert "could not finish the test fetch" in client.get(address).content.decode()


def test_test_fetch_of_somebody_else_is_not_found(client: Client, stranger: Client) -> None:
    assert stranger.get(ask(client)).status_code == 404


@pytest.mark.parametrize(("field", "text"), [("start_urls", "ftp://shop.test/"), ("headers", "no colon")])
def test_wrong_form_is_told_before_anything_is_fetched(client: Client, field: str, text: str) -> None:
    part = client.post(reverse("preview-start"), FORM | {field: text}, headers=HTMX)
    assert part.status_code == 200
    assert "cannot be tried yet" in part.content.decode()
    whole = client.post(reverse("preview-start"), FORM | {field: text})
    assert whole.status_code == 422
    assert set(whole.context["form"].problems) == {field}
    assert not OutboxMessage.objects.exists()


def test_test_fetch_of_a_change_belongs_to_the_target_s_owner(
    client: Client, stranger: Client, target: Target
) -> None:
    given: dict[str, Any] = FORM | {"target": str(target.pk), "name": target.name}
    assert client.post(reverse("preview-start"), given).status_code == 302
    assert stranger.post(reverse("preview-start"), given).status_code == 404
    for pk in ("x", "²", "9" * 30, "9" * 5_000):
        assert client.post(reverse("preview-start"), given | {"target": pk}).status_code == 404
