"""A target whose run is held is mended: selectors are proposed, saved, and its pages read again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crawler.models import Event, EventKind, HeldItem, Item, Publication, RepairLook, Replay, Run, Target
from crawler.queries import exports
from crawler.queries import mending as queries
from crawler.services import comparing, holding, looking, mending, replays, reports, targets
from crawler.services.targets import InvalidTarget
from tests.crawling import a_run, again
from tests.fakes.rules import a_page
from tests.integration.replays import done
from tests.integration.stores.hands import Hands, fresh, visited

if TYPE_CHECKING:
    from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.django_db
START = "http://a.test/"
MANY = 12
FIELDS: dict[str, Any] = {"name": "css:h1", "price": {"css": ".price", "type": "price"}}


def body(number: int, layout: str) -> bytes:
    if layout == "old":
        return f'<h1>Thing {number}</h1><p class="price">€ {number}.50</p>'.encode()
    return f'<h1>Thing {number}</h1><div class="offer"><b class="amount">€ {number}.50</b></div>'.encode()


def crawled(run: Run, clock: FakeClock, layout: str, **changed: Any) -> Run:
    """Finish a run that reads a thing on each of its pages, and do what follows."""
    clock.advance(3600)
    hands = Hands(clock)
    pages = [f"{START}{number}" for number in range(MANY)]
    hands.commit(visited(hands.claims()[START], *pages, body=b"home"))
    claims = hands.claims()
    results = [
        visited(
            claims[url],
            body=body(number, layout),
            page=a_page(body(number, layout)),
            items=[{"key": url, "name": f"Thing {number}", "price": number + 0.5, **changed}],
        )
        for number, url in enumerate(pages)
    ]
    hands.release_all(*results)
    reports.report(run=fresh(run))
    comparing.work(now=clock.now())
    return fresh(run)


@pytest.fixture
def held(clock: FakeClock) -> Run:
    run = crawled(a_run(START, scraper="fields", fields=FIELDS), clock, "old")
    for _ in range(2):
        run = crawled(again(run), clock, "old")
    run = crawled(again(run), clock, "new", price=None)
    looking.advance(run=run.pk, now=clock.now(), budget_seconds=600)
    return run


def test_selectors_are_proposed_for_what_broke_alone(held: Run) -> None:
    look = mending.propose(held)

    assert (look.broken, look.pages, look.without) == (("price",), MANY, ())
    assert look.chosen == {"price": {"css": ".amount", "type": "price"}}
    assert look.mended.fields["price"][0].restored == MANY


def test_repair_saves_fields_reads_the_runs_pages_again_and_discards_what_is_held(
    held: Run, clock: FakeClock
) -> None:
    clock.advance(60)
    look = mending.propose(held)
    replay = mending.repair(held, fields=look.chosen, row=look.mended.row, by=None, now=clock.now())
    comparing.work(now=clock.now())

    assert done(replay.pk).state == "done"
    assert replay.total == MANY + 1
    assert Target.objects.get(pk=held.target_id).fields == FIELDS | look.chosen
    assert fresh(held).publication == Publication.DISCARDED
    assert not HeldItem.objects.exists()
    rows = sorted(exports.rows(target=held.target), key=lambda row: row["price"])
    assert [(row["_url"], row["price"]) for row in rows] == [
        (f"{START}{number}", number + 0.5) for number in range(MANY)
    ]
    assert Item.objects.filter(version=2).count() == MANY
    reason = Event.objects.get(kind=EventKind.RUN_DISCARDED).data["reason"]
    assert reason == f"its pages are read again by replay {replay.pk}"
    with pytest.raises(holding.NotHeld):
        mending.repair(held, fields=look.chosen, row="", by=None, now=clock.now())


def test_repair_leaves_pages_that_the_run_did_not_fetch(held: Run, clock: FakeClock) -> None:
    replay = mending.repair(
        Run.objects.get(pk=held.pk), fields={"price": "css:b"}, row="", by=None, now=clock.now()
    )
    assert (replay.of_run, replay.total) == (held.pk, MANY + 1)
    type(replay).objects.filter(pk=replay.pk).update(of_run=held.pk + 1)
    assert done(replay.pk).totals.get("pages", 0) == 0


def test_what_cannot_be_mended_is_said_and_changes_nothing(held: Run, clock: FakeClock) -> None:
    with pytest.raises(mending.CannotMend, match="choose a selector"):
        mending.repair(held, fields={}, row="", by=None, now=clock.now())
    with pytest.raises(InvalidTarget):
        mending.repair(held, fields={"price": "css:[["}, row="", by=None, now=clock.now())
    assert fresh(held).publication == Publication.HELD

    run = fresh(held)
    run.report["data"]["drifts"] = [{"rule": "coverage", "field": "unknown", "wanted": 1.0, "found": 0.0}]
    with pytest.raises(mending.CannotMend, match="in none of the declared fields"):
        mending.propose(run)
    Item.objects.update(url="http://elsewhere.test/")
    with pytest.raises(mending.CannotMend, match="no stored page of this run had items before"):
        mending.propose(held)
    Target.objects.update(scraper="auto", fields={})
    with pytest.raises(mending.CannotMend, match="and A site is read by auto"):
        mending.propose(Run.objects.get(pk=held.pk))
    holding.discard(held, by="", now=clock.now())
    with pytest.raises(holding.NotHeld):
        mending.propose(fresh(held))


def test_repair_locks_the_run_before_its_target_as_other_decisions_do(held: Run, clock: FakeClock) -> None:
    with CaptureQueriesContext(connection) as asked:
        mending.repair(held, fields={"price": "css:b"}, row="", by=None, now=clock.now())

    texts = [one["sql"] for one in asked]
    runs = [
        place for place, text in enumerate(texts) if 'FROM "crawler_run" WHERE "crawler_run"."id" =' in text
    ]
    idle = [place for place, text in enumerate(texts) if 'FROM "crawler_replay"' in text]
    assert runs[0] < idle[-1]


def test_nothing_is_saved_when_somebody_decides_meanwhile(
    held: Run, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    validate = targets.validate

    def slow(*args: Any, **more: Any) -> targets.Draft:
        holding.discard(held, by="ada", now=clock.now())
        return validate(*args, **more)

    monkeypatch.setattr(targets, "validate", slow)
    with pytest.raises(holding.NotHeld):
        mending.repair(held, fields={"price": "css:b"}, row="", by=None, now=clock.now())
    assert Target.objects.get(pk=held.target_id).fields == FIELDS
    assert not Replay.objects.exists()


def test_as_much_is_looked_at_as_has_room(held: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(queries.known(held)) == MANY
    monkeypatch.setattr(queries, "MOST_RECORD_BYTES", 1)
    assert len(queries.known(held)) == 1


def test_repair_waits_for_what_is_being_stored(held: Run, clock: FakeClock) -> None:
    mending.repair(held, fields={"price": "css:b"}, row="", by=None, now=clock.now())
    Run.objects.filter(pk=held.pk).update(publication=Publication.HELD)

    with pytest.raises(replays.Busy):
        mending.repair(fresh(held), fields={"price": "css:.amount"}, row="", by=None, now=clock.now())


def test_missing_records_have_all_fields_looked_for(held: Run) -> None:
    data = {**held.report["data"], "drifts": [{"rule": "items", "field": None, "wanted": 12, "found": 0}]}
    Run.objects.filter(pk=held.pk).update(report={"data": data})

    look = mending.propose(fresh(held))
    assert look.broken == ("name", "price")
    assert look.chosen["name"] == {"css": "h1"}


def with_other_rows(run: Run, *, given: int) -> None:
    """Have what was found be in other rows, which give so many records."""
    look = RepairLook.objects.get(run=run)
    unknown = [{"name": "An <advert>\x9b"}] if given > MANY else []
    look.found |= {"row": "xpath://body", "given": given, "expected": MANY, "unknown": unknown}
    look.counts |= {mending.RECORDS: [{"given": given, "known": MANY}]}
    look.save()


def test_rows_that_give_more_records_are_saved_only_by_who_says_so(held: Run, clock: FakeClock) -> None:
    with_other_rows(held, given=MANY + 3)
    look = mending.look(held)
    assert look is not None
    assert look.records == mending.Records(given=MANY + 3, known=MANY, unknown=[{"name": "An <advert>\x9b"}])

    with pytest.raises(mending.MoreRecords, match="give 15 records where 12 were known"):
        mending.repair(held, fields=look.chosen, row=look.mended.row, by=None, now=clock.now())
    assert fresh(held).publication == Publication.HELD

    mending.repair(held, fields=look.chosen, row=look.mended.row, by=None, now=clock.now(), more=True)
    assert Target.objects.get().row == "xpath://body"


def test_rows_that_give_as_many_records_are_saved_at_once(held: Run, clock: FakeClock) -> None:
    assert mending.look(held).records is None  # type: ignore[union-attr]
    with_other_rows(held, given=MANY)
    mending.repair(held, fields={"price": "css:b"}, row="xpath://body", by=None, now=clock.now())

    assert Target.objects.get().row == "xpath://body"
