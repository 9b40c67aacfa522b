"""The data of runs is judged when they have finished."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from crawler.models import Event, Run, Target
from crawler.services import holding, quality, reports, runs, targets
from crawler.services.targets import InvalidTarget
from tests.crawling import a_run, again
from tests.integration.stores.hands import Hands, fresh, visited

if TYPE_CHECKING:
    from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.django_db
START = "http://a.test/"


def things(many: int = 20, **changed: Any) -> list[dict[str, Any]]:
    return [
        {"key": str(number), "name": f"Thing {number:02}", "price": 5.0, **changed} for number in range(many)
    ]


def crawled(run: Run, clock: FakeClock, items: list[dict[str, Any]]) -> Run:
    """Finish a run with these items and return it with its report."""
    hands = Hands(clock)
    hands.release_all(visited(hands.claims()[START], items=items))
    reports.report(run=fresh(run))
    return fresh(run)


def told() -> list[tuple[str, str, str | None]]:
    return [(event.kind, event.data["rule"], event.data["field"]) for event in _events()]


def _events() -> list[Event]:
    return list(Event.objects.filter(kind__startswith="data.").order_by("pk"))


def test_rules_that_a_run_breaks_are_events_with_their_numbers_once(clock: FakeClock) -> None:
    rules = {"min_items": 30, "fields": {"price": {"coverage": 0.9}, "key": {"unique": True}}}
    run = crawled(a_run(START, quality=rules), clock, things(price=None))
    reports.report(run=run)

    assert told() == [("data.breach", "min_items", None), ("data.breach", "coverage", "price")]
    assert _events()[1].data == {
        "items": 20, "rule": "coverage", "field": "price", "wanted": 0.9, "found": 0.0
    }  # fmt: skip
    assert _events()[0].run_id == run.pk
    assert fresh(run).report["data"]["breaches"] == [
        {"rule": "min_items", "field": None, "wanted": 30, "found": 20},
        {"rule": "coverage", "field": "price", "wanted": 0.9, "found": 0.0},
    ]
    assert fresh(run).report["data"]["fields"]["name"]["coverage"] == 1.0


def test_run_that_looks_otherwise_than_three_before_is_told_and_does_not_become_usual(
    clock: FakeClock,
) -> None:
    run = crawled(a_run(START), clock, things())
    for _ in range(2):
        run = crawled(again(run), clock, things())
    assert told() == []

    for _ in range(4):
        run = crawled(again(run), clock, things(price=None))
    assert told() == [("data.drift", "coverage", "price")] * 4

    run = crawled(again(run), clock, things())
    assert len(told()) == 4


def test_what_a_person_takes_for_usual_is_compared_with_from_then_on(clock: FakeClock) -> None:
    run = crawled(a_run(START), clock, things())
    for _ in range(2):
        run = crawled(again(run), clock, things())
    assert not holding.accept(run, by="", now=clock.now())
    run = crawled(again(run), clock, things(price=None))
    assert holding.accept(run, by="", now=clock.now())
    assert not holding.accept(run, by="", now=clock.now())
    reports.report(run=fresh(run))
    assert fresh(run).report["data"]["accepted"] is True

    run = crawled(again(run), clock, things(price=None))
    assert len(told()) == 1
    crawled(again(run), clock, things(name=None))
    assert told()[1:] == [("data.drift", "coverage", "name")]


def test_fields_that_a_person_took_out_are_not_missed_and_the_others_are(clock: FakeClock) -> None:
    run = crawled(a_run(START), clock, things())
    for _ in range(2):
        run = crawled(again(run), clock, things())
    run.target.scraper, run.target.fields = "fields", {"key": "css:b", "name": "css:h1"}
    run.target.save(update_fields=["scraper", "fields"])

    run = crawled(again(run), clock, things(price=None))
    assert told() == []
    crawled(again(run), clock, things(price=None, name=None))
    assert told() == [("data.drift", "coverage", "name")]


def test_target_that_wants_no_comparison_has_none(clock: FakeClock) -> None:
    run = crawled(a_run(START, quality={"drift": False}), clock, things())
    for items in (things(), things(), things(price=None)):
        run = crawled(again(run), clock, items)

    assert told() == []
    assert run.report["data"]["drifts"] == []


def test_field_that_breaks_inside_of_objects_is_told_by_its_path(clock: FakeClock) -> None:
    offers = [{"price": 5.0, "sold": True}]
    run = crawled(a_run(START), clock, things(offers=offers))
    for _ in range(2):
        run = crawled(again(run), clock, things(offers=offers))
    assert run.report["data"]["inside"]["offers.price"]["records"] == 20

    run = crawled(again(run), clock, things(offers=[{"sold": True}]))
    assert told() == [("data.drift", "coverage", "offers.price")]
    assert run.report["data"]["drifts"][0]["pages"][0]["url"] == START


def test_report_without_figures_inside_says_nothing_of_them(clock: FakeClock) -> None:
    offers = [{"price": 5.0, "sold": True}]
    run = crawled(a_run(START), clock, things(offers=offers))
    for _ in range(3):
        report = {"data": {key: said for key, said in run.report["data"].items() if key != "inside"}}
        Run.objects.filter(pk=run.pk).update(report=report)
        run = crawled(again(run), clock, things(offers=[{"sold": True}]))

    assert told() == []


def test_runs_that_did_not_finish_are_not_judged(clock: FakeClock) -> None:
    run = a_run(START, quality={"min_items": 5})
    runs.cancel(run=run, now=clock.now())
    reports.report(run=fresh(run))

    assert told() == []
    assert fresh(run).report["data"] is None


def test_a_bounded_number_of_items_is_examined(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quality, "MOST_ITEMS", 5)
    data = crawled(a_run(START), clock, things()).report["data"]

    assert (data["items"], data["examined"]) == (20, 5)


@pytest.mark.parametrize(
    ("rules", "problem"),
    [
        ([], "quality: must be an object"),
        ({"min_items": 0}, "quality.min_items: must be between 1"),
        ({"max_errors": 2}, "quality.max_errors: must be between 0 and 1"),
        ({"speed": 2}, "quality.speed: is no rule; choose from min_items, max_errors, drift, hold, fields"),
        ({"fields": []}, "quality.fields: must be an object of field: rules, not a list"),
        ({"fields": {"price": {}}}, "quality.fields.price: must be an object with any of coverage"),
        ({"fields": {"price": {"coverage": "95"}}}, "quality.fields.price.coverage: must be a number"),
        ({"fields": {"price": {"min": 5, "max": 2}}}, "quality.fields.price.max: must not be less than min"),
        ({"fields": {"price": {"most": 5}}}, "quality.fields.price.most: is no rule"),
    ],
)
def test_rules_that_cannot_be_kept_are_refused_with_their_place(
    clock: FakeClock, rules: object, problem: str
) -> None:
    with pytest.raises(InvalidTarget) as refused:
        targets.create(
            owner=None, data={"name": "A", "start_urls": [START], "quality": rules}, now=clock.now()
        )
    assert str(refused.value).startswith(problem)
    assert not Target.objects.exists()
