"""What became of items, as the pages show it, and what people do about it there."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.urls import reverse

from crawler.models import Item, Run
from crawler.stores import removals
from tests.integration.pages.conftest import NOW
from tests.integration.pages.test_items import streamed
from tests.integration.stores.scraped import save

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django import DjangoAssertNumQueries

HOUR = timedelta(hours=1)


@pytest.fixture
def kettle(run: Run) -> Item:
    """An item that said 1, then 2, and was removed; beside it one that stays."""
    save(run, {"kettle": 1, "<cup>": 1}, now=NOW)
    save(run, {"kettle": 2}, now=NOW + HOUR)
    item = Item.objects.get(key="kettle")
    since = NOW + 2 * HOUR
    removals.remove(run.target_id, [item.pk], since=since, run=run.pk, now=since)
    return Item.objects.get(pk=item.pk)


def kinds(client: Client, **query: object) -> list[str]:
    page = client.get(reverse("changes"), {name: str(value) for name, value in query.items()})
    return [told.kind.label for told in page.context["page"].rows]


def test_changes_are_shown_newest_first_field_by_field(client: Client, kettle: Item) -> None:
    page = client.get(reverse("changes"), {"target": kettle.target_id}).content.decode()

    assert kinds(client) == ["removed", "changed", "new", "new"]
    assert 'value: <span class="before">1</span> → <span class="after">2</span>' in page
    assert reverse("item", args=[kettle.pk]) in page


def test_changes_are_of_what_is_asked_for(client: Client, kettle: Item) -> None:
    assert kinds(client, item=kettle.pk) == ["removed", "changed", "new"]
    assert kinds(client, kind="changed") == ["changed"]
    assert kinds(client, target=kettle.target_id, kind="restored") == []
    assert client.get(reverse("changes"), {"target": 99_999}).status_code == 404
    assert client.get(reverse("changes"), {"cursor": "x"}).status_code == 404


def test_page_of_changes_asks_as_much_for_many_as_for_few(
    client: Client, run: Run, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    save(run, {f"k{number}": 1 for number in range(60)}, now=NOW)
    save(run, {f"k{number}": 2 for number in range(60)}, now=NOW + HOUR)
    client.get(reverse("changes"))

    with django_assert_max_num_queries(14):
        page = client.get(reverse("changes"))

    assert len(page.context["page"].rows) == 50
    assert page.context["page"].next


def test_items_are_shown_as_they_were(client: Client, kettle: Item) -> None:
    def said(moment: str) -> dict[str, int]:
        page = client.get(reverse("items"), {"as_of": moment, "q": "is not looked for"})
        return {line.item.key: line.data["value"] for line in page.context["page"].rows}

    assert said("2026-03-02T09:00") == {}
    assert said("2026-03-02T10:30") == {"kettle": 1, "<cup>": 1}
    assert said("2026-03-02T11:30:00+00:00") == {"kettle": 2, "<cup>": 1}
    assert said("2026-03-02T12:30") == {"<cup>": 1}
    assert client.get(reverse("items"), {"as_of": "yesterday"}).status_code == 404


def test_items_are_shown_with_when_they_came_to_say_what_they_said(client: Client, kettle: Item) -> None:
    def changed(moment: str) -> dict[str, object]:
        page = client.get(reverse("items"), {"as_of": moment})
        return {line.item.key: line.changed_at for line in page.context["page"].rows}

    save(Run.objects.get(pk=kettle.run), {"<cup>": 3}, now=NOW + 5 * HOUR)
    assert changed("2026-03-02T10:30") == {"kettle": None, "<cup>": None}
    assert changed("2026-03-02T11:30") == {"kettle": NOW + HOUR, "<cup>": None}
    assert changed("2026-03-02T15:30") == {"<cup>": NOW + 5 * HOUR}


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_exports_are_of_the_moment_that_is_shown(client: Client, kettle: Item, form: str) -> None:
    then, now = (
        streamed(client.get(reverse("items-export"), {"format": form, **moment}))
        for moment in ({"as_of": "2026-03-02T10:30"}, {})
    )

    assert "kettle" in then
    assert "kettle" not in now


def test_removed_items_have_a_list_and_a_way_back(client: Client, kettle: Item) -> None:
    listed = client.get(reverse("items"), {"removed": "1"}).context["page"].rows
    assert [line.item.pk for line in listed] == [kettle.pk]
    assert "Removed" in client.get(reverse("item", args=[kettle.pk])).content.decode()

    page = client.post(reverse("item-restore", args=[kettle.pk]), follow=True).content.decode()

    assert "Restored, as a new version." in page
    assert kinds(client, item=kettle.pk)[0] == "restored"
    assert Item.objects.get(pk=kettle.pk).removed_at is None


def test_earlier_version_is_brought_back_or_it_is_said_why_not(client: Client, kettle: Item) -> None:
    url = reverse("item-restore", args=[kettle.pk])
    client.post(url, {"version": "1"})
    assert Item.objects.get(pk=kettle.pk).data["value"] == 1

    page = client.post(url, {"version": "1"}, follow=True).content.decode()

    assert "says the same as the item does now" in page


def test_history_of_one_field_shows_when_it_changed(client: Client, kettle: Item) -> None:
    page = client.get(reverse("item", args=[kettle.pk]), {"field": "key"})

    assert [version.number for version in page.context["versions"]] == [1]
