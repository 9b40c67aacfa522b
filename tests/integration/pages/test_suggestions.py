"""Suggestions on the target form: asked for, shown, and filled in with one click, also without JavaScript."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime

import pytest
from django.db import transaction
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from django_celery_results.models import TaskResult

from crawler.models import OutboxMessage, Page, Target
from crawler.queries import turns
from crawler.stores import snapshots
from scrapers.suggesting import Candidate, NextPage, SuggestedField, Suggestions
from tests.integration.pages.test_previews import FORM, HTMX, PAGE
from tests.markup import elements
from webui.pages import target_form

TEAS = Candidate(
    row="li.tea",
    fields={"name": {"css": "a", "type": "text"}, "price": {"css": ".price", "type": "price", "many": True}},
    options={"next": 'a[rel~="next"]'},
    columns=(
        SuggestedField(name="name", meaning="text", share=1.0),
        SuggestedField(name="price", meaning="price", share=0.25),
    ),
    rows=4,
    score=0.777,
    samples=({"name": "<script>alert(1)</script>", "price": [5.5]}, {"name": "Sencha"}),
)
FOUND = replace(
    PAGE,
    suggestions=Suggestions(
        candidates=(TEAS,),
        next_page=NextPage(url="http://shop.test/?page=2", selector='a[rel~="next"]', because="rel"),
    ),
)
NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
FILLED = FORM | {"name": "Teas", "scraper": "fields", "row": "css:p", "tags": "hot, brown"}


def asked(client: Client, **changes: str) -> str:
    """Ask for suggestions as the form's button does; return the test fetch's id."""
    client.post(reverse("target-suggest"), FILLED | changes, headers=HTMX)
    return str(OutboxMessage.objects.latest("pk").task_id)


def found(client: Client, **changes: str) -> str:
    """Ask for suggestions that a worker has found; return the test fetch's id."""
    preview = asked(client, **changes)
    TaskResult.objects.create(task_id=preview, status="SUCCESS", result=json.dumps(asdict(FOUND)))
    return preview


def value(html: str, name: str) -> list[str]:
    return [one.get("value", "") for one in elements(html.encode(), f"//input[@name='{name}']")]


def test_fields_that_are_half_filled_in_do_not_keep_from_asking(client: Client) -> None:
    response = client.post(reverse("target-suggest"), FILLED, headers=HTMX)

    assert response.status_code == 200
    assert "Waiting for a worker" in response.content.decode()
    assert OutboxMessage.objects.get().kwargs["suggest"] is True
    assert not Target.objects.exists()


def test_what_was_found_is_shown_with_samples_and_a_button_for_each(client: Client) -> None:
    html = client.get(reverse("preview", args=[found(client)]), headers=HTMX).content.decode()

    assert "4 records" in html
    assert "&lt;script&gt;alert(1)" in html
    assert "price, in 25 %" in " ".join(html.split())
    assert "Use these fields" in html
    assert "http://shop.test/?page=2" in html


LINKED = replace(TEAS, fields={**TEAS.fields, "link": {"css": "a", "type": "url"}}, link="link")
BEHIND = replace(
    LINKED,
    fields={**LINKED.fields, "maker": {"css": ".maker", "type": "text", "follow": "link"}},
    columns=(*TEAS.columns, SuggestedField(name="maker", meaning="text", share=1.0, follow="link")),
    behind=("http://shop.test/1",),
)


def shown(client: Client, candidate: Candidate) -> str:
    preview = asked(client)
    finding = replace(FOUND, suggestions=Suggestions(candidates=(candidate, candidate)))
    TaskResult.objects.create(task_id=preview, status="SUCCESS", result=json.dumps(asdict(finding)))
    return client.get(reverse("preview", args=[preview]), headers=HTMX).content.decode()


def test_page_behind_the_first_record_is_looked_at_on_demand(client: Client) -> None:
    assert "Look behind the links" not in shown(client, TEAS)
    [button] = elements(shown(client, LINKED).encode(), "//button[@name='behind']")
    assert (button.get("value"), button.get("formaction")) == ("1", reverse("target-suggest"))

    asked(client, behind="1")

    assert OutboxMessage.objects.latest("pk").kwargs["behind"] is True


