"""What clean-up removes, and what it leaves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth import get_user_model

from crawler.models import (
    Event,
    EventKind,
    Item,
    ItemChange,
    OutsideLink,
    Page,
    ProblemKind,
    ProblemSample,
    Request,
    Run,
    RunTrigger,
    SkipKind,
    SkippedRun,
    Snapshot,
    SpareLink,
    Target,
    UnnumberedChange,
)
from crawler.policy.identity import digest
from crawler.services import events, retention, runs, skips, targets
from crawler.services.skips import Skip
from crawler.stores import snapshots

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=60)


def target(name: str = "Shop") -> Target:
    owner, _ = get_user_model().objects.get_or_create(username="ann")
    return targets.create(owner=owner, data={"name": name, "start_urls": ["https://example.com/"]}, now=NOW)


def store(body: bytes, *, at: datetime) -> bytes:
    snapshots.save({digest(body): (snapshots.compress(body), len(body))}, now=at)
    return digest(body)


def page_of(owner: Target, body: bytes) -> Page:
    return Page.objects.create(
        target=owner,
        key=digest(b"key" + body),
        url="https://example.com/",
        run=1,
        status=200,
        body_hash=digest(body),
        first_seen=NOW,
        last_seen=NOW,
        changed_at=NOW,
    )


def test_a_deleted_target_leaves_nothing_behind() -> None:
    gone, stays = target("gone"), target("stays")
    a_problem(runs.start(target=gone, trigger=RunTrigger.MANUAL, now=NOW))
    body = b"<p>what it stored</p>"
    store(body, at=LONG_AGO)
    page_of(gone, body)
    events.record(EventKind.FRESHNESS_LATE, target=gone.pk, now=NOW)
    UnnumberedChange.objects.create(target=gone.pk, item=1, version=1, kind=1, at=NOW)
    ItemChange.objects.create(number=1, target=gone, item_id=1, version=1, kind=1, at=NOW)
    skips.note(target=gone.pk, skip=Skip(kind=SkipKind.MISFIRE, reason="", times=(NOW,)), now=NOW)
    targets.delete(target=gone, now=NOW)
    retention.clean_up(now=NOW + timedelta(minutes=1))
    assert list(Target.objects.all()) == [stays]
    assert not Run.objects.exists()
    assert not Request.objects.exists()
    assert not Page.objects.exists()
    assert not Event.objects.exists()
    assert not UnnumberedChange.objects.exists()
    assert not ItemChange.objects.exists()
    assert not SkippedRun.objects.exists()
    assert not ProblemKind.objects.exists()
    assert not ProblemSample.objects.exists()
    assert not SpareLink.objects.exists()
    assert not Snapshot.objects.exists()


def test_a_body_stays_while_a_page_has_it() -> None:
    kept = store(b"kept", at=LONG_AGO)
    page_of(target(), b"kept")
    store(b"of no page", at=LONG_AGO)
    retention.clean_up(now=NOW)
    assert [bytes(hash_) for hash_ in Snapshot.objects.values_list("hash", flat=True)] == [kept]


def test_a_new_body_is_spared_because_its_page_may_be_on_its_way() -> None:
    store(b"just written", at=NOW)
    retention.clean_up(now=NOW)
    assert Snapshot.objects.count() == 1


def test_requests_of_runs_that_ended_long_ago_go_and_their_counts_stay() -> None:
    run = runs.start(target=target(), trigger=RunTrigger.MANUAL, now=LONG_AGO)
    runs.cancel(run=run, now=LONG_AGO)
    retention.clean_up(now=NOW)
    run.refresh_from_db()
    assert not Request.objects.exists()
    assert (run.discovered, run.skipped) == (1, 1)


def test_rows_have_what_time_versions_and_bodies_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "FOR_ROWS", 0.0)
    monkeypatch.setattr(retention, "BATCH", 1)
    for name in ("one", "two"):
        targets.delete(target=target(name), now=NOW)
    retention.clean_up(now=NOW + timedelta(minutes=1))
    assert not Target.objects.exists()


def a_problem(run: Run) -> None:
    kind = {"run": run, "code": "missing_required", "field": "price"}
    ProblemKind.objects.create(**kind, count=1, pages=1)
    ProblemSample.objects.create(**kind, number=1, url="https://example.com/", message="missing")
    OutsideLink.objects.create(run=run, reason="host", url="https://elsewhere.example/")
    SpareLink.objects.create(run=run, key=b"k" * 16, url="https://example.com/more")


def test_links_that_waited_for_a_place_go_when_their_run_has_ended() -> None:
    over, going = (runs.start(target=target(), trigger=RunTrigger.MANUAL, now=NOW) for _ in range(2))
    for run in (over, going):
        a_problem(run)
    runs.cancel(run=over, now=NOW)
    retention.clean_up(now=NOW)
    assert [link.run for link in SpareLink.objects.all()] == [going]


def test_samples_go_with_the_requests_and_counts_of_problems_stay() -> None:
    old, new = (runs.start(target=target(), trigger=RunTrigger.MANUAL, now=at) for at in (LONG_AGO, NOW))
    for run, at in ((old, LONG_AGO), (new, NOW)):
        a_problem(run)
        runs.cancel(run=run, now=at)
    retention.clean_up(now=NOW)
    assert [sample.run for sample in ProblemSample.objects.all()] == [new]
    assert [link.run for link in OutsideLink.objects.all()] == [new]
    assert ProblemKind.objects.count() == 2


def test_old_events_go_and_younger_ones_stay() -> None:
    shop = target()
    for at in (NOW - timedelta(days=91), NOW - timedelta(days=89)):
        events.record(EventKind.FRESHNESS_LATE, target=shop.pk, now=at)
    retention.clean_up(now=NOW)
    assert [event.created_at for event in Event.objects.all()] == [NOW - timedelta(days=89)]


def test_notes_of_skipped_times_go_with_the_requests_of_their_days() -> None:
    shop = target()
    for at in (NOW - timedelta(days=31), NOW - timedelta(days=29)):
        skips.note(target=shop.pk, skip=Skip(kind=SkipKind.MISFIRE, reason="", times=(at,)), now=at)
    retention.clean_up(now=NOW)
    assert [skip.noted_at for skip in SkippedRun.objects.all()] == [NOW - timedelta(days=29)]


def test_records_keep_the_order_of_their_fields() -> None:
    declared = {"zeta": "css:h1", "b": "css:p", "alpha": "css:a"}
    shop = target()
    Target.objects.filter(pk=shop.pk).update(fields=declared)
    item = Item.objects.create(
        target=shop,
        key_hash=b"k" * 16,
        key="k",
        url="https://example.com/",
        run=1,
        data=dict.fromkeys(declared, "x"),
        content_hash=b"h" * 16,
        first_seen=NOW,
        last_seen=NOW,
        changed_at=NOW,
    )
    assert list(Target.objects.get(pk=shop.pk).fields) == list(declared)
    assert list(Item.objects.get(pk=item.pk).data) == list(declared)


def test_a_crawl_of_the_terminal_goes_once_it_ended_long_ago() -> None:
    for name, ended in (("old", True), ("paused", False)):
        hidden = target(name)
        Target.objects.filter(pk=hidden.pk).update(hidden=True)
        run = runs.start(target=hidden, trigger=RunTrigger.TERMINAL, now=LONG_AGO)
        (runs.cancel if ended else runs.pause)(run=run, now=LONG_AGO)
    retention.clean_up(now=NOW)
    assert [left.name for left in Target.objects.all()] == ["paused"]
