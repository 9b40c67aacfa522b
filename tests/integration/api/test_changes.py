"""The changefeed through the API: from where a client goes on, and what it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.db import DatabaseError

from crawler.models import Changefeed, Item, ItemChange, Run
from crawler.queries import changes as feed
from crawler.stores import changes, outages, removals
from tests.integration.api.conftest import NOW, problem
from tests.integration.stores.scraped import save

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User

    from crawler.models import Target
    from tests.integration.api.conftest import Api


@pytest.fixture
def run(target: Target) -> Run:
    return Run.objects.create(target=target)


@pytest.fixture
def life(run: Run) -> Run:
    """A run whose item was new, changed, removed and restored, one after the other."""
    save(run, {"kettle": 1}, now=NOW)
    save(run, {"kettle": 2}, now=NOW)
    ids = list(Item.objects.values_list("pk", flat=True))
    removals.remove(run.target_id, ids, since=NOW.replace(day=3), run=run.pk, now=NOW)
    save(run, {"kettle": 3}, now=NOW)
    return run


def test_each_change_is_told_with_what_is_known_of_it(api: Api, life: Run) -> None:
    told = api.get("/changes").json()

    new, changed, removed, restored = told["items"]
    assert (told["cursor"], told["more"]) == (4, False)
    assert [change["cursor"] for change in told["items"]] == [1, 2, 3, 4]
    assert new == {
        "cursor": 1,
        "kind": "new",
        "target": life.target_id,
        "item": Item.objects.get().pk,
        "key": "kettle",
        "url": "http://shop.test/",
        "version": 1,
        "at": "2026-03-02T10:00:00Z",
        "run": life.pk,
        "by": "",
        "data": {"key": "kettle", "value": 1},
        "changes": [],
    }
    assert changed["changes"] == [{"field": "value", "before": 1, "after": 2}]
    assert (removed["kind"], removed["data"], removed["version"]) == ("removed", None, 2)
    assert (restored["kind"], restored["version"]) == ("restored", 3)
    assert restored["changes"] == [{"field": "value", "before": 2, "after": 3}]


@pytest.mark.parametrize("query", ["", "&target={target}"])
def test_whoever_goes_on_with_the_cursor_gets_the_rest(api: Api, life: Run, query: str) -> None:
    query = query.format(target=life.target_id)
    cursor, kinds, page = 0, [], {"more": True}
    while page["more"]:
        page = api.get(f"/changes?cursor={cursor}&limit=2{query}").json()
        kinds += [change["kind"] for change in page["items"]]
        cursor = page["cursor"]

    assert kinds == ["new", "changed", "removed", "restored"]
    assert cursor == 4
    assert api.get(f"/changes?cursor=4{query}").json() == {"items": [], "cursor": 4, "more": False}


def test_cursor_passes_what_a_person_may_not_see(
    token_for: Callable[..., Api], stranger: User, life: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "WINDOW", 3)
    eve = token_for(stranger)

    first = eve.get("/changes?cursor=0").json()
    assert first == {"items": [], "cursor": 3, "more": True}
    assert eve.get("/changes?cursor=3").json() == {"items": [], "cursor": 4, "more": False}
    problem(eve.get(f"/changes?target={life.target_id}"), 404)


def test_cursor_before_what_is_kept_is_gone_and_says_how_to_go_on(api: Api, life: Run) -> None:
    api.get("/changes")
    ItemChange.objects.filter(number__lte=2).update(at=NOW.replace(year=2020))
    assert changes.forget(before=NOW.replace(year=2021)) == 2

    told = problem(api.get("/changes?cursor=1"), 410)
    assert "cursor=4" in told["detail"]
    assert [change["cursor"] for change in api.get("/changes").json()["items"]] == [3, 4]
    assert [change["cursor"] for change in api.get("/changes?cursor=2").json()["items"]] == [3, 4]


@pytest.mark.parametrize("cursor", ["5", "-1", "x", str(2**63)])
def test_cursor_that_there_is_not_is_refused(api: Api, life: Run, cursor: str) -> None:
    (error,) = problem(api.get(f"/changes?cursor={cursor}"), 422)["errors"]

    assert error["field"] == "cursor"


def test_reader_is_answered_while_nothing_can_be_written(
    api: Api, life: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_rows: Any, **_more: Any) -> int:
        raise DatabaseError("attempt to write a readonly database")

    api.get("/changes")
    save(life, {"kettle": 4}, now=NOW)
    monkeypatch.setattr(changes, "number", refuse)
    monkeypatch.setattr(outages.watch, "note", lambda _error: "read_only")

    assert len(api.get("/changes").json()["items"]) == Changefeed.objects.get().last == 4
