"""Links beyond a run's page limit, and the places that others give back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crawler.engine.work import Ended, Ending
from crawler.models import TIME_LIMIT, Request, RequestState, Run, RunState, SpareLink
from crawler.stores import spares
from tests.crawling import a_run
from tests.integration.stores.hands import Hands, fresh, visited
from tests.law import assert_conserved

if TYPE_CHECKING:
    from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.django_db
A, B = "http://a.test", "http://b.test"


@pytest.fixture
def hands(clock: FakeClock) -> Hands:
    return Hands(clock)


def states(run: Run) -> dict[str, str]:
    found = Request.objects.filter(run=run).values_list("url", "state")
    return {url: RequestState(state).label for url, state in found}


def test_links_that_wait_for_a_place_are_bounded_and_all_are_counted(
    hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spares, "MOST_A_RUN", 5)
    run = a_run(f"{A}/", max_pages=2)

    hands.commit(visited(hands.claims()[f"{A}/"], *(f"{A}/{n}" for n in range(20))))

    assert (SpareLink.objects.count(), fresh(run).over_budget) == (5, 19)
    for skipped in range(1, 7):
        (claim,) = hands.claims().values()
        hands.commit(Ended(claim=claim, state=Ending.SKIPPED, reason="robots"))
        assert fresh(run).over_budget == max(19 - skipped, 14)
    assert (fresh(run).state, fresh(run).skipped) == (RunState.FINISHED, 6)
    assert_conserved(run)


def test_place_that_another_slice_gave_back_is_filled(clock: FakeClock) -> None:
    run = a_run(f"{A}/", f"{B}/", max_pages=3)
    hands = Hands(clock)
    claims = hands.claims()
    hands.commit(visited(claims[f"{A}/"], f"{A}/1", f"{A}/2", f"{A}/3"))
    Run.objects.filter(pk=run.pk).update(skipped=1)  # another skipped one meanwhile

    hands.commit(visited(claims[f"{B}/"]))

    assert set(states(run)) == {f"{A}/", f"{B}/", f"{A}/1", f"{A}/2"}
    assert fresh(run).over_budget == 1


def test_link_that_another_page_brought_a_place_for_takes_none_again(clock: FakeClock) -> None:
    run = a_run(f"{A}/", max_pages=3)
    first = Hands(clock)
    first.release_all(visited(first.claims()[f"{A}/"], *(f"{A}/{n}" for n in range(1, 5))))
    Run.objects.filter(pk=run.pk).update(skipped=1)  # another slice skipped one meanwhile
    hands = Hands(clock)
    claims = hands.claims()
    hands.commit(visited(claims[f"{A}/2"], f"{A}/3"))

    assert fresh(run).over_budget == 1
    assert [row.url for row in SpareLink.objects.all()] == [f"{A}/4"]
    hands.commit(Ended(claim=claims[f"{A}/1"], state=Ending.SKIPPED, reason="robots"))

    assert set(states(run)) == {f"{A}/", *(f"{A}/{n}" for n in range(1, 5))}
    assert fresh(run).over_budget == 0


def test_link_that_became_a_request_keeps_no_other_from_its_place(hands: Hands) -> None:
    run = a_run(f"{A}/", max_pages=2)
    hands.commit(visited(hands.claims()[f"{A}/"], *(f"{A}/{n}" for n in range(1, 4))))
    waiting = SpareLink.objects.order_by("pk").first()
    assert waiting is not None
    page = Request.objects.get(url=f"{A}/")
    page.pk, page.key, page.url = None, waiting.key, waiting.url
    page.save()

    hands.commit(Ended(claim=hands.claims()[f"{A}/1"], state=Ending.SKIPPED, reason="robots"))

    assert states(run)[f"{A}/3"] == "queued"


def test_run_whose_time_is_up_takes_no_more_links(hands: Hands) -> None:
    run = a_run(f"{A}/", max_pages=2)
    hands.commit(visited(hands.claims()[f"{A}/"], f"{A}/1", f"{A}/2"))
    claim = hands.claims()[f"{A}/1"]
    Run.objects.filter(pk=run.pk).update(reason=TIME_LIMIT)

    hands.commit(Ended(claim=claim, state=Ending.SKIPPED, reason="robots"))

    assert fresh(run).state == RunState.FINISHED
    assert set(states(run)) == {f"{A}/", f"{A}/1"}
