"""What pages tell of the data of runs, and the controls of its rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.urls import reverse

from crawler.models import Event, EventKind, Run, Target
from tests.integration.api.test_quality import DATA
from tests.integration.pages.conftest import NOW

if TYPE_CHECKING:
    from django.test import Client

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
}


def text(response: object) -> str:
    return " ".join(response.content.decode().split())  # type: ignore[attr-defined]


def test_run_shows_figures_broken_rules_and_drifts_and_can_be_taken_for_usual(
    client: Client, run: Run
) -> None:
    Run.objects.filter(pk=run.pk).update(report={"data": DATA})
    page = text(client.get(reverse("run", args=[run.pk])))

    assert 'rule broken</span></td> <td class="wide">20 items, where 30 were the least</td>' in page
    assert 'otherwise than before</span></td> <td class="wide">price is mostly text, and was number ' in page
    assert "10 %" in page
    assert "5 €" in page

    answer = client.post(reverse("run-data-accept", args=[run.pk]), follow=True)
    assert "Later runs are compared with this one." in text(answer)
    assert "Taken for usual from this run on." in text(answer)
    answer = client.post(reverse("run-data-accept", args=[run.pk]), follow=True)
    assert "Its data does not look otherwise than before, or was discarded." in text(answer)


def test_run_shows_figures_inside_of_objects_and_what_broke_there(client: Client, run: Run) -> None:
    inside = {"price.amount": DATA["fields"]["price"] | {"records": 1_200}}
    drift = {"rule": "coverage", "field": "price.amount", "wanted": 1.0, "found": 0.1, "pages": []}
    Run.objects.filter(pk=run.pk).update(report={"data": DATA | {"inside": inside, "drifts": [drift]}})
    page = text(client.get(reverse("run", args=[run.pk])))

    assert "price.amount is in 10.0% of the objects there, where 100.0% were the least" in page
    assert (
        '<td class="name">price.amount</td> <td class="amount">10 % <span class="hint">of 1,200</span></td>'
        in page
    )


@pytest.mark.parametrize(
    ("untold", "words"),
    [
        ({"fields": 1, "keyed": []}, "1 more field is not told apart here, nor compared with runs before;"),
        ({"fields": 1_200, "keyed": []}, "1,200 more fields are not told apart here"),
        ({"fields": 0, "keyed": ["specs", "by"]}, "Objects in specs, by have more than 30 different names:"),
    ],
)
def test_run_says_what_has_no_figures(
    client: Client, run: Run, untold: dict[str, object], words: str
) -> None:
    Run.objects.filter(pk=run.pk).update(report={"data": DATA | {"untold": untold}})

    assert words in text(client.get(reverse("run", args=[run.pk])))


def test_events_say_what_is_wrong_with_numbers(client: Client, run: Run) -> None:
    said = {"rule": "coverage", "field": "price", "wanted": 0.95, "found": 0.5, "items": 20}
    Event.objects.create(kind=EventKind.DATA_BREACH, target=run.target, run=run, created_at=NOW, data=said)
    page = text(client.get(reverse("target", args=[run.target_id])))

    assert "rule broken" in page
    assert "price is in 50.0% of the items, where 95.0% were the least" in page


def test_events_of_what_looks_otherwise_lead_to_the_stored_pages(client: Client, run: Run) -> None:
    said = {"rule": "coverage", "field": "price", "wanted": 0.9, "found": 0.5, "items": 20}
    pages = [{"url": "http://shop.test/a", "page": 77}, {"url": "http://shop.test/b", "page": None}]
    Event.objects.create(
        kind=EventKind.DATA_DRIFT, target=run.target, run=run, created_at=NOW, data=said | {"pages": pages}
    )
    page = text(client.get(reverse("target", args=[run.target_id])))

    assert f'<a href="{reverse("page", args=[77])}">http://shop.test/a</a>' in page
    assert '<a href="http://shop.test/b"' in page


def test_rules_are_written_and_shown_in_the_form(client: Client, target: Target) -> None:
    rules = {
        "min_items": "50",
        "max_errors": "5 %",
        "field_rules": "price: 95 %, from 0, to 10000\nsku: 100 %, unique",
        "drift_quiet": "on",
    }
    url = reverse("target-edit", args=[target.pk])

    assert client.post(url, FORM | rules).status_code == 302
    assert Target.objects.get(pk=target.pk).quality == {
        "min_items": 50,
        "max_errors": 0.05,
        "drift": False,
        "fields": {
            "price": {"coverage": 0.95, "min": 0.0, "max": 10_000.0},
            "sku": {"coverage": 1.0, "unique": True},
        },
    }
    page = client.get(url).content.decode()
    assert "price: 95 %, from 0, to 10000\nsku: 100 %, unique</textarea>" in page
    assert 'name="min_items" value="50"' in " ".join(page.split())

    assert client.post(url, FORM).status_code == 302
    assert Target.objects.get(pk=target.pk).quality == {}


@pytest.mark.parametrize(
    ("control", "said", "message"),
    [
        ("field_rules", "price 95", "write it as price: 95 %"),
        ("field_rules", "price: cheap", "write it as price: 95 %"),
        ("field_rules", "price: 95 %, 90 %", "write it as price: 95 %"),
        ("field_rules", "price: 95 %\nprice: 90 %", "price: is there twice"),
        ("field_rules", "price: 195 %", "price.coverage: must be between 0 and 1"),
        ("min_items", "some", "must be a whole number"),
        ("min_items", "9" * 5_000, "must be a whole number"),
        ("max_errors", "9" * 5_000, "must be between 0 and 1"),
        ("max_errors", "few", "must be a number"),
    ],
)
def test_what_cannot_be_read_is_said_beside_its_control(
    client: Client, target: Target, control: str, said: str, message: str
) -> None:
    answer = client.post(reverse("target-edit", args=[target.pk]), FORM | {control: said})

    assert answer.status_code == 422
    assert message in text(answer).lower()
    assert Target.objects.get(pk=target.pk).quality == {}


def test_target_shows_what_its_data_must_be(client: Client, target: Target) -> None:
    address = reverse("target", args=[target.pk])
    assert "Its data must be" not in text(client.get(address))
    fields = {"price": {"coverage": 0.95, "min": 0}} | {f"f{number}": {"unique": True} for number in range(9)}
    Target.objects.filter(pk=target.pk).update(
        quality={"min_items": 50, "max_errors": 0.05, "fields": fields, "hold": False}
    )

    page = text(client.get(address))
    assert "<div>at least 50 items</div><div>at most 5 % of the requests fail</div>" in page
    assert "<div>price: 95 %, from 0</div>" in page
    assert "<small>and 7 more</small>" in page


def test_saving_an_untouched_form_keeps_every_digit_of_a_part(client: Client, target: Target) -> None:
    rules = {
        "max_errors": 0.0512345678,
        "fields": {"price": {"coverage": 0.9512345678}, "sku": {"coverage": 0.29}},
    }
    Target.objects.filter(pk=target.pk).update(quality=rules)
    url = reverse("target-edit", args=[target.pk])
    form = client.get(url).context["form"]

    assert client.post(url, {name: value for name, value in form.values.items() if value}).status_code == 302
    assert Target.objects.get(pk=target.pk).quality == rules
