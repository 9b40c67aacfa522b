"""When a host is due, and how urgent it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from crawler.frontier.standing import Standing, standing

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


entries = st.lists(st.tuples(st.integers(0, 9), st.integers(-100, 100).map(at)), min_size=1, max_size=6)


def test_nothing_waiting_is_never_due() -> None:
    assert standing([], next_at=at(5), now=NOW) == Standing(due_at=None, priority=0)


def test_most_urgent_of_what_is_due_counts() -> None:
    found = standing([(2, at(-10)), (9, at(-1)), (5, at(-20))], next_at=None, now=NOW)

    assert found == Standing(due_at=at(-20), priority=9)


def test_what_is_due_counts_before_more_urgent_work_that_is_not() -> None:
    found = standing([(1, at(-1)), (9, at(60)), (7, at(30))], next_at=None, now=NOW)

    assert found == Standing(due_at=at(-1), priority=1, rises_at=at(30))


def test_soonest_counts_while_nothing_is_due_and_the_more_urgent_of_two_at_once() -> None:
    found = standing([(1, at(60)), (9, at(60)), (5, at(90))], next_at=None, now=NOW)

    assert found == Standing(due_at=at(60), priority=9)


def test_host_rises_when_something_more_urgent_than_the_soonest_becomes_due() -> None:
    found = standing([(1, at(10)), (9, at(60)), (0, at(20))], next_at=None, now=NOW)

    assert found == Standing(due_at=at(10), priority=1, rises_at=at(60))


@given(waiting=entries, next_at=st.none() | st.integers(-100, 100).map(at))
def test_host_is_due_exactly_when_something_waits_and_not_before_it_may_be_asked(
    waiting: list[tuple[int, datetime]], next_at: datetime | None
) -> None:
    found = standing(waiting, next_at=next_at, now=NOW)

    assert found.due_at is not None
    assert found.due_at >= (next_at or found.due_at)
    assert found.due_at >= min(when for _priority, when in waiting)
    assert found.priority in {priority for priority, _when in waiting}


@given(waiting=entries)
def test_host_that_does_not_rise_stays_as_urgent_as_it_is(waiting: list[tuple[int, datetime]]) -> None:
    now = standing(waiting, next_at=None, now=NOW)
    later = standing(waiting, next_at=None, now=at(200))

    assert (now.rises_at is None) == (now.priority == later.priority)
    assert now.rises_at is None or now.rises_at > NOW
