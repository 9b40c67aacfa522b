"""Records on their way to other pages: none is lost and none comes out twice, whoever vanishes when."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crawler.engine import carrying as engine
from crawler.engine.work import Ended, Ending, NewRequest, Postponed
from crawler.models import (
    CarriedRecord,
    HeldItem,
    Item,
    ProblemSample,
    Publication,
    Request,
    RequestState,
    Run,
    Sighting,
    SpareLink,
)
from crawler.services import reports
from crawler.stores import carried, carrying, spares
from crawler.stores.discovery import Discovery
from crawler.urls import canonical
from scrapers.page import Problem
from tests.crawling import a_run
from tests.integration.stores.carriers import SETTINGS, again, going, joined, sent
from tests.integration.stores.hands import Hands, fresh, redirected, visited
from tests.law import assert_conserved

if TYPE_CHECKING:
    from crawler.engine.work import Result
    from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.django_db
A, B = "http://a.test", "http://b.test"


@pytest.fixture
def hands(clock: FakeClock) -> Hands:
    return Hands(clock)


def texts() -> dict[str, Any]:
    return {item.data["key"]: item.data.get("text") for item in Item.objects.all()}


def state_of(url: str) -> str:
    return RequestState(Request.objects.get(url=url).state).label


def test_slice_that_vanishes_loses_no_record(clock: FakeClock, hands: Hands) -> None:
    run = a_run(f"{A}/", **SETTINGS)
    hands.commit(sent(hands.claims()[f"{A}/"], going(f"{A}/1", "one")))
    claim = hands.claims()[f"{A}/1"]
    late = joined(claim)
    hands.vanish()
    other = Hands(clock)
    clock.advance(120)

    other.commit(joined(other.claims()[f"{A}/1"]))
    hands.commit(late)

    assert texts() == {"one": "whole"}
    assert (fresh(run).stale, fresh(run).items, Item.objects.get().version) == (1, 1, 1)
    assert not CarriedRecord.objects.exists()
    assert_conserved(run)


def test_list_that_is_committed_twice_sends_its_records_once(clock: FakeClock, hands: Hands) -> None:
    a_run(f"{A}/", **SETTINGS)
    result = sent(hands.claims()[f"{A}/"], going(f"{A}/1", "one"), going(f"{A}/1", "one"))

    hands.commit(result)
    hands.commit(result)

    assert CarriedRecord.objects.count() == 1


def test_record_that_comes_while_its_page_is_in_flight_is_read_from_it_later(hands: Hands) -> None:
    run = a_run(f"{A}/", f"{A}/1", **SETTINGS)
    claims = hands.claims()
    in_flight = joined(claims[f"{A}/1"])

    hands.commit(sent(claims[f"{A}/"], going(f"{A}/1", "one")))
    hands.commit(in_flight)

    assert (state_of(f"{A}/1"), fresh(run).done) == ("queued", 1)
    assert_conserved(run)
    hands.commit(again(hands.claims()[f"{A}/1"]))
    assert texts() == {"one": "whole"}
    assert (state_of(f"{A}/1"), fresh(run).done, fresh(run).pages) == ("done", 2, 2)
    assert Request.objects.get(url=f"{A}/1").attempts == 1
    assert fresh(run).is_final
    assert_conserved(run)


def test_page_that_cannot_be_read_again_is_tried_once_more_and_stays_done(
    clock: FakeClock, hands: Hands
) -> None:
    run = a_run(f"{A}/", f"{A}/1", **SETTINGS)
    claims = hands.claims()
    hands.commit(visited(claims[f"{A}/1"], items=[{"key": "own"}]))
    hands.commit(sent(claims[f"{A}/"], going(f"{A}/1", "one")))

    claim = hands.claims()[f"{A}/1"]
    hands.commit(Postponed(claim=claim, until=clock.now(), reason="reader_timed_out", counts=True))
    assert texts() == {"own": None}
    clock.advance(1)
    claim = hands.claims()[f"{A}/1"]
    assert claim.attempts == 2
    here = carried.carried_to(run.pk, claim.id)
    left = engine.left([record for _id, record in here], because=Problem(code="c", message="too slow"))
    ids = tuple(id_ for id_, _record in here)
    hands.commit(visited(claim, page=None, again=True, carried=left, joined=ids))

    assert texts() == {"own": None, "one": None}
    assert (fresh(run).is_final, fresh(run).pages, fresh(run).failed) == (True, 2, 0)
    sample = ProblemSample.objects.get()
    assert (sample.code, sample.message) == (
        "record_incomplete",
        f"{A}/1: its page could not be read: too slow",
    )
    assert not CarriedRecord.objects.exists()
    assert_conserved(run)


def test_both_in_one_commit(hands: Hands) -> None:
    run = a_run(f"{A}/", f"{A}/1", **SETTINGS)
    claims = hands.claims()

    hands.commit(joined(claims[f"{A}/1"]), sent(claims[f"{A}/"], going(f"{A}/1", "one")))

    assert (state_of(f"{A}/1"), fresh(run).is_final) == ("queued", False)
    assert_conserved(run)


def test_host_that_was_given_back_is_due_again_for_a_late_record(clock: FakeClock, hands: Hands) -> None:
    a_run(f"{A}/", f"{B}/1", **SETTINGS)
    claims = hands.claims()
    hands.commit(joined(claims[f"{B}/1"]), released=[claims[f"{B}/1"].host])

    hands.commit(sent(claims[f"{A}/"], going(f"{B}/1", "one")))

    other = Hands(clock)
    assert list(other.claims()) == [f"{B}/1"]


@pytest.mark.parametrize("state", [Ending.FAILED, Ending.SKIPPED])
def test_record_is_given_out_with_the_end_of_its_request(hands: Hands, state: Ending) -> None:
    run = a_run(f"{A}/", **SETTINGS)
    hands.commit(
        sent(hands.claims()[f"{A}/"], going(f"{A}/1", "one"), going(f"{A}/1", "lost", partial=False))
    )

    hands.commit(Ended(claim=hands.claims()[f"{A}/1"], state=state, reason="because"))

    assert texts() == {"one": None}
    found = {(sample.code, sample.url, sample.message) for sample in ProblemSample.objects.all()}
    said = f"{A}/1: its page was not had (because)"
    assert found == {
        ("record_incomplete", f"{A}/1", said),
        ("record_not_completed", f"{A}/1", said),
    }
    assert (fresh(run).problems, fresh(run).items) == (2, 1)
    assert not CarriedRecord.objects.exists()


def test_record_for_a_page_that_ended_before_is_given_out_at_once(hands: Hands) -> None:
    run = a_run(f"{A}/", f"{A}/1", **SETTINGS)
    claims = hands.claims()
    hands.commit(Ended(claim=claims[f"{A}/1"], state=Ending.FAILED, reason="status-404"))

    hands.commit(sent(claims[f"{A}/"], going(f"{A}/1", "one")))

    assert texts() == {"one": None}
    assert fresh(run).is_final


def test_record_for_a_page_that_was_redirected_before_goes_there(clock: FakeClock, hands: Hands) -> None:
    run = a_run(f"{A}/", f"{A}/1", **SETTINGS)
    claims = hands.claims()
    hands.commit(redirected(claims[f"{A}/1"], f"{B}/2"))
    clock.advance(1)  # the slice's share of hosts is counted anew
    hands.commit(joined(hands.claims()[f"{B}/2"]))

    hands.commit(sent(claims[f"{A}/"], going(f"{A}/1", "one")))
    hands.commit(again(hands.claims()[f"{B}/2"]))

    assert texts() == {"one": "whole"}
    assert_conserved(run)


def test_record_waits_for_the_place_that_its_link_gets_later(clock: FakeClock, hands: Hands) -> None:
    run = a_run(f"{A}/", max_pages=2, **SETTINGS)
    hands.commit(
        visited(
            hands.claims()[f"{A}/"],
            f"{A}/x",
            f"{A}/1",
            f"{A}/2",
            carried=[going(f"{A}/1", "one"), last := going(f"{A}/2", "two")],
        )
    )
    assert (texts(), CarriedRecord.objects.filter(request__lt=0).count()) == ({}, 2)

    hands.commit(Ended(claim=hands.claims()[f"{A}/x"], state=Ending.SKIPPED, reason="robots"))
    hands.commit(joined(hands.claims()[f"{A}/1"]))
    assert texts() == {"one": "whole"}
    assert fresh(run).is_final

    reports.report(run=fresh(run))
    assert texts() == {"one": "whole", "two": None}
    assert ProblemSample.objects.get().message == f"{last.url}: {carried.NO_REQUEST}"
    assert_conserved(run)


@pytest.mark.parametrize("before", [True, False], ids=["sent before", "sent after"])
def test_record_of_a_page_that_was_moved_waits_for_a_place_there(
    clock: FakeClock, hands: Hands, *, before: bool
) -> None:
    run = a_run(f"{A}/", max_pages=4, **SETTINGS)
    record = going(f"{A}/1", "one")
    links = [f"{A}/{name}" for name in "1xyz"]
    hands.commit(visited(hands.claims()[f"{A}/"], *links, carried=[record] if before else []))
    claims = hands.claims()
    hands.commit(redirected(claims[f"{A}/1"], f"{A}/2"))
    hands.commit(visited(claims[f"{A}/x"], carried=[] if before else [record]))
    link = SpareLink.objects.get(url=f"{A}/2")
    assert list(CarriedRecord.objects.values_list("request", "url")) == [(-link.pk, f"{A}/2")]

    hands.commit(Ended(claim=claims[f"{A}/y"], state=Ending.SKIPPED, reason="robots"))
    hands.commit(joined(hands.claims()[f"{A}/2"]))
    assert texts() == {"one": "whole"}
    assert_conserved(run)


def test_record_of_a_page_that_was_moved_and_gets_no_place_says_so(clock: FakeClock, hands: Hands) -> None:
    run = a_run(f"{A}/", max_pages=3, **SETTINGS)
    record = going(f"{A}/1", "one")
    hands.commit(visited(hands.claims()[f"{A}/"], f"{A}/1", f"{A}/x", f"{A}/y", carried=[record]))
    claims = hands.claims()
    hands.commit(redirected(claims[f"{A}/1"], f"{A}/2"))
    hands.commit(visited(claims[f"{A}/x"]), visited(hands.claims()[f"{A}/y"]))
    assert fresh(run).is_final

    reports.report(run=fresh(run))
    assert texts() == {"one": None}
    assert ProblemSample.objects.get().message == f"{A}/2: {carried.NO_REQUEST}"
    assert_conserved(run)


def test_record_is_read_again_of_a_page_that_got_its_place_unseen(clock: FakeClock, hands: Hands) -> None:
    """A sitemap may bring the page its place, and that is in nobody's commit of records."""
    run = a_run(f"{A}/", max_pages=3, **SETTINGS)
    hands.commit(visited(hands.claims()[f"{A}/"], f"{A}/x", f"{A}/1"))
    claims = hands.claims()
    page = Request.objects.get(url=f"{A}/1")
    spares.keep(run.pk, {bytes(page.key): (NewRequest(url=canonical(page.url), depth=1), None)})
    carried.add(run.pk, [(-SpareLink.objects.get().pk, going(f"{A}/1", "one"))])
    hands.commit(visited(claims[f"{A}/1"]))

    hands.commit(visited(claims[f"{A}/x"]))
    hands.commit(again(hands.claims()[f"{A}/1"]))

    assert texts() == {"one": "whole"}
    assert_conserved(run)


