"""Retention of pages' versions: what the rules say leaves, in small transactions, and nothing else."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.models import Page, PageVersion, Run, Snapshot, Sweep, Target
from crawler.policy import versions as policy
from crawler.policy.identity import digest
from crawler.policy.sweeping import Bounds, Place
from crawler.queries import versions as shown
from crawler.services import retention, targets, versions
from crawler.services.versions import Budget
from crawler.stores import snapshots
from crawler.stores import versions as stored
from tests.crawling import a_run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=400)
DAY = timedelta(days=1)
FOR_EVER = Budget(float("inf"))


def looks(many: int) -> Budget:
    """Return a budget that is used up after so many looks at the clock."""
    ticks = count()
    return Budget(many, clock=lambda: next(ticks))


def store(body: bytes) -> bytes:
    snapshots.save({digest(body): (snapshots.compress(body), len(body))}, now=LONG_AGO)
    return digest(body)


def a_target(keep: Mapping[str, int] | None = None) -> Target:
    target = a_run().target
    Target.objects.filter(pk=target.pk).update(keep=keep)
    target.refresh_from_db()
    return target


def a_page(target: Target, number: int = 1, *, body: bytes = b"now") -> Page:
    moments = {"first_seen": LONG_AGO, "last_seen": NOW, "changed_at": NOW}
    key, url = digest(b"page %d" % number), f"http://a.test/{number}"
    return Page.objects.create(
        target=target, key=key, url=url, run=1, status=200, body_hash=store(body), size=len(body), **moments
    )


def was(page: Page, body: bytes, *, days: float, size: int | None = None, kind: str = "") -> PageVersion:
    """Store that a page had this body until so many days ago, with the noise that followed, or `waits`."""
    ended_at = NOW - days * DAY
    return PageVersion.objects.create(
        target=page.target,
        page=page,
        run=1,
        ended_by=2,
        status=200,
        content_type="text/html",
        body_hash=store(body),
        size=len(body),
        stored_size=len(snapshots.compress(body)) if size is None else size,
        began_at=ended_at - DAY,
        seen_at=ended_at,
        ended_at=ended_at,
        noise="" if kind == "waits" else kind,
        awaits_judgement=kind == "waits",
    )


def bodies() -> set[bytes]:
    return {bytes(hash_) for hash_ in Snapshot.objects.values_list("hash", flat=True)}


def test_clean_up_removes_versions_and_the_bodies_that_nothing_else_has() -> None:
    page = a_page(a_target({"days": 7}))
    was(page, b"old", days=8)
    was(page, b"now", days=9)
    kept = was(page, b"newer", days=6)
    retention.clean_up(now=NOW)
    assert list(PageVersion.objects.all()) == [kept]
    assert bodies() == {digest(b"now"), digest(b"newer")}, "a body that the page has again stays"


def test_a_body_that_a_version_of_another_target_has_stays() -> None:
    gone = was(a_page(a_target({"versions": 1})), b"shared", days=1)
    was(a_page(a_target()), b"shared", days=1)
    versions.sweep(now=NOW, budget=FOR_EVER)
    versions.sweep_bodies(now=NOW, budget=FOR_EVER)
    assert not PageVersion.objects.filter(pk=gone.pk).exists()
    assert digest(b"shared") in bodies()


def test_the_newest_body_stays_whatever_the_rules_say() -> None:
    page = a_page(a_target({"versions": 1, "days": 1, "megabytes": 1}), body=b"x" * 3_000_000)
    was(page, b"before", days=300)
    retention.clean_up(now=NOW)
    assert Page.objects.get() == page
    assert bodies() == {bytes(page.body_hash)}


def test_clean_up_counts_what_it_removed_with_the_target() -> None:
    target = a_target({"versions": 1})
    page = a_page(target)
    for number in range(3):
        was(page, b"%d" % number, days=1)
    assert versions.sweep(now=NOW, budget=FOR_EVER) == 3
    target.refresh_from_db()
    assert target.versions_removed == 3
    assert versions.sweep(now=NOW, budget=FOR_EVER) == 0


def test_removing_stops_with_its_budget_and_goes_on_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "BOUNDS", Bounds(looked_at=9, removed=2))
    page = a_page(a_target({"versions": 1}))
    for number in range(10):
        was(page, b"%d" % number, days=1)
    removed = versions.sweep(now=NOW, budget=looks(6))
    assert 0 < removed < 10
    assert versions.sweep(now=NOW, budget=FOR_EVER) == 10 - removed


def test_targets_take_turns_when_one_has_very_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "BOUNDS", Bounds(looked_at=9, removed=1))
    monkeypatch.setattr(versions, "TURN_SECONDS", 3)
    large, small = a_page(a_target({"versions": 1})), a_page(a_target({"versions": 1}))
    for number in range(9):
        was(large, b"%d" % number, days=1)
    was(small, b"only", days=1)
    versions.sweep(now=NOW, budget=looks(16))
    assert not PageVersion.objects.filter(page=small.pk).exists()
    assert PageVersion.objects.filter(page=large.pk).exists()


def test_no_transaction_removes_more_than_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "BOUNDS", Bounds(looked_at=9, removed=3))
    sizes: list[int] = []
    remove = stored.remove

    def counted(target: int, ids: Sequence[int]) -> int:
        sizes.append(len(ids))
        return remove(target, ids)

    monkeypatch.setattr(stored, "remove", counted)
    page = a_page(a_target({"versions": 1}))
    for number in range(8):
        was(page, b"%d" % number, days=1)
    versions.sweep(now=NOW, budget=FOR_EVER)
    assert sizes == [3, 3, 2]


def test_walks_go_on_over_their_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "CHUNK", 2)
    target = a_target()
    pages = [a_page(target, number) for number in (1, 2)]
    for number in range(3):
        for page in pages:
            was(page, b"%d" % number, days=3 - number)
    found = list(stored.by_page(target.pk))
    assert found == sorted(found, key=lambda one: (one.page, one.id), reverse=True)
    assert len(found) == 6


@pytest.mark.parametrize("keep", [{"days": 5}, {"versions": 3}, {"megabytes": 3}])
def test_a_turn_reads_a_bounded_number_of_rows_and_all_are_reached_over_turns(
    monkeypatch: pytest.MonkeyPatch, keep: dict[str, int]
) -> None:
    monkeypatch.setattr(versions, "BOUNDS", Bounds(looked_at=4, removed=2))
    read: list[int] = []
    after = stored.after

    def counted(target: int, place: Place, *, most: int) -> list[policy.Version]:
        found = after(target, place, most=most)
        read.append(len(found))
        return found

    monkeypatch.setattr(stored, "after", counted)
    target = a_target(keep)
    for page in [a_page(target, number) for number in (1, 2, 3)]:
        for days in range(10, 0, -1):
            was(page, b"now", days=days, size=250_000)
    leaving = {one.id for one in policy.leaving(list(stored.by_page(target.pk)), policy.of(keep), now=NOW)}
    read.clear()
    turns = 0
    while PageVersion.objects.filter(pk__in=leaving).exists():
        versions.sweep(now=NOW, budget=looks(4))
        turns += 1
        assert sum(read) <= turns * 2 * 4
        assert turns < 30
    assert turns > 2
    assert PageVersion.objects.count() == 30 - len(leaving), "nothing else left"


def test_a_look_that_was_killed_between_its_steps_goes_on_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "BOUNDS", Bounds(looked_at=4, removed=4))
    page = a_page(a_target({"versions": 5}))
    for number in range(9):
        was(page, b"%d" % number, days=9 - number)
    remove, calls = stored.remove, count()

    def killed(target: int, ids: Sequence[int]) -> int:
        if next(calls) == 1:
            raise RuntimeError("killed")
        return remove(target, ids)

    monkeypatch.setattr(stored, "remove", killed)
    with pytest.raises(RuntimeError):
        versions.sweep(now=NOW, budget=FOR_EVER)
    assert PageVersion.objects.count() == 9
    monkeypatch.setattr(stored, "remove", remove)
    versions.sweep(now=NOW, budget=FOR_EVER)
    assert PageVersion.objects.count() == 4, "with the one that holds now they are five"


def test_targets_that_were_seen_to_longest_ago_come_first() -> None:
    pages = [a_page(a_target({"versions": 1})) for _ in range(3)]
    for page in pages:
        was(page, b"then", days=1)
    for number in range(3):
        assert versions.sweep(now=NOW + number * DAY, budget=looks(3)) == 1
        was(pages[0], b"again", days=0)
    assert not PageVersion.objects.filter(page__in=[pages[1].pk, pages[2].pk]).exists()


def test_a_removed_target_leaves_no_place_behind() -> None:
    page = a_page(a_target({"versions": 1}))
    was(page, b"then", days=1)
    versions.sweep(now=NOW, budget=FOR_EVER)
    assert Sweep.objects.count() == 1
    Run.objects.update(state="finished")
    targets.delete(target=page.target, now=NOW)
    retention.clean_up(now=NOW + DAY)
    assert not Target.objects.exists()
    assert set(Sweep.objects.values_list("name", flat=True)) == {"bodies"}


def test_bodies_are_looked_at_to_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "LOOKED_AT", 2)
    monkeypatch.setattr(versions, "BODIES_AT_ONCE", 1)
    a_page(a_target())
    for number in range(5):
        store(b"of nothing %d" % number)
    assert versions.sweep_bodies(now=NOW, budget=FOR_EVER) == 5
    assert bodies() == {digest(b"now")}


def test_looking_at_bodies_goes_on_where_it_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "LOOKED_AT", 2)
    for number in range(6):
        store(b"of nothing %d" % number)
    for left in (4, 2, 0):
        versions.sweep_bodies(now=NOW, budget=looks(1))
        assert Snapshot.objects.count() == left
    store(b"one more")
    for _ in range(2):
        versions.sweep_bodies(now=NOW, budget=FOR_EVER)
    assert not bodies(), "after the last it begins anew"


def test_a_body_that_was_taken_again_meanwhile_is_not_removed() -> None:
    free = store(b"comes back")
    assert snapshots.unused(after=b"", most=10) == ([free], None)
    a_page(a_target(), body=b"comes back")
    assert snapshots.remove([free], before=NOW) == 0


def test_the_outlook_says_what_rules_would_let_go_of_and_changes_nothing() -> None:
    page = a_page(a_target())
    lone = was(page, b"only once" * 50, days=20)
    was(page, b"now", days=19)
    was(page, b"twice", days=18)
    was(page, b"twice", days=2)
    found = shown.outlook(page.target_id, policy.Keeping(days=10), now=NOW)
    assert (found.versions, found.leaving, found.is_whole) == (4, 3, True)
    assert found.freed_bytes == lone.stored_size, "what the page or a version that stays has is not freed"
    assert PageVersion.objects.count() == 4


def test_bodies_that_very_many_pages_have_are_counted_by_the_database() -> None:
    target = a_target()
    was(a_page(target), b"then", days=11)
    was(a_page(target, 2), b"then", days=12)
    with CaptureQueriesContext(connection) as asked:
        found = shown.outlook(target.pk, policy.Keeping(days=10), now=NOW)

    assert (found.leaving, found.freed_bytes) == (2, len(snapshots.compress(b"then")))
    of_pages, of_versions = (one["sql"] for one in list(asked)[-2:])
    assert "DISTINCT" in of_pages
    assert "COUNT" in of_versions


def test_an_outlook_over_very_many_versions_says_that_it_is_not_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shown, "MOST", 2)
    page = a_page(a_target())
    for number in range(3):
        was(page, b"%d" % number, days=1)
    found = shown.outlook(page.target_id, policy.Keeping(versions=1), now=NOW)
    assert (found.versions, found.leaving, found.is_whole) == (2, 2, False)


bounds = st.none() | st.integers(1, 4)


def test_clean_up_keeps_what_the_decision_keeps(monkeypatch: pytest.MonkeyPatch) -> None:
    """In steps that stop anywhere: what was counted until there is known where they go on."""
    monkeypatch.setattr(versions, "BOUNDS", Bounds(looked_at=3, removed=2))
    target = a_target()
    pages = {number: a_page(target, number) for number in (1, 2, 3)}
    kinds = st.sampled_from(["", "", "dates", "dates", "waits"])
    row = st.tuples(st.integers(1, 3), st.integers(0, 6), st.integers(0, 2_000_000), kinds)

    @settings(max_examples=20, deadline=None)
    @given(
        rows=st.lists(row, max_size=10),
        keeping=st.builds(policy.Keeping, versions=bounds, days=bounds, megabytes=bounds),
    )
    def holds(rows: list[tuple[int, int, int, str]], keeping: policy.Keeping) -> None:
        PageVersion.objects.all().delete()
        said = {name: bound for name, bound in asdict(keeping).items() if bound is not None}
        Target.objects.filter(pk=target.pk).update(keep=said)
        for number, days, size, kind in rows:
            was(pages[number], b"now", days=days, size=size, kind=kind)
        found = list(stored.by_page(target.pk))
        gone = {one.id for one in policy.leaving(found, keeping, now=NOW)}
        assert shown.outlook(target.pk, keeping, now=NOW).leaving == len(gone)
        versions.sweep(now=NOW, budget=FOR_EVER)
        left = set(PageVersion.objects.values_list("pk", flat=True))
        assert left == {one.id for one in found} - gone

    holds()


def test_a_setting_that_will_not_do_is_told_beside_its_bound() -> None:
    with pytest.raises(targets.InvalidTarget) as refused:
        targets.create(
            owner=None,
            data={"name": "x", "start_urls": ["http://a.test/"], "keep": {"days": 0, "weeks": 2}},
            now=NOW,
        )
    assert {problem.field for problem in refused.value.problems} == {"keep.days", "keep.weeks"}
