"""What runs of a part lose adds up over them: blanks that come bit by bit are held like others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from crawler.models import Event, EventKind, Losses, Publication, Run, RunTrigger
from crawler.queries import before
from crawler.queries import mending as queries
from crawler.services import comparing, holding, reports, runs
from tests.integration.services.test_holding import followed, prices, usual
from tests.integration.services.test_quality import START, things
from tests.integration.stores.hands import Hands, fresh, visited

if TYPE_CHECKING:
    from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.django_db


def part(run: Run, clock: FakeClock, items: list[dict[str, Any]]) -> Run:
    """Read these records of the target of `run` in a run that is cancelled then, and do what follows."""
    clock.advance(3600)
    run = runs.start(target=run.target, trigger=RunTrigger.MANUAL, now=clock.now())
    hands = Hands(clock)
    hands.commit(visited(hands.claims()[START], f"{START}more", items=items))
    runs.cancel(run=run, now=clock.now())
    hands.release_all()
    reports.report(run=fresh(run))
    comparing.work(now=clock.now())
    return fresh(run)


def parts(run: Run, clock: FakeClock, *of: slice, price: object = None) -> list[Run]:
    return [part(run, clock, things(price=price)[some]) for some in of]


def test_blanks_that_come_bit_by_bit_are_held_and_are_events(clock: FakeClock) -> None:
    last = usual(clock)
    first, second = parts(last, clock, slice(0, 5), slice(5, 10))

    assert (first.publication, second.publication) == (Publication.PUBLISHED, Publication.HELD)
    assert prices(last).count(None) == 5
    event = Event.objects.get(kind=EventKind.RUN_HELD)
    assert [(one["rule"], one["field"], one["found"]) for one in event.data["drifts"]] == [
        ("coverage", "price", 0.0)
    ]
    assert event.data["drifts"][0]["pages"][0]["url"] == START
    assert second.report["data"]["since"] == queries.since(second) == first.pk
    reports.report(run=second)
    assert fresh(second).report["data"] == second.report["data"]
    assert Losses.objects.get().fields == {"price": {"score": 3.75, "since": first.pk}}


def test_values_that_are_kept_or_back_take_losses_back(clock: FakeClock) -> None:
    last = usual(clock)
    parts(last, clock, slice(0, 5))
    parts(last, clock, slice(0, 20), price=6.0)

    assert Losses.objects.get().fields == {}
    (again,) = parts(last, clock, slice(0, 5))
    assert again.publication == Publication.PUBLISHED
    assert Losses.objects.get().fields["price"]["since"] == again.pk


def test_part_that_was_accepted_is_what_later_parts_are_compared_with(clock: FakeClock) -> None:
    last = usual(clock)
    (held,) = parts(last, clock, slice(0, 9))
    assert held.publication == Publication.HELD
    assert holding.accept(held, by="ada", now=clock.now())
    comparing.work(now=clock.now())

    (later,) = parts(last, clock, slice(9, 20))
    assert later.publication == Publication.PUBLISHED
    assert prices(last) == [None] * 20
    nameless = part(last, clock, things(12, name=None))
    assert [one["field"] for one in nameless.report["data"]["drifts"]] == ["name"]


def test_other_type_that_was_accepted_is_the_usual_one_then(clock: FakeClock) -> None:
    last = usual(clock)
    (held,) = parts(last, clock, slice(0, 9), price="5 €")
    holding.accept(held, by="", now=clock.now())
    comparing.work(now=clock.now())

    texts, blanks = (
        *parts(last, clock, slice(9, 20), price="5 €"),
        *parts(last, clock, slice(0, 20)),
    )
    assert (texts.publication, blanks.publication) == (Publication.PUBLISHED, Publication.HELD)


def test_whole_run_that_is_as_usual_begins_anew(clock: FakeClock) -> None:
    last = usual(clock)
    parts(last, clock, slice(0, 5))
    assert followed(last, clock, things(price=None)).publication == Publication.HELD
    assert Losses.objects.get().fields
    assert followed(last, clock, things()).publication == Publication.PUBLISHED
    assert Losses.objects.get().fields == {}

    (after,) = parts(last, clock, slice(0, 5))
    assert after.publication == Publication.PUBLISHED


def test_whole_run_that_is_accepted_begins_anew(clock: FakeClock) -> None:
    last = usual(clock)
    parts(last, clock, slice(0, 5))
    holding.accept(followed(last, clock, things(price=None)), by="", now=clock.now())
    assert Losses.objects.get().fields == {}


def test_what_is_discarded_does_not_count(clock: FakeClock) -> None:
    last = usual(clock)
    (held,) = parts(last, clock, slice(0, 9))
    holding.discard(held, by="", now=clock.now())
    comparing.work(now=clock.now())

    (after,) = parts(last, clock, slice(9, 12))
    assert after.publication == Publication.PUBLISHED
    assert Losses.objects.get().fields["price"] == {"score": 2.25, "since": after.pk}


def test_what_was_published_at_once_counts_once_when_it_is_accepted_later(clock: FakeClock) -> None:
    last = usual(clock)
    clock.advance(3600)
    run = runs.start(target=last.target, trigger=RunTrigger.MANUAL, now=clock.now())
    hands = Hands(clock)
    items = [{**one, "name": None} if one["key"] in "1234" else one for one in things(9, price=None)]
    hands.commit(visited(hands.claims()[START], f"{START}more", items=items))
    last.target.quality = {"hold": False}
    last.target.save(update_fields=["quality"])
    runs.cancel(run=run, now=clock.now())
    hands.release_all()
    reports.report(run=fresh(run))
    assert fresh(run).publication == Publication.PUBLISHING
    before = Losses.objects.get().fields
    assert {"name", "price"} == before.keys()

    assert holding.accept(fresh(run), by="", now=clock.now())

    row = Losses.objects.get()
    assert row.fields == {"name": before["name"]}
    assert row.accepted.keys() == {"price"}


def test_part_is_judged_and_told_where_nothing_is_held(clock: FakeClock) -> None:
    last = usual(clock, quality={"hold": False})
    same = part(last, clock, things()[:12])
    assert [same.report["data"][key] for key in ("examined", "drifts")] == [12, []]
    first, second = parts(last, clock, slice(0, 5), slice(5, 10))

    assert {run.publication for run in (same, first, second)} == {Publication.DIRECT}
    assert prices(last).count(None) == 10
    event = Event.objects.get(kind=EventKind.DATA_DRIFT)
    assert (event.run_id, event.data["rule"], event.data["field"]) == (second.pk, "coverage", "price")
    assert second.report["data"]["drifts"][0]["pages"][0]["url"] == START
    assert second.report["data"]["since"] == first.pk
    assert not Event.objects.filter(kind=EventKind.RUN_HELD).exists()
    assert Losses.objects.get().fields["price"]["score"] == 7.5

    assert holding.accept(second, by="", now=clock.now())
    (after,) = parts(last, clock, slice(0, 20))
    assert after.report["data"]["drifts"] == []


def test_part_with_nothing_to_be_compared_with_has_no_figures(clock: FakeClock) -> None:
    last = usual(clock, quality={"drift": False})
    assert [run.report["data"] for run in parts(last, clock, slice(0, 9), slice(0, 0))] == [None, None]


def test_what_items_said_before_a_run_is_told_whatever_became_of_them_since(clock: FakeClock) -> None:
    last = usual(clock)
    last.target.quality = {"hold": False}
    last.target.save(update_fields=["quality"])
    run = part(last, clock, [*things(3, price=None), {"key": "new", "name": "New"}, things(5)[4]])
    part(last, clock, things(5, price=9.0))

    told = {
        record["key"]: (record.get("price"), item["price"] if item else "new")
        for _url, record, item in before.beside(run)
    }
    blank = dict.fromkeys("012", (None, 5.0))
    assert told == blank | {"new": (None, "new"), "4": (5.0, 5.0)}


def test_items_before_a_run_are_read_a_part_at_a_time(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(before, "ROWS", 3)
    last = usual(clock, quality={"hold": False})
    run = part(last, clock, things(7))

    keys = sorted(record["key"] for _url, record, _item in before.beside(run))
    assert keys == [str(number) for number in range(7)]
