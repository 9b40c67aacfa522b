"""Tests of the queue pages, and of moving a run's priority on them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crawler.models import Backlog, Heartbeat, Host, Run, RunState
from crawler.queue import Lane
from tests.markup import assert_nothing_inline, elements


def words(client: Client, url: str, **query: str) -> str:
    return " ".join(client.get(url, query).content.decode().split())


@pytest.fixture
def worker(db: None) -> None:
    """A worker that is alive."""
    now = timezone.now()
    Heartbeat.objects.create(
        name="worker@here", kind="worker", node="here", pid=1, started_at=now, seen_at=now
    )


def test_page_says_what_waits_in_which_lane_and_why(client: Client, run: Run, worker: None) -> None:
    page = words(client, reverse("queue"))

    assert "Default lane" in page
    assert "Kontor" in page
    assert "http://shop.test" in page
    assert "it is due and goes to the next worker that has room" in page
    assert "as soon as one is free" in page


def test_wait_with_an_end_tells_the_moment(client: Client, run: Run, worker: None) -> None:
    Host.objects.update(
        next_at=timezone.now() + timedelta(minutes=40, seconds=30), hold_reason="circuit_open"
    )

    page = words(client, reverse("run-queue", args=[run.pk]))

    assert "the host failed ten times in a row and is left alone" in page
    assert "in 40 min" in page


def test_lane_is_shown_alone_and_an_unknown_one_is_all(client: Client, run: Run) -> None:
    url = reverse("queue")
    for lane, shown in ((Lane.DEFAULT, 1), (Lane.BULK, 0), ("express", 1)):
        assert len(client.get(url, {"lane": lane}).context["page"].rows) == shown
    assert "Nothing waits in the bulk lane" in words(client, url, lane="bulk")


@pytest.mark.parametrize("name", ["queue", "run-queue"])
def test_parts_renew_themselves_with_the_same_query(client: Client, run: Run, name: str) -> None:
    arguments = [run.pk] if name == "run-queue" else []
    page = client.get(reverse(name, args=arguments), {"lane": "default"}).content
    (live,) = elements(page, "//*[@id='live']")
    address = live.get("hx-get")

    assert address == reverse(f"{name}-live", args=arguments) + "?lane=default"
    (renewed,) = elements(client.get(address).content, "//*[@id='live']")
    assert renewed.get("hx-get") == address
    (back, *_) = elements(client.get(address).content, "//input[@name='next']")
    assert back.get("value") == reverse(name, args=arguments) + "?lane=default"


def test_page_of_a_run_that_is_over_asks_no_more(client: Client, run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(state=RunState.FINISHED)

    page = client.get(reverse("run-queue", args=[run.pk])).content

    assert b'hx-trigger="every 5s"' not in page
    assert not elements(page, "//form[contains(@class, 'priority')]")


@pytest.mark.parametrize("name", ["queue", "run-queue"])
def test_place_that_is_none_is_not_found(client: Client, run: Run, name: str) -> None:
    arguments = [run.pk] if name == "run-queue" else []
    assert client.get(reverse(name, args=arguments), {"cursor": "nonsense"}).status_code == 404


def test_priority_is_moved_from_where_one_is(client: Client, run: Run, rung: list[Lane]) -> None:
    rung.clear()
    for place in (reverse("queue") + "?lane=default", reverse("run", args=[run.pk])):
        response = client.post(reverse("run-priority", args=[run.pk]), {"priority": "9", "next": place})
        assert response["Location"] == place

    run.refresh_from_db()
    assert run.priority == 9
    assert set(Backlog.objects.values_list("priority", flat=True)) == {9}
    assert rung[0] is Lane.URGENT
    assert "priority 9 now" in words(client, reverse("queue"))


@pytest.mark.parametrize("priority", ["", "10", "-1", "five", "٥"])
def test_priority_that_is_none_is_refused_in_words(client: Client, run: Run, priority: str) -> None:
    response = client.post(reverse("run-priority", args=[run.pk]), {"priority": priority}, follow=True)

    assert "A priority goes from 0 to 9" in response.content.decode()
    run.refresh_from_db()
    assert run.priority == 5


def test_priority_of_a_run_that_is_over_stays(client: Client, run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(state=RunState.FINISHED)

    response = client.post(reverse("run-priority", args=[run.pk]), {"priority": "9"}, follow=True)

    assert "cannot be moved" in response.content.decode()


@pytest.mark.parametrize("elsewhere", ["https://evil.test/", "//evil.test", "javascript:alert(1)", ""])
def test_way_back_leads_nowhere_else(client: Client, run: Run, elsewhere: str) -> None:
    response = client.post(reverse("run-priority", args=[run.pk]), {"priority": "4", "next": elsewhere})

    assert response["Location"] == reverse("run", args=[run.pk])


def test_run_of_somebody_else_is_neither_shown_nor_moved(stranger: Client, run: Run) -> None:
    assert b"Kontor" not in stranger.get(reverse("queue")).content
    for name in ("run-queue", "run-queue-live"):
        assert stranger.get(reverse(name, args=[run.pk])).status_code == 404
    assert stranger.post(reverse("run-priority", args=[run.pk]), {"priority": "9"}).status_code == 404


def test_hostile_names_stay_text(client: Client, run: Run) -> None:
    run.target.name = "<script>alert(1)</script>"
    run.target.save()
    Host.objects.update(origin="javascript:alert(1)//")

    for url in (reverse("queue"), reverse("run-queue", args=[run.pk])):
        page = client.get(url).content
        assert b"<script>alert" not in page
        assert_nothing_inline(page)


def test_dashboard_and_the_pages_of_runs_lead_to_it(client: Client, run: Run) -> None:
    assert reverse("queue") + "?lane=urgent" in client.get(reverse("dashboard")).content.decode()
    assert reverse("run-queue", args=[run.pk]) in client.get(reverse("run", args=[run.pk])).content.decode()


def test_page_costs_few_queries(client: Client, run: Run, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(11):
        client.get(reverse("queue-live"))
