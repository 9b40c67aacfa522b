"""Why what waits is not being fetched, for every reason there is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crawler.errors import CODES
from crawler.frontier import waiting
from crawler.frontier.waiting import Holder, Place, Reason, Wait, why

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
DUE = Place(priority=5, due_at=NOW - timedelta(minutes=1), top=5)
SOON, LATER = NOW + timedelta(seconds=3), NOW + timedelta(minutes=5)


@pytest.mark.parametrize(
    ("place", "wait"),
    [
        (replace(DUE, paused=True), Wait(reason=Reason.PAUSED)),
        (replace(DUE, ending=True), Wait(reason=Reason.ENDING)),
        (replace(DUE, served=False), Wait(reason=Reason.NO_WORKER)),
        (
            replace(DUE, next_at=LATER, hold_reason="circuit_open"),
            Wait(reason=Reason.CIRCUIT_OPEN, until=LATER),
        ),
        (
            replace(DUE, next_at=LATER, hold_reason="robots_unreachable"),
            Wait(reason=Reason.ROBOTS_UNREACHABLE, until=LATER),
        ),
        (
            replace(DUE, next_at=LATER, hold_reason="status-429"),
            Wait(reason=Reason.RETRY_AFTER, until=LATER),
        ),
        (replace(DUE, due_at=LATER), Wait(reason=Reason.NOT_BEFORE, until=LATER)),
        (replace(DUE, next_at=SOON), Wait(reason=Reason.HOST_DELAY, until=SOON)),
        (
            replace(DUE, wanted_at=NOW - timedelta(seconds=5)),
            Wait(reason=Reason.RESERVED, until=NOW + timedelta(seconds=10)),
        ),
        (replace(DUE, holder=Holder.OTHER), Wait(reason=Reason.HELD)),
        (replace(DUE, top=9), Wait(reason=Reason.URGENT_FIRST)),
        (replace(DUE, holder=Holder.WORKER), Wait(reason=Reason.CRAWLING)),
        (DUE, Wait(reason=Reason.WORKER)),
    ],
    ids=lambda given: given.reason.value if isinstance(given, Wait) else "",
)
def test_every_reason_is_told(place: Place, wait: Wait) -> None:
    assert why(place, now=NOW) == wait


def test_every_reason_has_its_words() -> None:
    assert set(waiting.WORDS) == set(Reason)
    assert len({reason.words for reason in Reason}) == len(Reason)


def test_codes_that_hold_a_host_are_those_of_the_ledger() -> None:
    assert {"circuit_open", "robots_unreachable"} <= set(CODES)


@pytest.mark.parametrize("holder", Holder)
def test_run_that_is_paused_waits_for_nothing_else(holder: Holder) -> None:
    place = replace(DUE, paused=True, served=False, holder=holder, next_at=LATER, hold_reason="circuit_open")

    assert why(place, now=NOW) == Wait(reason=Reason.PAUSED)


def test_of_two_times_the_last_one_counts() -> None:
    delayed = replace(DUE, due_at=SOON, next_at=LATER, hold_reason="status-503")
    retried = replace(DUE, due_at=LATER, next_at=SOON, hold_reason="status-503")

    assert why(delayed, now=NOW) == Wait(reason=Reason.RETRY_AFTER, until=LATER)
    assert why(retried, now=NOW) == Wait(reason=Reason.NOT_BEFORE, until=LATER)


def test_hold_that_has_passed_is_no_reason_any_more() -> None:
    place = replace(DUE, next_at=NOW, hold_reason="circuit_open")

    assert why(place, now=NOW) == Wait(reason=Reason.WORKER)


def test_delay_of_a_host_that_a_worker_has_is_told_with_its_end() -> None:
    place = replace(DUE, holder=Holder.WORKER, next_at=SOON, served=False)

    assert why(place, now=NOW) == Wait(reason=Reason.HOST_DELAY, until=SOON)


@pytest.mark.parametrize(
    ("behind", "reason"), [({"top": 9}, Reason.URGENT_FIRST), ({"holder": Holder.OTHER}, Reason.HELD)]
)
def test_next_slot_of_a_host_is_not_told_to_those_who_do_not_get_it(
    behind: dict[str, Any], reason: Reason
) -> None:
    place = replace(DUE, next_at=SOON, **behind)

    assert why(place, now=NOW) == Wait(reason=reason)
    assert why(replace(place, hold_reason="status-503"), now=NOW).until == SOON
    assert why(replace(place, due_at=LATER), now=NOW) == Wait(reason=Reason.NOT_BEFORE, until=LATER)


@pytest.mark.parametrize("holder", [Holder.WORKER, Holder.OTHER])
def test_host_that_somebody_has_is_not_reserved(holder: Holder) -> None:
    place = replace(DUE, holder=holder, wanted_at=NOW)

    assert why(place, now=NOW).reason in {Reason.CRAWLING, Reason.HELD}


def test_host_that_was_wanted_long_ago_is_not_reserved() -> None:
    place = replace(DUE, wanted_at=NOW - timedelta(minutes=1))

    assert why(place, now=NOW) == Wait(reason=Reason.WORKER)


@pytest.mark.parametrize("holder", [Holder.NOBODY, Holder.WORKER])
def test_less_urgent_work_says_that_others_go_first(holder: Holder) -> None:
    assert why(replace(DUE, holder=holder, top=6), now=NOW).reason is Reason.URGENT_FIRST
    assert why(replace(DUE, holder=holder, top=5), now=NOW).reason is not Reason.URGENT_FIRST
