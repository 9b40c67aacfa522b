"""How long a terminal keeps a host, and when it may have it again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crawler.frontier.tenure import LEAST, TURN, UNTAKEN, Absence, Tenure, gives_way, may_ask, may_return

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SOON = timedelta(milliseconds=250)


def gives(after: timedelta, *, waiting: int | None, beside: int | None = None) -> bool:
    return gives_way(Tenure(since=NOON, epoch=1, beside=beside), own=5, waiting=waiting, now=NOON + after)


def returns(after: timedelta, *, waiting: int | None = 5, epoch: int = 2, asked: bool = False) -> bool:
    """Say whether it may return to a host that workers may have 10 s after it was given back."""
    absence = Absence(since=NOON, epoch=1, asked=asked)
    due_at = NOON + timedelta(seconds=10)
    return may_return(absence, epoch=epoch, due_at=due_at, waiting=waiting, now=NOON + after)


def test_host_that_nobody_waits_for_is_kept() -> None:
    assert not gives(timedelta(days=1), waiting=None)


@pytest.mark.parametrize("waiting", [0, 5])
def test_work_that_is_no_more_urgent_waits_for_a_whole_turn(waiting: int) -> None:
    assert not gives(TURN - SOON, waiting=waiting)
    assert gives(TURN, waiting=waiting)


def test_more_urgent_work_has_the_host_at_once() -> None:
    assert gives(SOON, waiting=6)
    assert gives(SOON, waiting=6, beside=3)


def test_more_urgent_work_that_was_served_just_before_waits_for_a_tenth() -> None:
    assert not gives(LEAST - SOON, waiting=8, beside=8)
    assert gives(LEAST, waiting=8, beside=8)
    assert gives(SOON, waiting=9, beside=8)


def test_host_that_workers_took_is_theirs_for_a_turn() -> None:
    assert not returns(TURN - SOON, epoch=4)
    assert returns(TURN, epoch=4)


def test_host_that_nobody_took_is_waited_for_from_when_it_may_be_asked() -> None:
    assert not returns(UNTAKEN + SOON)
    assert returns(UNTAKEN + timedelta(seconds=10))


def test_host_with_nothing_for_workers_may_be_taken_again_at_once() -> None:
    assert returns(SOON, waiting=None)


def test_host_that_somebody_asked_for_may_be_taken_again_when_it_is_free() -> None:
    assert returns(SOON, asked=True, epoch=4)


def test_host_that_another_holds_is_asked_for_after_a_turn() -> None:
    absence = Absence(since=NOON, epoch=1)

    assert not may_ask(absence, now=NOON + TURN - SOON)
    assert may_ask(absence, now=NOON + TURN)
