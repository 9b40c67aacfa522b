"""What pages were before they changed: kept with the commit, once, and nothing for pages that stay."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crawler.engine.work import Claim, Validators
from crawler.models import Page, PageVersion, Run, Snapshot
from crawler.policy.identity import digest
from crawler.stores import pages, snapshots, versions
from tests.crawling import a_run
from tests.fakes.rules import a_page, some_rules

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


def a_claim(run: Run, *, known: bytes | None = None, attempts: int = 0) -> Claim:
    rules = some_rules(run.pk, target=run.target_id)
    stored = None
    if known is not None:
        stored = Validators(etag="", last_modified="", content_type="text/html", body_hash=digest(known))
    place: dict[str, Any] = {"id": 1, "host": 1, "backlog": 1, "epoch": 1, "depth": 0, "priority": 5}
    url = "http://a.test/"
    return Claim(rules=rules, url=url, key=b"k" * 16, known=stored, attempts=attempts, **place)


def visit(run: Run, body: bytes, *, at: datetime, known: bytes | None = None, attempts: int = 0) -> None:
    snapshots.save({digest(body): (snapshots.compress(body), len(body))}, now=at)
    pages.save([(a_claim(run, known=known, attempts=attempts), a_page(body))], now=at)


def kept() -> list[bytes]:
    return [bytes(hash_) for hash_ in PageVersion.objects.order_by("id").values_list("body_hash", flat=True)]


def test_what_a_page_was_is_kept_when_its_body_changes() -> None:
    run = a_run()
    visit(run, b"one", at=NOW)
    visit(run, b"one", at=NOW + HOUR, known=b"one")
    visit(run, b"two", at=NOW + 2 * HOUR, known=b"one")
    version = PageVersion.objects.get()
    assert version.page == Page.objects.get()
    assert (version.target_id, version.run, version.ended_by) == (run.target_id, run.pk, run.pk)
    assert (version.began_at, version.seen_at, version.ended_at) == (NOW, NOW + HOUR, NOW + 2 * HOUR)
    assert bytes(version.body_hash) == digest(b"one")
    assert version.stored_size == len(snapshots.compress(b"one"))
    assert (version.status, version.content_type, version.size) == (200, "text/html", 3)


def test_a_further_attempt_looks_for_itself_as_it_was_not_told_what_is_stored() -> None:
    run = a_run()
    visit(run, b"one", at=NOW)
    visit(run, b"one", at=NOW + HOUR, attempts=1)
    assert kept() == []
    visit(run, b"two", at=NOW + 2 * HOUR, attempts=1)
    assert kept() == [digest(b"one")]


def test_a_page_that_a_batch_has_twice_keeps_what_it_was_in_between() -> None:
    run = a_run()
    visit(run, b"one", at=NOW)
    again = [(a_claim(run, known=b"one"), a_page(body)) for body in (b"two", b"one")]
    pages.save(again, now=NOW + HOUR)
    assert kept() == [digest(b"one"), digest(b"two")]


def test_new_pages_and_those_that_stay_ask_for_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[tuple[object, ...]]] = []
    monkeypatch.setattr(versions.KEEP, "run", asked.append)
    run = a_run()
    pages.save([(a_claim(run), a_page(b"one"))], now=NOW)
    pages.save([(a_claim(run, known=b"one"), a_page(b"one"))], now=NOW)
    assert asked == [[], []]


def test_a_body_that_is_not_stored_takes_no_room() -> None:
    run = a_run()
    pages.save([(a_claim(run), a_page(b"picture"))], now=NOW)
    pages.save([(a_claim(run, known=b"picture"), a_page(b"other"))], now=NOW + HOUR)
    assert PageVersion.objects.get().stored_size == 0


def test_an_old_body_that_comes_again_is_young_again() -> None:
    snapshots.save({digest(b"x"): (snapshots.compress(b"x"), 1)}, now=NOW - 48 * HOUR)
    snapshots.save({digest(b"x"): (b"never written", 1)}, now=NOW)
    stored = Snapshot.objects.get()
    assert (stored.created_at, bytes(stored.body)) == (NOW, snapshots.compress(b"x"))
    snapshots.save({digest(b"x"): (b"never written", 1)}, now=NOW + HOUR)
    assert Snapshot.objects.get().created_at == NOW, "it is young enough"
