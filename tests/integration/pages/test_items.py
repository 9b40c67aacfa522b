"""Tests of the items pages and of the exports behind their buttons."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from crawler.models import Item, Run, RunTrigger, Sighting
from crawler.queries import search, shares
from crawler.services import runs
from tests.integration.pages.conftest import NOW, change, item


def names(response: Any) -> list[str]:
    return [line.label for line in response.context["page"].rows]


def streamed(response: Any) -> str:
    return b"".join(response.streaming_content).decode()


def test_table_shows_fields_as_columns_and_names_as_links(client: Client, torch: Item, bowl: Item) -> None:
    response = client.get(reverse("items"))
    assert names(response) == ["Café au lait bowl", "Head torch"]
    assert [(column.name, column.numeric) for column in response.context["columns"]] == [("price", True)]
    assert f'href="{reverse("item", args=[torch.pk])}"' in response.content.decode()


@pytest.mark.parametrize("q", ["torch", "TORCH", "head 44.5", "product/head"])
def test_search_finds_words_in_data_and_address(client: Client, torch: Item, bowl: Item, q: str) -> None:
    assert names(client.get(reverse("items"), {"q": q})) == ["Head torch"]


def test_search_finds_words_that_are_not_ascii(client: Client, torch: Item, bowl: Item) -> None:
    assert names(client.get(reverse("items"), {"q": "café"})) == ["Café au lait bowl"]


def test_search_takes_wildcards_as_they_are(client: Client, torch: Item) -> None:
    assert names(client.get(reverse("items"), {"q": "%"})) == []
    assert names(client.get(reverse("items"), {"q": "_"})) == []


def test_page_that_ends_where_looking_ended_says_how_to_go_on(
    client: Client, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shares, "MOST_READ", 0)
    monkeypatch.setattr(search, "MOST_AT_ONCE", 2)
    for number in range(6):
        item(run, f"key-{number}", {"name": "Head xq" if number in {0, 2} else "Bowl"})

    pages = [client.get(reverse("items"), {"q": "xq"})]
    while cursor := pages[-1].context["page"].next:
        pages.append(client.get(reverse("items"), {"q": "xq", "cursor": cursor}))

    assert [names(page) for page in pages] == [[], ["Head xq"], ["Head xq"]]
    told = ["at a time" in page.content.decode() for page in pages]
    assert told == [True, True, False]
    assert "Nothing matches so far" in pages[0].content.decode()
    assert 'rel="next"' in pages[0].content.decode()


def test_pages_of_the_table_follow_each_other(client: Client, run: Run) -> None:
    for number in range(120):
        item(run, f"key-{number}", {"name": f"Thing {number}"})
    page = client.get(reverse("items"))
    seen = names(page)
    while cursor := page.context["page"].next:
        page = client.get(reverse("items"), {"cursor": cursor})
        seen += names(page)
    assert seen == [f"Thing {number}" for number in reversed(range(120))]
    back = page.context["page"].previous
    assert names(client.get(reverse("items"), {"cursor": back})) == seen[50:100]


def test_items_of_a_run_are_shown_as_it_saw_them(client: Client, run: Run, torch: Item) -> None:
    later = runs.start(target=run.target, trigger=RunTrigger.API, now=NOW)
    change(torch, later, {"name": "Head torch", "price": 40})
    for asked, price in ((run, 44.5), (later, 40)):
        (line,) = client.get(reverse("items"), {"run": asked.pk}).context["page"].rows
        assert line.data["price"] == price


def test_page_of_an_item_shows_what_changed(client: Client, run: Run, torch: Item) -> None:
    change(torch, run_again(run), {"name": "Head torch", "price": 40, "colour": "red"})
    newest, first = client.get(reverse("item", args=[torch.pk])).context["versions"]
    assert [(one.field, one.before, one.after) for one in newest.changes] == [
        ("price", 44.5, 40),
        ("colour", None, "red"),
        ("specs", {"Weight": "80 g"}, None),
    ]
    assert (first.number, first.changes) == (1, ())


def test_history_names_the_run_that_saw_each_version_first(client: Client, run: Run, torch: Item) -> None:
    again, later = run_again(run), run_again(run)
    Sighting.objects.create(run=again, item=torch, version=1)
    Item.objects.filter(pk=torch.pk).update(run=again.pk)
    torch.refresh_from_db()
    change(torch, later, {"name": "Head torch", "price": 40})

    newest, first = client.get(reverse("item", args=[torch.pk])).context["versions"]

    assert (first.run, newest.run) == (run.pk, later.pk)


def test_page_of_an_item_shows_a_field_that_is_called_items(client: Client, run: Run) -> None:
    order = item(run, "order", {"items": [1, 2, 3], "total": 99})
    page = client.get(reverse("item", args=[order.pk])).content.decode()
    assert "<dt>items</dt>" in page
    assert "<dt>total</dt>" in page


def run_again(run: Run) -> Run:
    return runs.start(target=run.target, trigger=RunTrigger.MANUAL, now=NOW)


def test_csv_holds_every_field_and_no_formula(client: Client, run: Run, bowl: Item) -> None:
    item(run, "evil", {"name": "=1+1", "size": "12"})
    response = client.get(reverse("items-export"), {"format": "csv"})
    assert response["Content-Type"].startswith("text/csv")
    assert "attachment" in response["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(streamed(response).removeprefix("\ufeff"))))
    assert [row["name"] for row in rows] == ["Café au lait bowl", "'=1+1"]
    assert {"price", "size", "_url", "_key", "_run"} <= set(rows[0])


@pytest.mark.parametrize("name", ["json", "jsonl"])
def test_export_follows_the_filters_of_the_table(client: Client, torch: Item, bowl: Item, name: str) -> None:
    text = streamed(client.get(reverse("items-export"), {"format": name, "q": "torch"}))
    (row,) = json.loads(text) if name == "json" else map(json.loads, text.splitlines())
    assert (row["name"], row["_key"]) == ("Head torch", "head-torch")


def test_export_of_a_run_holds_what_it_saw(client: Client, run: Run, torch: Item) -> None:
    change(torch, run_again(run), {"name": "Head torch", "price": 40})
    text = streamed(client.get(reverse("items-export"), {"format": "jsonl", "run": str(run.pk)}))
    assert json.loads(text)["price"] == 44.5


def test_unknown_format_is_not_found(client: Client) -> None:
    assert client.get(reverse("items-export"), {"format": "exe"}).status_code == 404
