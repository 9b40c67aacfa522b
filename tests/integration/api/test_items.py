"""Items, pages and exports through the API."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crawler import trials
from crawler.models import Item, ItemVersion, Run, Sighting, Snapshot
from crawler.queries import exports, items, turns
from crawler.stores import snapshots
from demo import journal
from demo.catalogue import categories
from tests.integration.api.conftest import NOW, problem

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from crawler.models import Page, Target
    from tests.integration.api.conftest import Api

MakeItem = Callable[..., Item]


@pytest.fixture
def seen(target: Target, item: MakeItem) -> Run:
    """A run that saw items 1 and 2, the first in a version that was replaced since."""
    run = Run.objects.create(target=target)
    for number in (1, 2, 3):
        made = item(number, run=run.pk + 1, version=2 if number == 1 else 1)
        if number < 3:
            Sighting.objects.create(run=run, item=made, version=1)
    ItemVersion.objects.create(
        item=Item.objects.get(key="1"),
        version=1,
        run=run.pk,
        url="https://shop.test/old/1/",
        data={"name": "Kettle 1", "price": 9.5},
        content_hash=b"o" * 16,
        valid_from=NOW - timedelta(days=2),
        valid_to=NOW - timedelta(days=1),
    )
    return run


@pytest.mark.parametrize("rows", ["items", "pages", "targets"])
def test_search_for_what_cannot_be_stored_is_refused(api: Api, target: Target, rows: str) -> None:
    (error,) = problem(api.get(f"/{rows}?q=a%00"), 422)["errors"]

    assert error["field"] == "q"
    assert "NUL" in error["message"]


def keys(response: Any) -> list[str]:
    assert response.status_code == 200, response.content
    return [item["key"] for item in response.json()["items"]]


def test_items_are_told_with_what_is_known_of_them(api: Api, target: Target, item: MakeItem) -> None:
    made = item(1)

    (told,) = api.get(f"/items?target={target.pk}").json()["items"]

    assert told == {
        "id": made.pk,
        "target": target.pk,
        "run": 1,
        "url": "https://shop.test/product/1/",
        "key": "1",
        "data": {"name": "Kettle 1", "price": 1.5},
        "first_seen": "2026-03-02T10:00:00Z",
        "last_seen": "2026-03-02T10:00:00Z",
        "changed_at": "2026-03-02T10:00:00Z",
        "removed_at": None,
        "version": 1,
    }
    assert api.get(f"/items/{made.pk}").json() == told


def test_next_leads_through_all_items_once(api: Api, item: MakeItem) -> None:
    for number in range(7):
        item(number)

    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = api.get(f"/items?limit=3&cursor={cursor}" if cursor else "/items?limit=3").json()
        found += [told["key"] for told in page["items"]]
        cursor = page["next"]

    assert found == [str(number) for number in range(7)]


def test_words_are_found_in_data_and_url(api: Api, item: MakeItem) -> None:
    item(1, data={"name": "Großer Löffel"})
    item(2)

    assert keys(api.get(f"/items?q={quote('Löffel')}")) == ["1"]
    assert keys(api.get("/items?q=product/2")) == ["2"]


def test_changed_since_takes_a_moment_with_or_without_zone(api: Api, item: MakeItem) -> None:
    item(1, changed_at=NOW - timedelta(days=3))
    item(2, changed_at=NOW)

    assert keys(api.get("/items?changed_since=2026-03-02T09:00:00Z")) == ["2"]
    assert keys(api.get("/items?changed_since=2026-03-02T12:30:00%2B03:00")) == ["2"]
    assert keys(api.get("/items?changed_since=2026-02-01")) == ["1", "2"]
    problem(api.get("/items?changed_since=yesterday"), 422)


def test_a_runs_items_are_those_it_saw_in_the_version_it_saw(api: Api, seen: Run) -> None:
    first, second = api.get(f"/items?run={seen.pk}").json()["items"]

    assert (first["key"], first["data"]["price"], first["url"]) == ("1", 9.5, "https://shop.test/old/1/")
    assert (second["key"], second["data"]["price"]) == ("2", 2.5)
    assert {first["run"], second["run"]} == {seen.pk}


def export(api: Api, target: Target, query: str) -> Any:
    response = api.get(f"/targets/{target.pk}/export{query}")
    assert response.status_code == 200
    assert response["Content-Disposition"].startswith("attachment")
    return b"".join(response.streaming_content).decode()


def test_export_rows_are_flat(api: Api, target: Target, item: MakeItem) -> None:
    item(1)

    (row,) = [json.loads(line) for line in export(api, target, "").splitlines()]

    assert row == {
        "name": "Kettle 1",
        "price": 1.5,
        "_url": "https://shop.test/product/1/",
        "_key": "1",
        "_run": 1,
        "_first_seen": "2026-03-02T10:00:00Z",
        "_last_seen": "2026-03-02T10:00:00Z",
        "_changed_at": "2026-03-02T10:00:00Z",
    }


@pytest.mark.parametrize("microsecond", [0, 120_000, 999_999])
def test_moments_leave_to_the_microsecond(api: Api, target: Target, item: MakeItem, microsecond: int) -> None:
    moment = NOW.replace(microsecond=microsecond)
    item(1, first_seen=moment, last_seen=moment + timedelta(days=1))

    row = json.loads(export(api, target, ""))

    assert row["_first_seen"] == moment.isoformat().replace("+00:00", "Z")
    assert row["_last_seen"] == (moment + timedelta(days=1)).isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize(
    "data",
    [
        {"z": 1, "a": [{"c": None, "b": 0.1}], "ab": "Löffel \N{PILE OF POO}"},
        {"large": 2**64, "larger": -(10**30), "half": "\ud83d"},
        {"value": [1, "two"]},
    ],
)
def test_data_leaves_as_it_was_stored(api: Api, target: Target, item: MakeItem, data: dict[str, Any]) -> None:
    item(1, data=data)

    row = json.loads(export(api, target, ""))

    assert list(row.items())[: len(data)] == list(data.items())


def test_every_format_has_every_item(
    api: Api, target: Target, item: MakeItem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports.rows, "__kwdefaults__", {"run": None, "page_rows": 2})
    for number in range(5):
        item(number)

    lines = [json.loads(line) for line in export(api, target, "?format=jsonl").splitlines()]
    array = json.loads(export(api, target, "?format=json"))
    table = list(csv.DictReader(io.StringIO(export(api, target, "?format=csv"), newline="")))

    assert lines == array
    assert (
        [row["_key"] for row in lines]
        == [row["_key"] for row in table]
        == [str(number) for number in range(5)]
    )
    assert [float(row["price"]) for row in table] == [row["price"] for row in lines]


def test_a_runs_export_is_what_it_saw(api: Api, target: Target, seen: Run) -> None:
    rows = [json.loads(line) for line in export(api, target, f"?run={seen.pk}").splitlines()]

    assert [(row["_key"], row["price"], row["_run"]) for row in rows] == [
        ("1", 9.5, seen.pk),
        ("2", 2.5, seen.pk),
    ]


def test_csv_guards_against_formulas_unless_raw_is_asked_for(
    api: Api, target: Target, item: MakeItem
) -> None:
    item(1, data={"name": "=1+1"})

    assert "'=1+1" in export(api, target, "?format=csv")
    assert "'=1+1" not in export(api, target, "?format=csv&raw=1")


def test_csv_begins_with_the_declared_fields(api: Api, target: Target, item: MakeItem) -> None:
    target.fields = {"price": {}, "name": {}}
    target.save()
    item(1)

    assert export(api, target, "?format=csv").startswith("price,name,_url")


def test_an_unknown_format_is_refused(api: Api, target: Target) -> None:
    (error,) = problem(api.get(f"/targets/{target.pk}/export?format=xls"), 422)["errors"]

    assert error == {"field": "format", "message": "must be one of jsonl, json, csv, markdown"}


def test_a_run_of_another_target_is_not_exported(api: Api, target: Target) -> None:
    problem(api.get(f"/targets/{target.pk}/export?run=99"), 404)


def test_pages_are_listed(api: Api, page: Page) -> None:
    (told,) = api.get("/pages?q=shop.test&status=200").json()["items"]

    assert (told["id"], told["url"], told["title"]) == (
        page.pk,
        "https://shop.test/",
        "<script>alert(1)</script>",
    )
    assert api.get(f"/pages/{page.pk}").json() == told
    assert api.get("/pages?status=404").json()["items"] == []


def test_a_stored_body_never_runs_in_a_browser(api: Api, page: Page) -> None:
    html = b"<script>alert(1)</script>"
    Snapshot.objects.create(
        hash=page.body_hash, body=snapshots.compress(html), size=len(html), created_at=NOW
    )

    response = api.get(f"/pages/{page.pk}/body")

    assert response.content == html
    assert response["Content-Type"].startswith("text/plain")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'; frame-ancestors 'none'"


def test_stored_picture_has_a_small_copy_and_what_is_none_has_not(api: Api, page: Page) -> None:
    assert api.get(f"/pages/{page.pk}/thumbnail").status_code == 204
    body = journal.picture(journal.STORIES[0], categories()[0])
    Snapshot.objects.create(
        hash=page.body_hash, body=snapshots.compress(body), size=len(body), created_at=NOW
    )
    assert api.get(f"/pages/{page.pk}/thumbnail").status_code == 204
    type(page).objects.filter(pk=page.pk).update(content_type="image/png")
    response = api.get(f"/pages/{page.pk}/thumbnail")

    assert (response.status_code, response["Content-Type"]) == (200, "image/png")
    assert response.content.startswith(b"\x89PNG")
    assert response.content != body
    assert response["Content-Security-Policy"].startswith("sandbox")
    assert response["Cache-Control"].startswith("private, max-age=")


def test_small_copy_is_made_once_for_who_has_it_and_two_at_a_time(
    api: Api, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    Snapshot.objects.create(
        hash=page.body_hash, body=snapshots.compress(b"a picture"), size=9, created_at=NOW
    )
    type(page).objects.filter(pk=page.pk).update(content_type="image/png")
    made: list[bytes] = []

    def make(body: bytes) -> bytes | None:
        made.append(body)
        return b"small" if len(made) == 1 else None

    monkeypatch.setattr(trials, "thumbnail_of", make)
    monkeypatch.setattr(turns, "WAIT_SECONDS", 0.01)
    address = f"/pages/{page.pk}/thumbnail"
    first = api.get(address)
    again = api.get(address, **{"If-None-Match": f'W/"x", {first["ETag"]}'})

    assert (first.content, again.status_code, again.content, len(made)) == (b"small", 304, b"", 1)
    with turns.taken(of=turns.SMALL):
        assert api.get(address).status_code == 204
        with turns.taken(of=turns.SMALL):
            busy = api.get(address)
            problem(busy, 429)
    assert (busy["Retry-After"], len(made)) == ("5", 2)


def test_a_body_that_was_not_kept_is_not_found(api: Api, page: Page) -> None:
    problem(api.get(f"/pages/{page.pk}/body"), 404)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL plans by how many rows there are")
@pytest.mark.parametrize("read", [items.listed, items.page])
def test_items_of_a_run_are_read_in_their_order_not_sorted(
    person: User, seen: Run, read: Callable[..., Any]
) -> None:
    asked = items.Filters(run=seen.pk)
    middle = read(person, asked, size=1).next

    with CaptureQueriesContext(connection) as queries:
        read(person, asked, cursor=middle)

    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {queries[0]['sql']}")
        plan = [row[3] for row in cursor.fetchall()]
    assert any("run_id=? AND item_id" in step for step in plan), plan
    assert not any("TEMP B-TREE" in step for step in plan), plan
