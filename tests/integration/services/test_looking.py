"""What repairs a held run is looked for in the background, and tried on all of its pages."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crawler import trials
from crawler.models import Item, LookState, OutboxMessage, RepairLook, Run, Target
from crawler.queries import mending as queries
from crawler.services import holding, looking, looks, mending
from tests.integration.services.test_mending import FIELDS, MANY, START, held
from tests.integration.stores.hands import fresh

if TYPE_CHECKING:
    from tests.fakes.clock import FakeClock

__all__ = ["held"]
pytestmark = pytest.mark.django_db
ALL = {"pages": MANY, "whole": MANY, "restored": MANY, "known": MANY, "filled": MANY, "odd": 0}


@pytest.fixture
def asked(held: Run, clock: FakeClock) -> Run:
    """A held run for which nothing was found yet."""
    looks.ask(held, now=clock.now())
    return fresh(held)


def done(run: Run, clock: FakeClock) -> RepairLook:
    looking.advance(run=run.pk, now=clock.now(), budget_seconds=600)
    return RepairLook.objects.get()


def test_run_that_is_held_is_looked_at_in_the_background(held: Run) -> None:
    (message,) = OutboxMessage.objects.filter(work="repairs.advance")
    assert message.kwargs == {"run": held.pk}
    look = mending.look(held)
    assert look is not None
    assert look.progress is not None
    assert (look.progress.state, look.progress.percent, look.progress.tried) == ("done", 100, MANY)
    assert look.chosen == {"price": {"css": ".amount", "type": "price"}}
    assert RepairLook.objects.get().counts["price"][0] == ALL


def test_all_pages_are_tried_a_few_items_at_a_time_with_progress(
    asked: Run, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "AT_ONCE", 5)
    told = []
    assert (mending.look(asked), mending.is_looking(asked)) == (None, True)
    while looking.step(run=asked.pk, now=clock.now()):
        clock.advance(1)
        row = RepairLook.objects.get()
        told.append((row.state, row.percent, row.tried))

    assert told == [("trying", 0, 0), ("trying", 41, 5), ("trying", 83, 10), ("trying", 99, 12)]
    row = RepairLook.objects.get()
    assert (row.state, row.percent, row.counts["price"][0]) == ("done", 100, ALL)


def test_as_many_pages_as_have_room_are_read_at_once(asked: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    row = RepairLook.objects.select_related("run__target").get()
    row.total, row.until = queries.reach(asked)
    assert len(queries.next_pages(row).pages[""]) == MANY
    monkeypatch.setattr(queries, "MOST_BYTES", 1)
    part = queries.next_pages(row)
    assert (part.items, len(part.pages[""])) == (1, 1)
    monkeypatch.setattr(queries, "MOST_RECORD_BYTES", 1)
    assert queries.next_pages(row).items == 1


def test_two_that_go_on_at_once_count_nothing_twice(
    asked: Run, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    looking.step(run=asked.pk, now=clock.now())
    tried_of, calls = trials.tried_of, [0]

    def both(*args: Any, **more: Any) -> Any:
        calls[0] += 1
        if calls[0] == 1:
            assert looking.step(run=asked.pk, now=clock.now())
        return tried_of(*args, **more)

    monkeypatch.setattr(trials, "tried_of", both)
    assert not looking.step(run=asked.pk, now=clock.now())
    assert calls == [2]
    assert RepairLook.objects.get().counts["price"][0] == ALL


def test_pages_that_take_too_long_are_left_out_and_said(
    asked: Run, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_args: Any, **_more: Any) -> Any:
        raise trials.TookTooLong

    monkeypatch.setattr(trials, "tried_of", never)
    row = done(asked, clock)
    assert (row.state, row.tried, row.left_out, row.counts) == ("done", 0, MANY, {})
    look = mending.look(asked)
    assert look is not None
    assert look.counts("price") == [None] * len(look.mended.fields["price"])


@pytest.mark.parametrize("bound", ["MOST_TRIED", "MOST_SECONDS"])
def test_no_more_is_tried_than_is_bounded_and_that_is_said(
    asked: Run, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    monkeypatch.setattr(queries, "AT_ONCE", 5)
    monkeypatch.setattr(looking, bound, 5 if bound == "MOST_TRIED" else 0.000_001)
    row = done(asked, clock)

    assert (row.state, row.tried, row.seen, row.total) == ("done", 5, 5, MANY)
    assert row.is_cut
    assert row.seconds > 0


def test_fields_that_are_changed_meanwhile_end_the_look(asked: Run, clock: FakeClock) -> None:
    assert looking.step(run=asked.pk, now=clock.now())
    Target.objects.update(fields=FIELDS | {"other": "css:b"})
    assert not looking.step(run=asked.pk, now=clock.now())

    row = RepairLook.objects.get()
    assert (row.state, row.reason, row.tried) == ("failed", looking.CHANGED, 0)
    assert mending.look(Run.objects.get(pk=asked.pk)) is None


def test_what_lies_encrypted_is_not_loaded(asked: Run, clock: FakeClock) -> None:
    with CaptureQueriesContext(connection) as statements:
        done(asked, clock)

    loaded = [one["sql"] for one in statements if 'FROM "crawler_repairlook"' in one["sql"]]
    assert len(loaded) > 1
    for name in ("headers", "secrets", "login", "proxies"):
        assert not any(f'"{name}"' in text for text in loaded[:-1])


def test_what_cannot_be_mended_is_kept_with_its_reason(asked: Run, clock: FakeClock) -> None:
    Item.objects.update(url="http://elsewhere.test/")
    assert done(asked, clock).state == LookState.FAILED
    with pytest.raises(mending.CannotMend, match="no stored page of this run had items before"):
        mending.look(asked)


def test_other_fields_of_the_target_are_looked_for_anew_when_somebody_asks(
    held: Run, clock: FakeClock
) -> None:
    Target.objects.update(fields=FIELDS | {"other": "css:b"})
    run = Run.objects.get(pk=held.pk)
    assert (mending.look(run), mending.is_looking(run)) == (None, False)
    clock.advance(1)
    mending.look_again(run, now=clock.now())
    done(run, clock)
    look = mending.look(run)
    assert look is not None
    assert "price" in look.chosen


def test_run_that_was_decided_on_is_looked_at_no_more(asked: Run, clock: FakeClock) -> None:
    holding.discard(asked, by="", now=clock.now())
    assert not looking.step(run=asked.pk, now=clock.now())
    assert RepairLook.objects.get().state == LookState.QUEUED
    with pytest.raises(holding.NotHeld):
        mending.look_again(fresh(asked), now=clock.now())
    assert looks.forget() == 1


def test_what_nobody_goes_on_with_is_asked_for_again(asked: Run, clock: FakeClock) -> None:
    OutboxMessage.objects.all().delete()
    assert looks.ask_again(now=clock.now()) == 0
    assert looks.ask_again(now=clock.now() + timedelta(minutes=3)) == 1
    assert OutboxMessage.objects.get().kwargs == {"run": asked.pk}
    assert looks.forget() == 0


def test_work_beyond_its_time_asks_for_the_rest(asked: Run, clock: FakeClock) -> None:
    OutboxMessage.objects.all().delete()
    looking.advance(run=asked.pk, now=clock.now(), budget_seconds=0)
    assert RepairLook.objects.get().state == LookState.TRYING
    assert OutboxMessage.objects.get().work == "repairs.advance"


def test_pages_that_runs_before_fetched_are_left(held: Run) -> None:
    row = RepairLook.objects.select_related("run__target").get()
    row.after = 0
    row.run.report["data"]["since"] = held.pk + 1
    part = queries.next_pages(row)
    assert (part.items, part.pages) == (MANY, {"": []})
    assert Item.objects.filter(url__startswith=START).count() == MANY