def test_what_was_found_behind_is_shown_with_its_page_and_filled_in_with_its_link(client: Client) -> None:
    html = " ".join(shown(client, BEHIND).split())

    assert "text, on the page of link" in html
    assert "http://shop.test/1" in html
    assert "Look behind the links" not in html
    preview = OutboxMessage.objects.latest("pk").task_id
    filled = client.post(reverse("target-suggestion", args=[preview]), FILLED | {"use": "0"}).content.decode()
    assert value(filled, "field_name")[:4] == ["name", "price", "link", "maker"]
    assert value(filled, "field_follow")[:4] == ["", "", "", "link"]


def test_page_of_a_test_fetch_has_no_button_that_needs_the_form(client: Client) -> None:
    assert "Use these fields" not in client.get(reverse("preview", args=[found(client)])).content.decode()


def test_one_click_fills_in_row_and_fields_and_keeps_all_else(client: Client) -> None:
    preview = found(client)

    response = client.post(reverse("target-suggestion", args=[preview]), FILLED | {"use": "0"})

    html = response.content.decode()
    assert response.status_code == 200
    assert value(html, "row") == ["li.tea"]
    assert value(html, "next_page") == ['a[rel~="next"]']
    assert value(html, "field_name")[:2] == ["name", "price"]
    assert value(html, "field_selector")[:2] == ["a", ".price"]
    assert (value(html, "name"), value(html, "tags")) == (["Teas"], ["hot, brown"])
    [chosen] = elements(html.encode(), "//select[@name='scraper']/option[@selected]")
    assert chosen.get("value") == "fields"
    assert f'action="{reverse("target-new")}"' in html
    assert not Target.objects.exists()


@pytest.mark.parametrize(
    ("typed", "key"),
    [("", "name"), ("sku", "name"), ("price, name", "price, name")],
    ids=["none", "gone", "own"],
)
def test_key_is_filled_in_where_none_holds_with_the_new_fields(typed: str, key: str) -> None:
    form = target_form.filled(
        target_form.submitted(QueryDict(f"key={typed}")), replace(TEAS, key=("name",)).declaration
    )

    assert form.values["key"] == key


def test_without_javascript_the_form_comes_back_and_asks_again_by_a_button(client: Client) -> None:
    response = client.post(reverse("target-suggest"), FILLED)
    html = response.content.decode()
    preview = str(OutboxMessage.objects.get().task_id)
    again = reverse("target-suggestion", args=[preview])
    assert value(html, "name") == ["Teas"]
    assert elements(html.encode(), f"//noscript//button[@formaction='{again}']")

    TaskResult.objects.create(task_id=preview, status="SUCCESS", result=json.dumps(asdict(FOUND)))
    html = client.post(again, FILLED).content.decode()

    assert (value(html, "name"), value(html, "row")) == (["Teas"], ["css:p"])
    assert "Use these fields" in html
    assert "Show what was found" not in html


def test_form_of_a_target_stays_the_form_of_that_target(client: Client, target: Target) -> None:
    form = FILLED | {"target": str(target.pk)}
    preview = found(client, target=str(target.pk))

    html = client.post(reverse("target-suggestion", args=[preview]), form | {"use": "0"}).content.decode()

    assert f'action="{reverse("target-edit", args=[target.pk])}"' in html


def test_page_that_cannot_be_asked_for_is_told(client: Client) -> None:
    response = client.post(
        reverse("target-suggest"), FILLED | {"start_urls": "ftp://shop.test/"}, headers=HTMX
    )
    assert "only http and https can be fetched" in response.content.decode()
    assert not OutboxMessage.objects.exists()


@pytest.mark.parametrize("number", ["1", "-1", "x", "9" * 30])
def test_suggestion_that_is_not_there_is_not_found(client: Client, number: str) -> None:
    preview = found(client)
    response = client.post(reverse("target-suggestion", args=[preview]), FILLED | {"use": number})
    assert response.status_code == 404


