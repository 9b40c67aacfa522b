"""The page that tells what happened to a URL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse

from crawler.models import Request, RequestState

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django import DjangoAssertNumQueries

    from crawler.models import Run


def page(client: Client, run: Run, url: str) -> str:
    response = client.get(reverse("run-decision", args=[run.pk]), {"url": url})
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_run_page_asks_what_happened_to_a_url(client: Client, run: Run) -> None:
    shown = client.get(reverse("run", args=[run.pk])).content.decode()

    assert f'action="{reverse("run-decision", args=[run.pk])}"' in shown


def test_answer_quotes_what_decided(client: Client, run: Run) -> None:
    row = Request.objects.filter(run=run).latest("id")
    Request.objects.filter(pk=row.pk).update(
        state=RequestState.SKIPPED, reason="robots: line 3, Disallow: /<b>"
    )

    shown = page(client, run, f"{row.url}#part")

    assert "Line 3 of robots.txt forbids it: <code>Disallow: /&lt;b&gt;</code>." in shown
    assert shown.count("Disallow") == 1
    assert "the fragment, which you asked for and which makes no other page" in shown


def test_url_that_was_never_met_has_an_answer_too(client: Client, run: Run) -> None:
    shown = page(client, run, "http://far.test/")

    assert "Links to it are not followed: it lies outside of the start URLs&#x27; hosts." in shown


def test_what_is_no_url_is_answered_with_advice(client: Client, run: Run) -> None:
    assert "write it with its scheme" in page(client, run, "far.test")


def test_nothing_asked_is_only_the_question(client: Client, run: Run) -> None:
    assert "<dl" not in client.get(reverse("run-decision", args=[run.pk])).content.decode()


def test_others_see_nothing(stranger: Client, run: Run) -> None:
    assert stranger.get(reverse("run-decision", args=[run.pk])).status_code == 404


def test_answer_takes_few_queries(
    client: Client, run: Run, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    row = Request.objects.filter(run=run).earliest("id")
    with django_assert_max_num_queries(14):
        page(client, run, row.url)
