"""Items through time in the API: as of a moment, field by field, and brought back."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crawler.models import Item, Run
from crawler.queries.changes import differences
from crawler.stores import removals
from tests.integration.api.conftest import NOW, problem
from tests.integration.stores.scraped import save

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User

    from crawler.models import Target
    from tests.integration.api.conftest import Api

HOUR = timedelta(hours=1)


@pytest.fixture
def kettle(target: Target) -> Item:
    """An item that said 1 at ten, 2 at eleven, and was removed at twelve; beside it one that stays."""
    run = Run.objects.create(target=target)
    save(run, {"kettle": 1, "cup": 1}, now=NOW)
    save(run, {"kettle": 2}, now=NOW + HOUR)
    item = Item.objects.get(key="kettle")
    removals.remove(target.pk, [item.pk], since=NOW + 2 * HOUR, run=run.pk, now=NOW + 2 * HOUR)
    return Item.objects.get(pk=item.pk)


@pytest.mark.parametrize(
    ("moment", "values"),
    [
        ("2026-03-02T09:59:59Z", {}),
        ("2026-03-02T10:00:00Z", {"kettle": 1, "cup": 1}),
        ("2026-03-02T11:30:00", {"kettle": 2, "cup": 1}),
        ("2026-03-02T12:00:00Z", {"cup": 1}),
    ],
)
def test_items_and_exports_are_as_they_were(
    api: Api, kettle: Item, moment: str, values: dict[str, int]
) -> None:
    listed = api.get(f"/items?target={kettle.target_id}&as_of={moment}").json()["items"]
    response = api.get(f"/targets/{kettle.target_id}/export?as_of={moment}")
    exported = [json.loads(line) for line in b"".join(response.streaming_content).splitlines()]
    table = api.get(f"/targets/{kettle.target_id}/export?as_of={moment}&format=csv")

    assert {item["key"]: item["data"]["value"] for item in listed} == values
    assert {row["_key"]: row["value"] for row in exported} == values
    assert len(b"".join(table.streaming_content).splitlines()) == len(values) + 1


def test_removed_items_are_only_listed_when_they_are_asked_for(api: Api, kettle: Item) -> None:
    assert [item["key"] for item in api.get("/items").json()["items"]] == ["cup"]
    (removed,) = api.get("/items?removed=true").json()["items"]
    assert (removed["key"], removed["removed_at"]) == ("kettle", "2026-03-02T12:00:00Z")
    assert api.get(f"/items/{kettle.pk}").json() == removed


@pytest.mark.parametrize("also", ["q=x", "run=1", "changed_since=2026-01-01", "removed=true"])
def test_a_moment_beside_what_is_of_another_time_is_refused(api: Api, kettle: Item, also: str) -> None:
    assert "as_of" in problem(api.get(f"/items?as_of=2026-03-02T10:00:00Z&{also}"), 422)["detail"]
    problem(api.get(f"/targets/{kettle.target_id}/export?as_of=2026-03-02&run=1"), 422)


def test_history_tells_when_a_field_changed_from_what_to_what(api: Api, kettle: Item) -> None:
    newest, oldest = api.get(f"/items/{kettle.pk}/history?field=value").json()["items"]

    assert newest["changes"] == [{"field": "value", "before": 1, "after": 2}]
    assert (newest["since"], newest["until"]) == ("2026-03-02T11:00:00Z", "2026-03-02T12:00:00Z")
    assert (newest["removed"], oldest["removed"]) == (True, False)
    assert (oldest["version"], oldest["until"], oldest["changes"]) == (1, newest["since"], [])
    assert len(api.get(f"/items/{kettle.pk}/history?field=price").json()["items"]) == 0


def test_removed_item_comes_back_and_so_does_what_it_said_before(api: Api, kettle: Item) -> None:
    back = api.post(f"/items/{kettle.pk}/restore").json()
    assert (back["version"], back["data"]["value"], back["removed_at"]) == (3, 2, None)
    earlier = api.post(f"/items/{kettle.pk}/restore", {"version": 1}).json()
    assert (earlier["version"], earlier["data"]["value"]) == (4, 1)

    def makers() -> list[tuple[int, int | None, str]]:
        found = api.get(f"/items/{kettle.pk}/history").json()["items"]
        return [(one["version"], one["run"], one["by"]) for one in found]

    seen = makers()
    assert seen[:2] == [(4, None, "ada"), (3, None, "ada")]
    assert all(run and not by for _version, run, by in seen[2:])
    told = api.get("/changes").json()["items"][-2:]
    assert makers() == seen, "also once the changes have their numbers"
    assert [(change["kind"], change["version"], change["run"], change["by"]) for change in told] == [
        ("restored", 3, None, "ada"),
        ("restored", 4, None, "ada"),
    ]
    assert told[-1]["changes"] == [{"field": "value", "before": 2, "after": 1}]


@pytest.mark.parametrize(("body", "status"), [({"version": 9}, 409), ({"version": 0}, 422)])
def test_what_cannot_be_brought_back_is_said(api: Api, kettle: Item, body: object, status: int) -> None:
    problem(api.post(f"/items/{kettle.pk}/restore", body), status)


def test_nothing_is_restored_that_is_there(
    api: Api, kettle: Item, token_for: Callable[..., Api], stranger: User
) -> None:
    cup = Item.objects.get(key="cup")
    assert "earlier one" in problem(api.post(f"/items/{cup.pk}/restore"), 409)["detail"]
    problem(token_for(stranger).post(f"/items/{kettle.pk}/restore"), 404)
    assert Item.objects.get(pk=kettle.pk).removed_at is not None


@pytest.mark.parametrize(("before", "after"), [(1, True), (12, 12.0), ([0], [False]), ({"a": 1}, {"a": 1.0})])
def test_values_that_python_alone_takes_for_the_same_are_told_as_a_change(before: Any, after: Any) -> None:
    assert [change.field for change in differences({"a": before}, {"a": after})] == ["a"]
    assert differences({"a": after, "b": "x"}, {"b": "x", "a": after}) == ()
