"""Tests of the runs pages."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crawler.models import (
    OutsideLink,
    ProblemKind,
    ProblemSample,
    Request,
    RequestKind,
    RequestState,
    Run,
    RunLogin,
    RunState,
    RunTrigger,
    SitemapReading,
)


def test_page_shows_progress_and_what_went_wrong(client: Client, run: Run) -> None:
    response = client.get(reverse("run", args=[run.pk]))
    progress = response.context["progress"]
    assert progress.percent == 66
    assert progress.counts.by_state() == (
        ("queued", 1), ("leased", 0), ("done", 1), ("failed", 1), ("skipped", 0), ("dead", 0),
    )  # fmt: skip
    page = response.content.decode()
    assert "status-500" in page
    assert "12.3 kB" in page
    assert 'hx-trigger="every 2s"' in page


def test_page_of_an_ended_run_stops_asking(client: Client, run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(state=RunState.FINISHED, discovered=2)
    page = client.get(reverse("run-live", args=[run.pk])).content.decode()
    assert "hx-trigger" not in page
    assert "100 %" in page
    assert "hx-trigger" not in client.get(reverse("run-chart", args=[run.pk])).content.decode()


def test_reasons_are_told_in_words(client: Client, run: Run) -> None:
    reason = "robots_unreachable: address_refused"
    Request.objects.filter(run=run, state=RequestState.FAILED).update(reason=reason)
    Run.objects.filter(pk=run.pk).update(reason=f"no start URL could be fetched ({reason})")

    page = client.get(reverse("run", args=[run.pk])).content.decode()

    assert f"<code>{reason}</code>" in page
    assert (
        page.count("whoever runs Trawl can open its network and port, such as EGRESS_ALLOW=10.1.0.0/16:8080")
        == 2
    )


def test_page_compares_with_the_run_before(client: Client, run: Run) -> None:
    previous = {"run": 1, "pages": 106, "items": 88, "items_missing": 2}
    Run.objects.filter(pk=run.pk).update(report={"previous": previous})
    page = " ".join(client.get(reverse("run", args=[run.pk])).content.decode().split())
    assert "106 pages, 88 items; 2 of them not seen again" in page


def test_page_tells_of_the_login(client: Client, run: Run) -> None:
    RunLogin.objects.create(run=run, asked_at=timezone.now(), number=2)
    page = " ".join(client.get(reverse("run", args=[run.pk])).content.decode().split())
    assert "Found to be in <small>2 times</small>" in page

    Run.objects.filter(pk=run.pk).update(awaits_login=True)
    page = " ".join(client.get(reverse("run-live", args=[run.pk])).content.decode().split())
    assert "Logging in, nothing is fetched meanwhile <small>2 times so far</small>" in page


@pytest.mark.parametrize(
    ("state", "counts", "percent", "words"),
    [
        (RunState.QUEUED, {"done": 0, "failed": 0}, 0, "0 of 3 requests settled"),
        (RunState.RUNNING, {"done": 2}, 99, "3 of 3 requests settled"),
        (RunState.PAUSED, {}, 66, "2 of 3 requests settled"),
        (RunState.FINISHED, {"skipped": 1}, 100, "3 of 3 requests settled"),
        (RunState.CANCELLED, {"failed": 0, "skipped": 2}, 33, "1 of 3 requests tried before the run was"),
        (RunState.CANCELLED, {"failed": 0}, 33, "1 of 3 requests tried before the run was"),
        (RunState.FAILED, {"done": 0, "skipped": 2}, 33, "1 of 3 requests tried before the run failed"),
    ],
)  # fmt: skip
def test_progress_says_in_every_state_how_far_the_run_came(
    client: Client, run: Run, state: RunState, counts: dict[str, int], percent: int, words: str
) -> None:
    Run.objects.filter(pk=run.pk).update(state=state, **counts)
    response = client.get(reverse("run", args=[run.pk]))
    assert response.context["progress"].percent == percent
    assert words in " ".join(response.content.decode().split())


@pytest.mark.parametrize(
    ("most", "trigger", "words"),
    [
        (None, RunTrigger.MANUAL, "at least 1 min left"),
        (10_000, RunTrigger.SCHEDULE, "at least 1 min left"),
        (62, RunTrigger.MANUAL, "about 1 min left"),
        (None, RunTrigger.REFRESH, "about 1 min left"),
    ],
)
def test_time_that_is_left_is_the_least_while_pages_may_lead_to_more(
    client: Client,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    most: int | None,
    trigger: RunTrigger,
    words: str,
) -> None:
    monkeypatch.setattr("crawler.queries.rates.current", lambda *_of: 60.0)
    changed = {"settings": {**run.settings, "max_pages": most}, "trigger": trigger, "discovered": 62}
    Run.objects.filter(pk=run.pk).update(**changed)

    assert words in client.get(reverse("run-live", args=[run.pk])).content.decode()


def test_buttons_pause_resume_and_cancel(client: Client, run: Run) -> None:
    for step, state in (("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")):
        response = client.post(reverse("run-change", args=[run.pk, step]))
        assert response["Location"] == reverse("run", args=[run.pk])
        run.refresh_from_db()
        assert run.state == state


def test_step_that_is_too_late_says_so(client: Client, run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(state=RunState.FINISHED)
    page = client.post(reverse("run-change", args=[run.pk, "pause"]), follow=True).content.decode()
    assert "cannot be paused" in page


def test_unknown_step_and_a_step_by_get_are_refused(client: Client, run: Run) -> None:
    assert client.post(reverse("run-change", args=[run.pk, "explode"])).status_code == 404
    assert client.get(reverse("run-change", args=[run.pk, "cancel"])).status_code == 405


def test_requests_are_listed_by_state(client: Client, run: Run) -> None:
    url = reverse("run-requests", args=[run.pk])
    assert len(client.get(url).context["page"].rows) == 2
    (failed,) = client.get(url, {"state": "failed"}).context["page"].rows
    assert failed.reason == "status-500"
    assert not client.get(url, {"state": "dead"}).context["page"].rows


def test_links_that_were_not_followed_are_shown_with_the_reason(client: Client, run: Run) -> None:
    url = reverse("run-outside", args=[run.pk])
    assert url not in client.get(reverse("run", args=[run.pk])).content.decode()

    OutsideLink.objects.create(run=run, reason="host", url="http://elsewhere.test/<b>")
    Run.objects.filter(pk=run.pk).update(out_of_scope=7)

    assert url in client.get(reverse("run", args=[run.pk])).content.decode()
    page = client.get(url).content.decode()
    assert "http://elsewhere.test/&lt;b&gt;" in page
    assert "<code>host</code>" in page
    assert "7 links led out of scope" in page
    assert client.get(url, {"cursor": "x"}).status_code == 404


def test_problems_are_shown_by_field_with_sample_pages(client: Client, run: Run) -> None:
    assert "<h2>Problems</h2>" not in client.get(reverse("run", args=[run.pk])).content.decode()
    ProblemKind.objects.create(run=run, code="missing_required", field="offers.price", count=1234, pages=7)
    for number in range(1, 6):
        a_sample(run, number)
    Run.objects.filter(pk=run.pk).update(problems=1234)

    page = client.get(reverse("run", args=[run.pk])).content.decode()

    assert "<h2>Problems</h2>" in page
    assert "<code>offers.price</code>" in page
    assert "a required field was not there" in page
    assert "1,234" in page
    assert page.count('href="http://shop.test/p/') == 3
    assert f"{reverse('run-problems', args=[run.pk])}?code=missing_required&amp;field=offers.price" in page


def test_sample_pages_of_one_kind_of_problem_are_listed(client: Client, run: Run) -> None:
    a_sample(run, 1, message="<b>no price</b>")
    a_sample(run, 1, field="")
    url = reverse("run-problems", args=[run.pk])

    assert len(client.get(url).context["page"].rows) == 2
    response = client.get(url, {"code": "missing_required", "field": "offers.price"})
    assert "&lt;b&gt;no price&lt;/b&gt;" in response.content.decode()
    assert len(response.context["page"].rows) == 1
    assert not client.get(url, {"code": "bad_type"}).context["page"].rows
    assert client.get(url, {"cursor": "x"}).status_code == 404


def a_sample(run: Run, number: int, *, field: str = "offers.price", message: str = "missing") -> None:
    ProblemSample.objects.create(
        run=run,
        code="missing_required",
        field=field,
        number=number,
        url=f"http://shop.test/p/{number}",
        message=message,
    )


def test_list_filters_by_state_and_target(client: Client, run: Run) -> None:
    url = reverse("runs")
    assert [shown.pk for shown in client.get(url, {"state": "active"}).context["page"].rows] == [run.pk]
    assert not client.get(url, {"state": "finished"}).context["page"].rows
    assert [shown.pk for shown in client.get(url, {"target": run.target_id}).context["page"].rows] == [run.pk]
    assert client.get(url, {"target": "999999"}).status_code == 404


@pytest.mark.parametrize("query", ["cursor=nonsense", "cursor=W3RydWVd", "target=x", "target=9" + "9" * 30])
def test_nonsense_in_the_address_is_not_found(client: Client, run: Run, query: str) -> None:
    assert client.get(f"{reverse('runs')}?{query}").status_code == 404


def test_page_costs_few_queries(client: Client, run: Run, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(9):
        client.get(reverse("run", args=[run.pk]))


@pytest.mark.parametrize(("met", "words"), [(None, "deadline ahead"), (True, "met"), (False, "missed")])
def test_pages_say_how_a_run_stands_to_its_deadline(
    client: Client, run: Run, met: bool | None, words: str
) -> None:
    Run.objects.filter(pk=run.pk).update(
        deadline_at=datetime(2026, 3, 2, 6, 0, tzinfo=UTC), deadline_met=met, priority=9, own_priority=4
    )

    page = " ".join(client.get(reverse("run", args=[run.pk])).content.decode().split())

    assert words in page
    assert "2 Mar 06:00 UTC" in page
    assert "4 by itself: its deadline nears" in page
    for name in (reverse("runs"), reverse("target", args=[run.target_id])):
        assert words in client.get(name).content.decode()


def test_sitemaps_are_shown_with_what_they_list_or_why_they_were_not_read(client: Client, run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(settings=run.settings | {"sitemaps": ["http://a.test/s.xml"]})
    failed, done = Request.objects.filter(run=run).exclude(state=RequestState.QUEUED).order_by("-state")
    Request.objects.filter(run=run).exclude(state=RequestState.QUEUED).update(kind=RequestKind.SITEMAP)
    SitemapReading.objects.create(
        run=run, request=done.pk, url=done.url, kind=1, entries=1234, taken=1200, sitemaps=0
    )
    for name in ("run", "run-live", "run-sitemaps"):
        page = client.get(reverse(name, args=[run.pk])).content.decode()
        assert "1,234" in page
        assert "1,200" in page
        assert failed.url in page
        assert "the server answered with status 500" in page


def test_run_without_sitemaps_says_nothing_of_them(client: Client, run: Run) -> None:
    assert "Sitemap" not in client.get(reverse("run", args=[run.pk])).content.decode()
