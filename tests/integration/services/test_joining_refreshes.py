"""Records of several pages after a refresh: read again from what is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import transaction
from django.utils import timezone

from crawler.models import (
    Item,
    Page,
    Publication,
    RefreshPlan,
    Replay,
    ReplayState,
    Run,
    RunTrigger,
)
from crawler.services import refresh, replays
from tests.crawling import a_run, again, finished
from tests.integration.services.test_joining import (
    FIELDS,
    HOUR,
    LISTED,
    by_name,
    counts,
    done,
    problems,
    text,
)

if TYPE_CHECKING:
    from tests.site.server import HostileSite

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture
def refreshed(hostile_site: HostileSite) -> Run:
    """A crawl of a list with two records, whose target has its pages refreshed."""
    hostile_site.serve("/", priced(1))
    hostile_site.serve("/one", text("first"))
    hostile_site.serve("/two", text("second"))
    fields = FIELDS | {"price": {"css": "b", "type": "price"}}
    settings = LISTED | {"fields": fields}
    run = finished(a_run(hostile_site.url("/"), key=["name"], refresh_per_day=10_000, **settings))
    with transaction.atomic():
        refresh.put(target=run.target, now=timezone.now() - HOUR)
    Page.objects.update(last_seen=timezone.now() - HOUR)
    return run


def priced(price: int, *names: str) -> str:
    some = names or ("One", "Two")
    return "".join(f"<li><a href=/{name.lower()}>{name}</a><b>€ {price}</b></li>" for name in some)


def after_a_refresh(run: Run) -> Replay | None:
    """Refresh all pages of a run's target, have that learnt from, and return the replay that follows."""
    assert refresh.tick(now=timezone.now()) == 1
    finished(Run.objects.get(target=run.target, trigger=RunTrigger.REFRESH))
    refresh.tick(now=timezone.now())
    replay = Replay.objects.first()
    return done(replay) if replay is not None else None


def test_refresh_brings_list_and_page_together(refreshed: Run, hostile_site: HostileSite) -> None:
    hostile_site.serve("/", priced(2))
    hostile_site.serve("/one", text("changed"))
    replay = after_a_refresh(refreshed)

    assert replay is not None
    assert (replay.state, replay.stores, replay.total) == (ReplayState.DONE, True, 2)
    assert by_name("text") == {"One": "changed", "Two": "second"}
    assert by_name("price") == {"One": 2.0, "Two": 2.0}


def test_page_that_changed_alone_is_read_with_the_list_that_led_there(
    refreshed: Run, hostile_site: HostileSite
) -> None:
    hostile_site.serve("/two", text("changed"))
    replay = after_a_refresh(refreshed)

    assert replay is not None
    assert by_name("text") == {"One": "first", "Two": "changed"}
    assert {item.data["name"]: item.version for item in Item.objects.all()} == {"One": 1, "Two": 2}


def test_refresh_that_found_nothing_changed_reads_nothing_again(refreshed: Run) -> None:
    assert after_a_refresh(refreshed) is None


def test_refresh_writes_no_record_that_says_less_and_none_without_its_page(
    refreshed: Run, hostile_site: HostileSite
) -> None:
    hostile_site.serve("/", priced(3, "One", "Three") + "<li><a href=/two>Two</a></li>")
    hostile_site.serve("/one", "<!doctype html>nothing")
    replay = after_a_refresh(refreshed)

    assert replay is not None
    assert (counts(replay), problems(replay)) == ({"changed": 2, "new": 1}, {"record_incomplete": 1})
    assert by_name("text") == {"One": "first", "Two": "second"}
    assert by_name("price") == {"One": 1.0, "Two": 1.0}


def test_pages_behind_that_are_new_wait_for_the_next_whole_run_and_spoil_nothing(
    refreshed: Run, hostile_site: HostileSite
) -> None:
    """A refresh asks known pages again and finds none: its budget is worked out for those."""
    for name, said in (("one-new", "moved"), ("three", "third")):
        hostile_site.serve(f"/{name}", text(said))
    hostile_site.serve("/", priced(3, "Two", "Three") + "<li><a href=/one-new>One</a><b>€ 3</b></li>")
    before = len(hostile_site.requests)
    assert after_a_refresh(refreshed) is not None

    asked = {request.path for request in hostile_site.requests[before:]}
    assert asked == {"/", "/one", "/two"}
    assert by_name("text") == {"One": "first", "Two": "second"}
    assert by_name("price") == {"One": 3.0, "Two": 3.0}

    finished(again(refreshed))
    assert by_name("text") == {"One": "moved", "Two": "second", "Three": "third"}


def test_refresh_that_was_not_taken_has_nothing_read_again(refreshed: Run, hostile_site: HostileSite) -> None:
    hostile_site.serve("/one", text("changed"))
    assert refresh.tick(now=timezone.now()) == 1
    run = finished(Run.objects.get(target=refreshed.target, trigger=RunTrigger.REFRESH))
    run.publication = Publication.DISCARDED
    assert replays.read_again(run, now=timezone.now()) is None
    run.publication = Publication.PUBLISHED
    assert replays.read_again(run, now=timezone.now()) is not None
    with pytest.raises(replays.Busy):
        replays.read_again(run, now=timezone.now())


def test_refresh_is_read_again_once_nobody_else_stores(refreshed: Run, hostile_site: HostileSite) -> None:
    hostile_site.serve("/one", text("changed"))
    assert refresh.tick(now=timezone.now()) == 1
    run = finished(Run.objects.get(target=refreshed.target, trigger=RunTrigger.REFRESH))
    other = replays.read_again(run, now=timezone.now())
    assert other is not None
    plan = RefreshPlan.objects.get(target=run.target)

    assert refresh.tick(now=timezone.now()) == 0
    plan.refresh_from_db()
    assert plan.learnt_run < run.pk
    other.delete()
    refresh.tick(now=timezone.now())
    plan.refresh_from_db()
    assert plan.learnt_run == run.pk
    assert Replay.objects.filter(after_refresh=run.pk).exists()