def test_suggestions_of_others_are_not_found(client: Client, stranger: Client) -> None:
    preview = found(client)
    assert stranger.post(reverse("target-suggestion", args=[preview]), FILLED).status_code == 404


def test_enter_in_a_control_saves_and_asks_for_nothing(client: Client) -> None:
    page = client.get(reverse("target-new")).content
    pressed = elements(page, "//form[@novalidate]//button[@type='submit']")[0]
    assert pressed.get("formaction") is None
    assert pressed.get("hx-post") is None


@pytest.fixture
def stored(target: Target) -> Page:
    """A stored page with a list of teas."""
    rows = "".join(
        f'<li class="tea"><a href="/{n}">Tea {n}</a><b class="price">€ {n}</b></li>' for n in range(4)
    )
    with transaction.atomic():
        snapshots.save({b"h" * 16: (snapshots.compress(f"<ul>{rows}</ul>".encode()), 300)}, now=NOW)
    about = {"url": "http://shop.test/teas", "content_type": "text/html", "run": 1, "status": 200}
    times = dict.fromkeys(("first_seen", "last_seen", "changed_at"), NOW)
    return Page.objects.create(target=target, key=b"k" * 16, body_hash=b"h" * 16, **about, **times)


def test_stored_page_leads_to_what_may_be_scraped_from_it_without_a_request(
    client: Client, stored: Page
) -> None:
    place = reverse("page-suggestions", args=[stored.pk])
    assert elements(client.get(reverse("page", args=[stored.pk])).content, f"//a[@href='{place}']")

    html = client.get(place).content.decode()

    assert "4 records" in html
    assert "Tea 0" in html
    assert value(html, "row") == [".tea"]
    assert not OutboxMessage.objects.exists()


def test_what_a_stored_page_suggests_is_filled_into_the_form_of_its_target(
    client: Client, stored: Page
) -> None:
    place = reverse("page-suggestion", args=[stored.pk])
    html = client.post(place, {"row": ".tea", "for": "target"}).content.decode()

    assert f'action="{reverse("target-edit", args=[stored.target_id])}"' in html
    assert (value(html, "name"), value(html, "row")) == ([stored.target.name], [".tea"])
    assert value(html, "field_name")[:3] == ["link", "title", "price"]
    assert Target.objects.get().row == "", "nothing is saved yet"


def test_what_a_stored_page_suggests_begins_a_new_target(client: Client, stored: Page) -> None:
    place = reverse("page-suggestion", args=[stored.pk])
    html = client.post(place, {"row": ".tea", "for": "new"}).content

    assert f'action="{reverse("target-new")}"' in html.decode()
    [begins] = elements(html, "//textarea[@name='start_urls']")
    assert (begins.text or "").strip() == stored.url
    assert value(html.decode(), "row") == [".tea"]


@pytest.mark.parametrize("row", ["", ".coffee"])
def test_what_the_stored_page_does_not_suggest_any_more_is_told(
    client: Client, stored: Page, row: str
) -> None:
    html = client.post(reverse("page-suggestion", args=[stored.pk]), {"row": row}).content.decode()
    assert "This page says something else by now" in html


def test_stored_pages_are_looked_through_one_after_the_other(
    client: Client, stored: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "WAIT_SECONDS", 0)
    with turns.taken():
        html = client.get(reverse("page-suggestions", args=[stored.pk])).content.decode()
    assert "Others are being looked through just now; try again in a while" in html


def test_page_whose_body_was_not_kept_suggests_nothing(client: Client, stored: Page) -> None:
    Page.objects.update(body_hash=b"n" * 16)
    html = client.get(reverse("page-suggestions", args=[stored.pk])).content.decode()
    assert "The body of this page was not kept" in html


def test_stored_page_of_others_suggests_nothing(stranger: Client, stored: Page) -> None:
    assert stranger.get(reverse("page-suggestions", args=[stored.pk])).status_code == 404
    assert stranger.post(reverse("page-suggestion", args=[stored.pk]), {"row": ".tea"}).status_code == 404
