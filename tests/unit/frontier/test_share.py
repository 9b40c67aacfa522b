"""How much one slice takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.frontier.share import FIRST_BATCH, LARGEST_BATCH, MOST_HOSTS, aged, batch, fair_share


@pytest.mark.parametrize(
    ("hosts", "slices", "share"),
    [(0, 0, 1), (0, 3, 1), (1, 4, 1), (10, 1, 10), (10, 3, 4), (10_000, 2, MOST_HOSTS)],
)
def test_hosts_are_shared_evenly_and_never_more_than_five_hundred(
    hosts: int, slices: int, share: int
) -> None:
    assert fair_share(hosts=hosts, slices=slices) == share


@given(hosts=st.integers(0, 2_000), slices=st.integers(1, 50))
def test_shares_together_cover_every_host(hosts: int, slices: int) -> None:
    share = fair_share(hosts=hosts, slices=slices)

    assert share == MOST_HOSTS or share * slices >= hosts


@pytest.mark.parametrize(("room", "count"), [(0, 0), (1, 0), (8, 0), (9, 1), (25, 2), (500, 55)])
def test_a_ninth_of_the_room_is_for_those_that_waited_longest(room: int, count: int) -> None:
    assert aged(room) == count


@pytest.mark.parametrize(("delay", "count"), [(30.0, 1), (2.0, 1), (1.0, 2), (0.5, 4), (0.01, 200)])
def test_batch_is_what_two_seconds_allow_but_at_least_one(delay: float, count: int) -> None:
    assert batch(delay_seconds=delay, connections=8, rate=500.0, budget_seconds=30.0) == count


def test_batch_shrinks_with_the_time_that_is_left() -> None:
    assert batch(delay_seconds=0.1, connections=1, rate=0.0, budget_seconds=0.5) == 5
    assert batch(delay_seconds=0.1, connections=1, rate=0.0, budget_seconds=-3.0) == 1


def test_batch_without_a_delay_follows_the_rate_seen() -> None:
    assert batch(delay_seconds=0.0, connections=1, rate=0.0, budget_seconds=30.0) == FIRST_BATCH
    assert batch(delay_seconds=0.0, connections=1, rate=300.0, budget_seconds=30.0) == 600
    assert batch(delay_seconds=0.0, connections=1, rate=1e9, budget_seconds=30.0) == LARGEST_BATCH
