"""A test fetch from its asking to what is known of it."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from celery import states
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django_celery_results.models import TaskResult

from crawler import queue
from crawler.engine.findings import Forbidden, Held, Holder, Shown, Unfetched
from crawler.models import (
    Host,
    OutboxMessage,
    Page,
    Request,
    RequestState,
    RunTrigger,
    Slice,
    Target,
    fields,
)
from crawler.queries import previews as asked
from crawler.queries.previews import Waiting
from crawler.queue import Work
from crawler.services import previewing, previews, runs, targets
from crawler.stores import leases, snapshots
from crawler.urls import canonical

if TYPE_CHECKING:
    from crawler.engine.findings import Finding
    from tests.site.server import HostileSite

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
SHOP = {"start_urls": ["https://shop.test/"], "headers": {"Authorization": "Bearer canary"}}


@pytest.fixture
def ada() -> User:
    return User.objects.create_superuser("ada")


@pytest.fixture
def eve() -> User:
    return User.objects.create_superuser("eve")


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Work, dict[str, Any]]]:
    """What was put on the broker."""
    messages: list[tuple[Work, dict[str, Any]]] = []
    monkeypatch.setattr(queue, "send", lambda work, **kwargs: messages.append((work, kwargs)))
    return messages


def finished(preview: str, finding: Finding) -> None:
    TaskResult.objects.create(task_id=preview, status=states.SUCCESS, result=json.dumps(asdict(finding)))


def test_secrets_do_not_travel_in_the_open(
    ada: User, sent: list[tuple[Work, dict[str, Any]]], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        preview = previews.start(user=ada, data=SHOP, now=NOW)

    ((work, kwargs),) = sent
    assert (work, kwargs["task_id"], kwargs["user"]) == (Work.PREVIEW, preview, ada.pk)
    assert "canary" not in repr(kwargs)
    assert "canary" not in repr(OutboxMessage.objects.get().kwargs)


def test_a_test_fetch_is_the_most_urgent_work_there_is() -> None:
    assert queue.PRIORITY_OF[Work.PREVIEW] == queue.MOST_URGENT


def test_a_draft_that_cannot_be_is_refused(ada: User) -> None:
    with pytest.raises(targets.InvalidTarget):
        previews.start(user=ada, data={"start_urls": ["ftp://shop.test/"]}, now=NOW)
    with pytest.raises(targets.InvalidTarget):
        previews.start(user=ada, data=["https://shop.test/"], now=NOW)
    assert not OutboxMessage.objects.exists()


def test_what_a_form_leaves_out_is_as_it_is_in_the_target(ada: User) -> None:
    target = targets.create(owner=ada, data={"name": "Shop", **SHOP}, now=NOW)

    previews.start(user=ada, data={"max_depth": 1}, existing=target, now=NOW)

    assert OutboxMessage.objects.filter(work=Work.PREVIEW).exists()


def test_a_test_fetch_waits_until_its_result_is_there(ada: User) -> None:
    preview = previews.start(user=ada, data=SHOP, now=NOW)
    assert asked.state(preview, user=ada) == Waiting(since=NOW, sent=False)

    held = Held(origin="https://shop.test", runs=(Holder(run=3, target="Shop"),), others=1)
    finished(preview, held)

    assert asked.state(preview, user=ada) == held


def test_every_kind_of_finding_survives_its_way_through_the_database(ada: User) -> None:
    for finding in (
        Forbidden(url="https://shop.test/", rule="Disallow: /", line=2),
        Unfetched(url="https://shop.test/", code="timed_out", message="too slow"),
    ):
        preview = previews.start(user=ada, data=SHOP, now=NOW)
        finished(preview, finding)
        assert asked.state(preview, user=ada) == finding


def test_a_worker_that_breaks_is_a_failed_test_fetch(ada: User) -> None:
    preview = previews.start(user=ada, data=SHOP, now=NOW)
    TaskResult.objects.create(
        task_id=preview, status=states.FAILURE, result='{"exc_type": "WorkerLostError"}'
    )

    found = asked.state(preview, user=ada)

    assert isinstance(found, Unfetched)
    assert found.code == "preview_failed"


def test_nobody_sees_the_test_fetch_of_another(ada: User, eve: User) -> None:
    preview = previews.start(user=ada, data=SHOP, now=NOW)

    assert asked.state(preview, user=eve) is None
    assert asked.state("no such id", user=ada) is None


def test_holders_are_the_runs_that_have_requests_under_way(ada: User, eve: User) -> None:
    person = User.objects.create_user("bob")
    origin = "https://shop.test"
    owned = []
    for owner in (person, eve, eve):
        target = Target.objects.create(owner=owner, name=f"of {owner}", start_urls=[f"{origin}/"])
        owned.append(runs.start(target=target, trigger=RunTrigger.MANUAL, now=NOW))
    Request.objects.filter(run__in=owned[:2]).update(state=RequestState.LEASED)

    assert asked.holders(origin, user=person) == ((Holder(run=owned[0].pk, target="of bob"),), 1)
    assert asked.holders("https://elsewhere.test", user=person) == ((), 0)


def test_holders_are_those_that_wait_when_nothing_is_under_way(eve: User) -> None:
    target = Target.objects.create(owner=eve, name="of eve", start_urls=["https://shop.test/"])
    run = runs.start(target=target, trigger=RunTrigger.MANUAL, now=NOW)

    assert asked.holders("https://shop.test", user=eve) == ((Holder(run=run.pk, target="of eve"),), 0)


@pytest.mark.django_db(transaction=True)
def test_a_test_fetch_leaves_nothing_behind_but_the_ledger(ada: User, hostile_site: HostileSite) -> None:
    url = hostile_site.serve("/shop", '<title>Shop</title><a href="https://far.test/">Far</a>')
    previews.start(user=ada, data={"start_urls": [url], "delay_seconds": 0}, now=timezone.now())
    message = OutboxMessage.objects.get()

    found = previewing.run(**message.kwargs)

    assert (found["state"], found["facts"]["title"]) == ("done", "Shop")
    assert not Slice.objects.exists()
    assert not Request.objects.exists()
    host = Host.objects.get()
    assert (host.lease_owner, host.last_status, host.robots_state) == ("", "200", "none")
    assert isinstance(asked._findings().validate_json(json.dumps(found)), Shown)


@pytest.mark.django_db(transaction=True)
def test_a_host_that_is_held_is_asked_for(hostile_site: HostileSite) -> None:
    first = leases.lease_one(hostile_site.origin, owner="somebody", now=NOW)
    assert first is not None

    assert leases.lease_one(hostile_site.origin, owner="a test fetch", now=NOW) is None

    assert Host.objects.get().wanted_at == NOW


def test_for_suggestions_only_how_the_page_is_fetched_counts(ada: User) -> None:
    data = SHOP | {"scraper": "fields", "row": "css:li", "fields": {}, "schedule": "no such thing"}

    previews.suggest(user=ada, data=data, now=NOW)

    kwargs = OutboxMessage.objects.get().kwargs
    opened = fields.read(kwargs["draft"])
    assert kwargs["suggest"] is True
    assert opened["headers"] == SHOP["headers"]
    assert (opened["settings"]["scraper"], opened["settings"]["row"]) == ("none", "")


def test_suggestions_for_a_target_keep_its_headers_and_not_its_fields(ada: User) -> None:
    said = SHOP | {
        "name": "Shop",
        "scraper": "fields",
        "row": "css:li",
        "fields": {"name": "css:a"},
        "key": ["name"],
    }
    target = targets.create(owner=ada, data=said, now=NOW)

    previews.suggest(user=ada, data={"start_urls": ["https://shop.test/new/"]}, existing=target, now=NOW)

    opened = fields.read(OutboxMessage.objects.filter(work=Work.PREVIEW.value).get().kwargs["draft"])
    assert opened["headers"] == SHOP["headers"]
    assert opened["settings"]["start_urls"] == ["https://shop.test/new/"]
    assert (opened["settings"]["scraper"], opened["settings"]["fields"]) == ("none", {})


def test_page_behind_is_asked_for_or_told_of_by_the_stored_pages_of_the_target(ada: User) -> None:
    target = targets.create(owner=ada, data=SHOP | {"name": "Shop"}, now=NOW)

    previews.suggest(user=ada, data=SHOP, existing=target, now=NOW)
    previews.suggest(user=ada, data=SHOP, existing=target, now=NOW, behind=True)

    asked = [one.kwargs for one in OutboxMessage.objects.filter(work=Work.PREVIEW.value).order_by("pk")]
    assert [(one.get("target"), one.get("behind")) for one in asked] == [(target.pk, None), (None, True)]


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_stored_pages_of_the_target_complete_what_is_suggested_for_its_list(
    ada: User, hostile_site: HostileSite
) -> None:
    rows = "".join(
        f'<li class="tea"><a href="/{n}">Tea {n}</a><b class="price">€ {n}</b></li>' for n in range(4)
    )
    url = hostile_site.serve("/teas", f"<ul>{rows}</ul>")
    target = targets.create(owner=ada, data={"name": "Teas", "start_urls": [url]}, now=timezone.now())
    at, html = canonical(hostile_site.url("/1")), b"<p class=origin>Assam"
    with transaction.atomic():
        snapshots.save({at.key: (snapshots.compress(html), len(html))}, now=NOW)
    times = dict.fromkeys(("first_seen", "last_seen", "changed_at"), NOW)
    about = {"url": at.text, "content_type": "text/html", "run": 1, "status": 200}
    Page.objects.create(target=target, key=at.key, body_hash=at.key, **about, **times)
    previews.suggest(
        user=ada, data={"start_urls": [url], "delay_seconds": 0}, existing=target, now=timezone.now()
    )

    found = previewing.run(**OutboxMessage.objects.get(work=Work.PREVIEW.value).kwargs)

    shown = asked._findings().validate_json(json.dumps(found))
    assert isinstance(shown, Shown)
    assert shown.suggestions is not None
    first = shown.suggestions.candidates[0]
    assert first.fields["origin"] == {"css": ".origin", "type": "text", "follow": "link"}
    assert (first.behind, first.samples[1]["origin"]) == ((at.text,), "Assam")
    assert [one.path for one in hostile_site.requests if one.path != "/robots.txt"] == ["/teas"]


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_suggestions_come_back_with_the_test_fetch(ada: User, hostile_site: HostileSite) -> None:
    rows = "".join(
        f'<li class="tea"><a href="/{n}">Tea {n}</a><b class="price">€ {n}</b></li>' for n in range(4)
    )
    url = hostile_site.serve("/teas", f"<ul>{rows}</ul>")
    previews.suggest(user=ada, data={"start_urls": [url], "delay_seconds": 0}, now=timezone.now())

    found = previewing.run(**OutboxMessage.objects.get().kwargs)

    shown = asked._findings().validate_json(json.dumps(found))
    assert isinstance(shown, Shown)
    assert shown.suggestions is not None
    [first, *_others] = shown.suggestions.candidates
    assert (first.row, first.rows, list(first.fields)) == (".tea", 4, ["link", "title", "price"])