def test_record_of_a_request_that_is_taken_back_waits_for_its_link(hands: Hands) -> None:
    run = a_run(f"{A}/", max_pages=2, **SETTINGS)
    taken = Discovery._take_back

    def full(self: Discovery, *, spent: object, most: object, now: object) -> None:
        for of, keys in self._inserted.items():
            taken(self, of, keys)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Discovery, "correct", full)
        hands.commit(sent(hands.claims()[f"{A}/"], going(f"{A}/1", "one")))

    assert CarriedRecord.objects.get().request == -SpareLink.objects.get().pk
    assert not Request.objects.filter(url=f"{A}/1").exists()
    assert_conserved(run)


def test_run_that_is_kept_apart_keeps_what_it_read_itself_of_an_item(hands: Hands) -> None:
    run = a_run(f"{A}/", **SETTINGS)
    Run.objects.filter(pk=run.pk).update(publication=Publication.WAITING)
    hands.commit(sent(hands.claims()[f"{A}/"], going(f"{A}/1", "one"), going(f"{A}/2", "one")))
    claims = hands.claims()
    hands.commit(joined(claims[f"{A}/1"]))

    hands.commit(Ended(claim=claims[f"{A}/2"], state=Ending.FAILED, reason="status-500"))

    assert HeldItem.objects.get().data == {"key": "one", "text": "whole"}
    assert not Item.objects.exists()


