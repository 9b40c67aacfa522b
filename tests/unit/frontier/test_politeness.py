"""How far apart two requests to a host are."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.frontier import politeness
from crawler.frontier.politeness import Pace, combine, gap_seconds

paces = st.builds(
    Pace,
    delay_seconds=st.floats(min_value=0, max_value=60),
    connections=st.integers(min_value=1, max_value=64),
)
draws = st.floats(min_value=0, max_value=1, exclude_max=True)


@given(pace=paces, draws=st.lists(draws, min_size=2, max_size=50))
def test_no_two_requests_are_nearer_than_the_delay_nor_much_further(pace: Pace, draws: list[float]) -> None:
    times = [0.0]
    for draw in draws:
        times.append(times[-1] + gap_seconds(pace, draw=draw))

    gaps = [after - before for before, after in pairwise(times)]
    assert all(pace.delay_seconds - 1e-6 <= gap <= pace.delay_seconds * 1.3 + 1e-6 for gap in gaps)


@given(found=st.lists(paces, min_size=1, max_size=5), crawl_delay=st.none() | st.floats(0, 30))
def test_combined_pace_hurts_nobody(found: list[Pace], crawl_delay: float | None) -> None:
    combined = combine(found, crawl_delay_seconds=crawl_delay)

    assert all(combined.delay_seconds >= pace.delay_seconds for pace in found)
    assert all(combined.connections <= pace.connections for pace in found)
    assert combined.delay_seconds >= (crawl_delay or 0)


def test_host_that_nobody_set_a_pace_for_is_asked_once_a_second() -> None:
    assert combine([], crawl_delay_seconds=None) == Pace(delay_seconds=1.0, connections=1)


def test_crawl_delay_never_makes_a_host_faster() -> None:
    assert combine([Pace(delay_seconds=5)], crawl_delay_seconds=1).delay_seconds == 5


SLOW = Pace(delay_seconds=1.0, adapts=True)


@pytest.mark.parametrize(
    ("latency", "delay", "because"),
    [
        (None, 1.0, ""),
        (0.01, 1.0, ""),
        (0.5, 1.0, ""),
        (0.6, 1.2, "slow"),
        (5.0, 10.0, "slow"),
        (29.0, 30.0, "slow"),
    ],
)
def test_slow_host_is_left_twice_as_long_as_it_takes(
    latency: float | None, delay: float, because: str
) -> None:
    pace = combine([SLOW], crawl_delay_seconds=None, latency_seconds=latency)

    assert (pace.delay_seconds, pace.because) == (delay, because)


@given(found=st.lists(paces, min_size=1, max_size=5), latency=st.floats(0, 100))
def test_pace_that_does_not_adapt_is_kept_however_slow_the_host(found: list[Pace], latency: float) -> None:
    assert combine(found, crawl_delay_seconds=None, latency_seconds=latency) == combine(
        found, crawl_delay_seconds=None
    )


def test_longest_of_what_is_asked_crawl_delay_and_latency_holds_and_is_named() -> None:
    def because(*paces: Pace, crawl_delay: float | None, latency: float) -> tuple[float, str]:
        pace = combine(list(paces), crawl_delay_seconds=crawl_delay, latency_seconds=latency)
        return pace.delay_seconds, pace.because

    assert because(SLOW, crawl_delay=3.0, latency=1.0) == (3.0, "robots")
    assert because(SLOW, crawl_delay=3.0, latency=4.0) == (8.0, "slow")
    assert because(SLOW, Pace(delay_seconds=9.0), crawl_delay=3.0, latency=4.0) == (9.0, "")
    assert because(Pace(delay_seconds=0.0), SLOW, crawl_delay=None, latency=4.0) == (8.0, "slow")


def test_delay_below_the_default_never_adapts() -> None:
    assert politeness.adapts(delay_seconds=1.0, default_seconds=1.0)
    assert politeness.adapts(delay_seconds=9.0, default_seconds=1.0)
    assert not politeness.adapts(delay_seconds=0.5, default_seconds=1.0)
    assert not politeness.adapts(delay_seconds=0.0, default_seconds=0.0)


def test_circuit_stays_closed_until_the_tenth_failure_in_a_row() -> None:
    assert politeness.circuit_wait(9, openings=0) is None
    assert politeness.circuit_wait(10, openings=0) == timedelta(minutes=5)


@pytest.mark.parametrize(
    ("openings", "minutes"), [(0, 5), (1, 10), (2, 20), (3, 40), (4, 60), (5, 60), (60_000, 60)]
)
def test_circuit_opens_for_twice_as_long_each_time_up_to_an_hour(openings: int, minutes: int) -> None:
    assert politeness.circuit_wait(10, openings=openings) == timedelta(minutes=minutes)


def test_latency_moves_a_little_towards_each_sample() -> None:
    assert politeness.smooth_latency(None, 0.5) == 0.5
    assert politeness.smooth_latency(1.0, 2.0) == pytest.approx(1.2)
