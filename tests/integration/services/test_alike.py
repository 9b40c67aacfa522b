"""Near copies among the stored pages of a target: read in steps, found in groups, forgotten with bodies."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crawler.models import Page, PageFingerprint, Target
from crawler.policy.identity import digest
from crawler.queries import alike as queries
from crawler.queries import stored_pages
from crawler.services import alike, versions
from crawler.services.versions import Budget
from crawler.stores import snapshots
from tests.crawling import a_run

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
STORY = " ".join(f"word{chr(97 + number % 26)}{chr(97 + number // 26)}" for number in range(60))
OTHER = " ".join(f"other{chr(97 + number % 26)}{chr(97 + number // 26)}" for number in range(60))


def a_page(target: Target, number: int, text: str, *, content_type: str = "text/html") -> Page:
    body = f"<main><p>{text}</main>".encode()
    snapshots.save({digest(body): (snapshots.compress(body), len(body))}, now=NOW - timedelta(days=9))
    return Page.objects.create(
        target=target, key=digest(b"%d" % number), url=f"http://a.test/{number}", run=1, status=200,
        content_type=content_type, body_hash=digest(body), first_seen=NOW, last_seen=NOW, changed_at=NOW,
    )  # fmt: skip


def read_all(target: Target) -> int:
    after: int | None = 0
    made = 0
    while after is not None:
        step = alike.step(target.pk, after=after)
        after, made = step.after, made + step.made
    return made


def test_pages_that_differ_in_numbers_are_one_group_and_others_none() -> None:
    target = a_run().target
    pages = [a_page(target, n, f"{STORY} price {n}.50 EUR") for n in range(3)]
    a_page(target, 8, OTHER)
    a_page(target, 9, "too short to judge")
    assert read_all(target) == 5
    found = queries.of_target(target.pk)
    assert [[page.pk for page in group.pages] for group in found.groups] == [[page.pk for page in pages]]
    assert (found.group_count, found.copies, found.pages, found.read, found.total) == (1, 2, 4, 5, 5)
    assert found.is_whole


def test_steps_go_on_where_they_ended_and_read_nothing_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alike, "LOOKED_AT", 3)
    monkeypatch.setattr(alike, "AT_ONCE", 2)
    target = a_run().target
    for number in range(5):
        a_page(target, number, f"{STORY} {OTHER[: 40 * number]}")
    assert alike.step(target.pk).made == 2
    assert read_all(target) == 3
    assert read_all(target) == 0
    assert PageFingerprint.objects.count() == 5


def test_no_more_bodies_are_unpacked_than_have_room(monkeypatch: pytest.MonkeyPatch) -> None:
    unpacked: list[int] = []
    unpack = stored_pages.kept

    def kept(rows: list[Page]) -> list[stored_pages.Kept]:
        unpacked.append(len(rows))
        return unpack(rows)

    monkeypatch.setattr(stored_pages, "kept", kept)
    monkeypatch.setattr(alike, "MOST_BYTES", 1_000)
    target = a_run().target
    for number in range(5):
        a_page(target, number, f"{STORY} {OTHER[: 40 * number]}")
    Page.objects.update(size=400)
    assert read_all(target) == 5
    assert max(unpacked) == 2


def test_pictures_and_bodies_that_are_not_stored_are_passed_over() -> None:
    target = a_run().target
    a_page(target, 1, "x", content_type="image/png")
    missing = a_page(target, 2, STORY)
    Page.objects.filter(pk=missing.pk).update(body_hash=b"?" * 16)
    assert read_all(target) == 1
    assert [row.words for row in PageFingerprint.objects.all()] == [0]
    assert queries.of_target(target.pk).groups == ()


def test_a_fingerprint_goes_with_its_body() -> None:
    page = a_page(a_run().target, 1, STORY)
    read_all(page.target)
    page.delete()
    versions.sweep_bodies(now=NOW, budget=Budget(float("inf")))
    assert not PageFingerprint.objects.exists()


def test_large_groups_are_counted_and_their_first_pages_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "MOST_OF_A_GROUP", 2)
    target = a_run().target
    for number in range(4):
        a_page(target, number, f"{STORY} {number}")
    read_all(target)
    (group,) = queries.of_target(target.pk).groups
    assert (len(group.pages), group.count) == (2, 4)
    monkeypatch.setattr(queries, "MOST_PAGES", 3)
    assert not queries.of_target(target.pk).is_whole
