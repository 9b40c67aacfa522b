"""What pages did not give: counted by kind exactly, and kept in samples up to a bound."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crawler.engine.work import Ended, Ending, ProblemRecord, Returned
from crawler.errors import MORE_PROBLEMS
from crawler.models import ProblemKind, ProblemSample
from crawler.stores.problems import KINDS_A_RUN, SAMPLES_A_KIND
from tests.crawling import a_run
from tests.fakes.clock import FakeClock
from tests.integration.stores.hands import Hands, fresh, visited
from tests.law import assert_conserved

if TYPE_CHECKING:
    from crawler.models import Run

pytestmark = pytest.mark.django_db
A = "http://a.test"


def a_problem(field: str = "price", *, code: str = "missing_required", count: int = 1) -> ProblemRecord:
    return ProblemRecord(code=code, field=field, count=count, message=f"{field} is missing")


def kinds(run: Run) -> dict[tuple[str, str], tuple[int, int]]:
    found = ProblemKind.objects.filter(run=run)
    return {(kind.code, kind.field): (kind.count, kind.pages) for kind in found}


def test_problems_are_counted_by_field_and_their_pages_named(clock: FakeClock) -> None:
    run = a_run(f"{A}/1", f"{A}/2")
    hands = Hands(clock)
    one, two = hands.claims().values()

    hands.commit(visited(one, problems=(a_problem(count=3), a_problem("name"))))
    hands.commit(visited(two, problems=(a_problem(count=2),)))

    assert kinds(run) == {("missing_required", "price"): (5, 2), ("missing_required", "name"): (1, 1)}
    assert fresh(run).problems == 6
    kept = ProblemSample.objects.filter(run=run, field="price").order_by("number")
    assert [(sample.number, sample.url, sample.message) for sample in kept] == [
        (1, f"{A}/1", "price is missing"),
        (2, f"{A}/2", "price is missing"),
    ]
    assert_conserved(run)


def test_page_that_could_not_be_read_is_a_problem_too(clock: FakeClock) -> None:
    run = a_run(f"{A}/1")
    hands = Hands(clock)
    problem = a_problem("", code="reader_timed_out")

    hands.commit(
        Ended(
            claim=hands.claims()[f"{A}/1"],
            state=Ending.FAILED,
            reason="reader_timed_out",
            problems=(problem,),
        )
    )

    assert kinds(run) == {("reader_timed_out", ""): (1, 1)}
    assert_conserved(run)


def test_nothing_is_counted_of_a_stale_result(clock: FakeClock) -> None:
    run = a_run(f"{A}/1")
    hands = Hands(clock)
    claim = hands.claims()[f"{A}/1"]
    hands.vanish()

    hands.commit(visited(claim, problems=(a_problem(),)))

    assert kinds(run) == {}
    assert_conserved(run)


def test_samples_end_at_the_bound_whichever_slice_finds_them(clock: FakeClock) -> None:
    run = a_run(*(f"{A}/{number}" for number in range(SAMPLES_A_KIND + 10)))
    for most in (60, SAMPLES_A_KIND):
        hands = Hands(clock)
        claims = hands.take(want=200)
        done = [visited(claim, problems=(a_problem(),)) for claim in claims[:most]]
        hands.release_all(*done, *(Returned(claim=claim) for claim in claims[most:]))
        clock.advance(2)

    many = SAMPLES_A_KIND + 10
    assert kinds(run) == {("missing_required", "price"): (many, many)}
    numbers = ProblemSample.objects.filter(run=run).order_by("number").values_list("number", flat=True)
    assert list(numbers) == list(range(1, SAMPLES_A_KIND + 1))


def test_kinds_end_at_the_bound_too(clock: FakeClock) -> None:
    run = a_run(f"{A}/1", f"{A}/2", f"{A}/3")
    hands = Hands(clock)
    one, two, three = hands.claims().values()

    hands.commit(visited(one, problems=tuple(a_problem(f"f{n}") for n in range(KINDS_A_RUN))))
    hands.commit(visited(two, problems=(a_problem("f1"), a_problem("new"), a_problem("newer"))))
    hands.commit(visited(three, problems=(a_problem("new"),)))

    found = kinds(run)
    assert len(found) == KINDS_A_RUN + 1
    assert found["missing_required", "f1"] == (2, 2)
    assert found[MORE_PROBLEMS, ""][0] == 3
    assert_conserved(run)
