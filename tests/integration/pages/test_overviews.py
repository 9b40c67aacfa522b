"""Tests of the dashboard and of the hosts page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crawler.errors import explain
from crawler.models import Heartbeat, Host, Run, Slice
from crawler.services import targets, ticking
from tests.integration.pages.conftest import NOW, SETTINGS
from tests.markup import elements


def test_dashboard_of_a_newcomer_says_what_to_do_first(client: Client) -> None:
    page = client.get(reverse("dashboard")).content.decode()
    assert "No targets yet" in page
    (form,) = elements(page.encode(), f"//form[@action='{reverse('target-new')}']")
    begun = client.get(form.get("action", ""), {"url": "shop.test/list"}).content
    (start,) = elements(begun, "//textarea[@name='start_urls']")
    assert (form.get("method"), start.text) == (None, "https://shop.test/list")


def test_dashboard_shows_runs_lanes_and_workers(client: Client, run: Run) -> None:
    now = timezone.now()
    ago = now - timedelta(minutes=5)
    for name, kind, seen in (("a", "worker", now), ("b", "worker", ago), ("c", "beat", now)):
        Heartbeat.objects.create(name=name, kind=kind, node="n", pid=1, started_at=seen, seen_at=seen)
    overview = client.get(reverse("dashboard")).context["overview"]
    assert [progress.run.pk for progress in overview.active] == [run.pk]
    assert {line.lane.value: (line.runs, line.waiting) for line in overview.lanes} == {
        "urgent": (0, 0),
        "default": (1, 1),
        "bulk": (0, 0),
    }
    assert [(line.kind, line.alive) for line in overview.workers] == [("beat", 1), ("worker", 1)]
    assert (overview.runs, overview.waiting, overview.workers_alive) == (1, 1, 1)


def test_dashboard_renews_only_its_living_part(client: Client, run: Run) -> None:
    page = client.get(reverse("dashboard-live")).content.decode()
    assert page.lstrip().startswith('<div id="live"')
    assert "<html" not in page


def test_dashboard_warns_when_no_worker_is_there(client: Client, run: Run) -> None:
    assert "No worker was heard of" in client.get(reverse("dashboard")).content.decode()


@pytest.mark.parametrize(("ticked", "said"), [(110, False), (130, True)])
def test_dashboard_says_when_nobody_looks_at_schedules(client: Client, ticked: int, *, said: bool) -> None:
    now = timezone.now()
    hour = now - timedelta(hours=1)
    Heartbeat.objects.create(name="a", kind="beat", node="n", pid=1, started_at=hour, seen_at=now)
    ticking.tick(now=now - timedelta(seconds=ticked))
    page = client.get(reverse("dashboard-live")).content.decode()
    assert ("What is scheduled does not start" in page) is said


def test_hosts_page_shows_the_ledger(client: Client, run: Run) -> None:
    Host.objects.filter(origin="http://shop.test").update(
        delay_seconds=2.5,
        crawl_delay_seconds=2,
        failures=3,
        robots_state="unreachable",
        robots_reason="name_not_found",
        robots_failed_at=timezone.now(),
        hold_reason="status-429",
    )
    now = timezone.now()
    Slice.objects.create(
        owner="x", lane="default", node="vm-f5ee03f5-4026531836", started_at=now, renewed_at=now
    )
    Host.objects.update(lease_owner="x")
    response = client.get(reverse("hosts"))
    (line,) = response.context["page"].rows
    assert line.runs_waiting == 1
    page = response.content.decode()
    for words in (
        "2.5 s",
        "robots.txt asks for 2 s",
        "unreachable",
        "does not exist",
        "asked to be left alone",
        ">vm<",
    ):
        assert words in page, words


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("reader_hung", "a page of the host hung what reads pages"),
        ("circuit_open", "failed ten times in a row"),
        ("timed_out", explain("timed_out")),
        ("of_tomorrow", "of_tomorrow"),
    ],
)
def test_hosts_page_says_why_a_host_is_left_alone(client: Client, run: Run, code: str, words: str) -> None:
    Host.objects.update(hold_reason=code)

    assert words in client.get(reverse("hosts")).content.decode()


def test_hosts_page_says_how_often_and_when_robots_is_asked_for(client: Client, run: Run) -> None:
    now = timezone.now()
    hosts = Host.objects.filter(origin="http://shop.test")
    hosts.update(
        robots_state="unreachable",
        robots_reason="timed_out",
        robots_failed_at=now,
        robots_failures=3,
        robots_until=now + timedelta(minutes=15, seconds=30),
    )

    page = client.get(reverse("hosts")).content.decode()
    assert "3 tries in a row" in page
    assert "asked for again <time" in page

    hosts.update(robots_until=now - timedelta(minutes=1))
    assert "asked for again" not in client.get(reverse("hosts")).content.decode()


@pytest.mark.parametrize(
    ("reason", "words"),
    [("slow", "because it answers slowly"), ("robots", "as its robots.txt asks"), ("", "")],
)
def test_hosts_page_says_why_a_delay_is_longer_than_asked_for(
    client: Client, run: Run, reason: str, words: str
) -> None:
    Host.objects.update(delay_seconds=8, crawl_delay_seconds=8, latency_seconds=4, delay_reason=reason)

    shown = client.get(reverse("hosts")).content.decode()

    assert words in shown
    assert ("robots.txt asks for" in shown) == (reason != "robots")


def test_hosts_are_found_by_name_and_by_trouble(client: Client, ada: User, run: Run) -> None:
    assert client.get(reverse("hosts"), {"q": "SHOP"}).context["page"].rows
    assert not client.get(reverse("hosts"), {"q": "other"}).context["page"].rows
    assert not client.get(reverse("hosts"), {"show": "troubled"}).context["page"].rows
    Host.objects.update(failures=1)
    assert client.get(reverse("hosts"), {"show": "troubled"}).context["page"].rows


def test_dashboard_costs_few_queries(
    client: Client, ada: User, run: Run, django_assert_max_num_queries: Any
) -> None:
    targets.create(owner=ada, data={**SETTINGS, "name": "Another"}, now=NOW)
    with django_assert_max_num_queries(15):
        client.get(reverse("dashboard"))
