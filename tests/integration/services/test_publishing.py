"""Runs are published in turns: a very large one keeps no others waiting."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from crawler.models import HeldItem, Item, Publication, Run
from crawler.policy.identity import digest
from crawler.services import holding
from crawler.stores import holding as stored
from tests.crawling import a_run, again

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ONE_STEP = 0.0
FOR_EVER = float("inf")


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "ROWS_A_STEP", 2)


def waits(run: Run, items: int, publication: Publication = Publication.PUBLISHING) -> Run:
    """Give a run so many records that are to be moved."""
    Run.objects.filter(pk=run.pk).update(publication=publication, state="finished", finished_at=NOW)
    for number in range(items):
        key = f"{run.pk}-{number}"
        HeldItem.objects.create(
            run=run.pk,
            key=key,
            key_hash=digest(key.encode()),
            url="http://a.test/",
            data={"key": key},
            content_hash=digest(key.encode()),
            seen_at=NOW,
        )
    return run


def left(run: Run) -> int:
    return HeldItem.objects.filter(run=run.pk).count()


def test_a_small_run_does_not_wait_for_a_large_one_that_began_before() -> None:
    large, small = waits(a_run(), 20), waits(a_run(), 2)
    gone = waits(a_run(), 3, Publication.DISCARDING)
    for minute in range(6):
        holding.work(now=NOW + timedelta(minutes=minute), ends_at=ONE_STEP)
    assert (left(small), left(gone)) == (0, 0)
    assert left(large) == 16, "it had its turns, too"

    holding.work(now=NOW, ends_at=FOR_EVER)
    ends = Run.objects.order_by("pk").values_list("publication", flat=True)
    assert list(ends) == [Publication.PUBLISHED, Publication.PUBLISHED, Publication.DISCARDED]
    assert Item.objects.count() == 22


def test_a_call_gives_each_run_a_part_a_round(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = [waits(a_run(), 6).pk, waits(a_run(), 6).pk]
    order: list[int] = []
    publish = stored.publish

    def noted(run: int, target: int, *, now: datetime, most: int) -> int:
        order.append(run)
        return publish(run, target, now=now, most=most)

    monkeypatch.setattr(stored, "publish", noted)
    holding.work(now=NOW, ends_at=FOR_EVER)
    assert order[:6] == chosen * 3
    assert max(Counter(order).values()) == 4, "the last finds nothing left"


def test_runs_of_one_target_are_published_in_their_order() -> None:
    first = waits(a_run(), 4)
    second = waits(again(first), 2)
    holding.work(now=NOW, ends_at=ONE_STEP)
    holding.work(now=NOW, ends_at=ONE_STEP)
    assert (left(first), left(second)) == (0, 2)


def test_a_run_that_cannot_be_published_keeps_no_others_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    broken, other = waits(a_run(), 2), waits(a_run(), 4)
    publish = stored.publish

    def fails(run: int, target: int, *, now: datetime, most: int) -> int:
        if run == broken.pk:
            raise RuntimeError("broken")
        return publish(run, target, now=now, most=most)

    monkeypatch.setattr(stored, "publish", fails)
    for minute in range(6):
        try:
            holding.work(now=NOW + timedelta(minutes=minute), ends_at=FOR_EVER)
        except RuntimeError:
            continue
    assert left(other) == 0
    assert left(broken) == 2
