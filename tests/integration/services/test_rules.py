"""Each rule that a run breaks is an event, however many there are; of a part those that a part can break."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from crawler.engine.work import Ended, Ending
from crawler.models import Event, EventKind, Publication, Run, RunState, RunTrigger
from crawler.policy.quality.rules import FEWEST_TRIED
from crawler.services import comparing, reports, runs
from tests.crawling import a_run
from tests.integration.services.test_holding import followed, prices, usual
from tests.integration.services.test_losses import part
from tests.integration.services.test_quality import START, crawled, things
from tests.integration.stores.hands import Hands, fresh, visited

if TYPE_CHECKING:
    from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.django_db
MANY = 25
RULES = {
    "min_items": 50,
    "fields": {"price": {"coverage": 1, "max": 4}, "name": {"coverage": 1, "unique": True}},
}


def many_fields(value: object) -> dict[str, Any]:
    return {f"field{number:02}": value for number in range(MANY)}


def data_of(kind: EventKind) -> list[dict[str, Any]]:
    return list(Event.objects.filter(kind=kind).order_by("pk").values_list("data", flat=True))


def breaches() -> list[tuple[str, str | None, Any]]:
    return [(one["rule"], one["field"], one["found"]) for one in data_of(EventKind.DATA_BREACH)]


def cancelled(run: Run, clock: FakeClock, *, failed: int) -> Run:
    """Cancel a run when its first page has come, and as many others have failed."""
    hands = Hands(clock)
    links = [f"{START}{number}" for number in range(failed)]
    hands.commit(visited(hands.claims()[START], *links, f"{START}more"))
    claims = hands.claims()
    hands.commit(
        *(Ended(claim=claims[url], state=Ending.FAILED, reason="status-404", status=404) for url in links)
    )
    runs.cancel(run=run, now=clock.now())
    hands.release_all()
    reports.report(run=fresh(run))
    return fresh(run)


def test_each_of_more_than_twenty_rules_that_are_broken_has_its_event(clock: FakeClock) -> None:
    fields = {name: {"coverage": 1, "max": 4} for name in many_fields(None)}
    items = [one | many_fields(5) for one in things(1)] + things(2)[1:]
    run = crawled(a_run(START, quality={"min_items": 3, "fields": fields}), clock, items)

    told = data_of(EventKind.DATA_BREACH)
    assert told == [{"items": 2, **one} for one in run.report["data"]["breaches"]]
    assert sorted(breaches(), key=str) == sorted(
        [
            ("min_items", None, 2),
            *(("coverage", name, 0.5) for name in fields),
            *(("max", name, 5) for name in fields),
        ],
        key=str,
    )


def test_the_last_of_many_differences_that_are_events_says_how_many_more_there_are(clock: FakeClock) -> None:
    last = usual(clock)
    for _ in range(5):
        last = followed(last, clock, [one | many_fields("said") for one in things()])
    assert data_of(EventKind.DATA_DRIFT) == []
    run = followed(last, clock, things())

    assert run.publication == Publication.HELD
    assert len(run.report["data"]["drifts"]) == MANY
    told, (held,) = data_of(EventKind.DATA_DRIFT), data_of(EventKind.RUN_HELD)
    assert [one.get("more") for one in told] == [None] * 19 + [5]
    assert [one["field"] for one in held["drifts"]] == [one["field"] for one in told]
    assert held["drifts"][-1]["more"] == 5


def test_part_is_judged_by_the_rules_that_some_records_can_break(clock: FakeClock) -> None:
    last = a_run(START, quality=RULES)
    records = [*things(3, name="Thing"), {"key": "3", "name": None, "price": None}]
    run = part(crawled(last, clock, things(60, price=1.0)), clock, records)

    assert run.state == RunState.CANCELLED
    assert breaches() == [("max", "price", 5.0), ("unique", "name", 2)]
    assert [one["rule"] for one in run.report["data"]["breaches"]] == ["max", "unique"]
    reports.report(run=run)
    assert len(breaches()) == 2


def test_part_whose_records_are_apart_is_judged_in_the_same_way(clock: FakeClock) -> None:
    run = part(usual(clock, quality={"fields": {"price": {"max": 6}}}), clock, things(3, price=7.0))

    assert run.publication == Publication.PUBLISHED
    assert breaches() == [("max", "price", 7.0)]


def test_refresh_is_judged_so_too(clock: FakeClock) -> None:
    run = crawled(a_run(START, trigger=RunTrigger.REFRESH, quality=RULES), clock, things(3))

    assert run.state == RunState.FINISHED
    assert breaches() == [("max", "price", 5.0)]
    assert run.report["data"]["examined"] == 3


def test_run_that_failed_is_judged_as_a_part(clock: FakeClock) -> None:
    last = usual(clock, quality={"fields": {"price": {"coverage": 1, "max": 6}}})
    run = failed(last, clock, things(9, price=None) + things(10, price=7.0)[9:])

    assert (run.state, run.publication) == (RunState.FAILED, Publication.HELD)
    assert breaches() == [("max", "price", 7.0)]
    assert [(one["rule"], one["field"]) for one in run.report["data"]["drifts"]] == [("coverage", "price")]
    assert run.report["data"]["examined"] == 10
    assert prices(last) == [5.0] * 20
    reports.report(run=run)
    assert len(breaches()) == 1

    well = failed(last, clock, things(9, price=6.0))
    assert (well.state, well.publication) == (RunState.FAILED, Publication.PUBLISHED)
    assert sorted(prices(last)) == [5.0] * 11 + [6.0] * 9


def failed(run: Run, clock: FakeClock, items: list[dict[str, Any]]) -> Run:
    """Fail a run of the target when these items have come, and do what follows."""
    clock.advance(3600)
    run = runs.start(target=run.target, trigger=RunTrigger.MANUAL, now=clock.now())
    hands = Hands(clock)
    hands.commit(visited(hands.claims()[START], f"{START}more", items=items))
    runs.fail(run=run, reason="its scraper is missing", now=clock.now())
    hands.release_all()
    reports.report(run=fresh(run))
    comparing.work(now=clock.now())
    return fresh(run)


def test_rule_of_a_field_beyond_those_told_apart_is_judged_by_what_the_items_say(clock: FakeClock) -> None:
    crowd = {f"f{number}": number for number in range(300)}
    rules = {"zoom": {"coverage": 1, "max": 3}, "offers.sku": {"unique": True}}
    items = things(3, offers=[{"sku": "one"}])
    run = crawled(
        a_run(START, quality={"fields": rules}), clock, [{**crowd, **one, "zoom": 4} for one in items]
    )

    assert breaches() == [("max", "zoom", 4), ("unique", "offers.sku", 2)]
    assert run.report["data"]["untold"]["fields"] > 100


def test_part_that_failed_without_any_record_is_told_by_its_errors(clock: FakeClock) -> None:
    run = cancelled(a_run(START, quality={"max_errors": 0.5}), clock, failed=FEWEST_TRIED - 1)

    assert breaches() == [("max_errors", None, 0.9)]
    assert run.report["data"]["examined"] == 0


def test_errors_of_a_few_requests_say_nothing_of_a_part(clock: FakeClock) -> None:
    run = cancelled(a_run(START, quality={"max_errors": 0.5}), clock, failed=FEWEST_TRIED - 2)

    assert breaches() == []
    assert run.report["data"] is None
