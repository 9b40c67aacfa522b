"""Whose turn it is when records are published: everybody's, whatever the others have."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from crawler.policy.publishing import Waiting, turns

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def ago(minutes: int) -> datetime:
    return NOW - timedelta(minutes=minutes)


def test_of_each_target_the_oldest_run_has_a_turn() -> None:
    waiting = [Waiting(4, 1, None), Waiting(2, 1, ago(1)), Waiting(3, 2, ago(2))]
    assert turns(waiting) == [3, 2]


def test_who_had_no_turn_is_first_and_then_whose_was_longest_ago() -> None:
    waiting = [
        Waiting(1, 1, ago(1)),
        Waiting(2, 2, ago(3)),
        Waiting(3, 3, None),
        Waiting(4, 4, ago(3)),
        Waiting(5, 5, None),
    ]
    assert turns(waiting) == [3, 5, 2, 4, 1]


@given(st.lists(st.integers(1, 6), min_size=1, max_size=8), st.integers(1, 30))
def test_nobody_has_two_turns_more_than_another_that_waits_too(sizes: list[int], steps: int) -> None:
    left = dict(enumerate(sizes))
    last: dict[int, datetime] = {}
    had = dict.fromkeys(left, 0)
    for minute in range(steps):
        waiting = [Waiting(run, run, last.get(run)) for run in left if left[run]]
        if not waiting:
            break
        chosen = turns(waiting)[0]
        last[chosen] = NOW + timedelta(minutes=minute)
        had[chosen] += 1
        left[chosen] -= 1
        others = [had[run] for run in left if left[run]]
        assert all(had[chosen] <= count + 1 for count in others)