def test_record_for_a_page_that_is_moved_just_then_still_goes_there(
    clock: FakeClock, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = a_run(f"{A}/", f"{A}/1", **SETTINGS)
    claims = hands.claims()
    hands.commit(redirected(claims[f"{A}/1"], f"{B}/2"))
    clock.advance(1)
    hands.commit(joined(hands.claims()[f"{B}/2"]))
    look, looks = carrying.origins, iter([{A}])
    monkeypatch.setattr(carrying, "origins", lambda results: next(looks, None) or look(results))

    hands.commit(sent(claims[f"{A}/"], going(f"{A}/1", "one")))

    hands.commit(again(hands.claims()[f"{B}/2"]))
    assert texts() == {"one": "whole"}
    assert fresh(run).is_final
    assert_conserved(run)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL plans by how many rows there are")
def test_what_a_run_leaves_over_is_taken_out_without_sorting_all_of_it() -> None:
    with CaptureQueriesContext(connection) as queries:
        carried.left_over(1, most=500)

    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {queries[0]['sql']}")
        steps = [row[3] for row in cursor.fetchall()]
    assert "(run_id=?)" in steps[0]
    assert not [step for step in steps if "ORDER BY" in step]


@pytest.mark.parametrize(
    ("seed", "most"), [(0, None), (1, None), (2, None), (3, None), (4, 8), (5, 9), (6, 8), (7, 10)]
)
def test_every_record_comes_out_once_in_whatever_order(clock: FakeClock, seed: int, most: int | None) -> None:
    """Lists, pages, redirects, failures and vanished slices, in an order of chance that stays the same.

    With a page limit places are given back and taken, too. Records whose page is had in the end are whole.
    """
    chance = random.Random(seed)
    lists, pages = [f"{A}/list{n}" for n in range(6)], [f"{host}/{n}" for host in (A, B) for n in range(4)]
    run = a_run(*lists, max_pages=most, **SETTINGS)
    hands, names = Hands(clock), iter(range(1_000))
    known: dict[str, str] = {}
    for _round in range(200):
        clock.advance(1)
        claims = hands.take(want=3)
        if fresh(run).is_final:
            break
        if chance.random() < 0.1:
            hands.vanish()
            clock.advance(120)
            hands = Hands(clock)
            continue
        results: list[Result] = []
        for claim in claims:
            going_on = []
            if claim.url in lists:
                named = [str(next(names)) for _ in range(chance.randrange(4))]
                going_on = [going(known.setdefault(name, chance.choice(pages)), name) for name in named]
                results.append(sent(claim, *going_on))
            elif chance.random() < 0.2:
                results.append(Ended(claim=claim, state=Ending.FAILED, reason="status-500"))
            elif most is not None and chance.random() < 0.5 and not claim.attempts:
                results.append(Ended(claim=claim, state=Ending.SKIPPED, reason="robots"))
            elif chance.random() < 0.2 and len(claim.via) < 3:
                results.append(redirected(claim, chance.choice(pages)))
            else:
                results.append(joined(claim))
        hands.commit(*results)
        assert_conserved(run)
    reports.report(run=fresh(run))

    assert fresh(run).is_final
    assert texts().keys() == known.keys()
    had = Request.objects.filter(run=run, state=RequestState.DONE).exclude(reason="redirected")
    urls = set(had.values_list("url", flat=True))
    assert {texts()[name] for name, url in known.items() if url in urls} <= {"whole"}
    assert Sighting.objects.filter(run=run).count() == fresh(run).items == len(known)
    assert not CarriedRecord.objects.exists()
