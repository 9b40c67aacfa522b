"""How urgent a run becomes as its deadline nears."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.policy.deadlines import MARGIN, moved, needed, step, wanted

HOUR = timedelta(hours=1)
priorities = st.integers(0, 9)
spans = st.floats(-100, 100_000).map(lambda seconds: timedelta(seconds=seconds))


def test_work_takes_its_share_of_each_host_and_a_margin() -> None:
    assert needed(requests=100, hosts=10, pace=timedelta(seconds=2)) == timedelta(seconds=20) + MARGIN
    assert needed(requests=101, hosts=10, pace=timedelta(seconds=2)) == timedelta(seconds=22) + MARGIN
    assert needed(requests=5, hosts=0, pace=timedelta(seconds=1)) == timedelta(seconds=5) + MARGIN


@pytest.mark.parametrize(
    ("left", "priority"), [(10.0, 2), (4.0, 2), (3.9, 3), (2.6, 6), (1.25, 9), (0.5, 9), (0.0, 2), (-1.0, 2)]
)
def test_priority_rises_from_its_own_to_nine_until_the_deadline_has_passed(
    left: float, priority: int
) -> None:
    assert wanted(own=2, left=left * HOUR, needs=HOUR) == priority


@given(own=priorities, left=spans, later=spans, needs=st.floats(300, 100_000))
def test_less_time_never_makes_a_run_less_urgent(
    own: int, left: timedelta, later: timedelta, needs: float
) -> None:
    work = timedelta(seconds=needs)
    less, more = sorted((left, later))
    nearer, farther = wanted(own=own, left=less, needs=work), wanted(own=own, left=more, needs=work)

    assert own <= farther <= 9
    assert own <= nearer <= 9
    assert nearer >= farther or less <= timedelta(0)


@given(current=priorities, before=priorities, own=priorities, left=spans, needs=st.floats(300, 100_000))
def test_raising_a_run_never_moves_it_down(
    current: int, before: int, own: int, left: timedelta, needs: float
) -> None:
    current, to = max(current, before), wanted(own=own, left=left, needs=timedelta(seconds=needs))
    after = moved(current, before=before, own=own, to=to)

    assert after >= max(own, to)
    assert after == to if own < before else after >= current


@given(current=priorities, to=priorities, own=priorities)
def test_steps_are_of_one_and_never_below_its_own(current: int, to: int, own: int) -> None:
    after = step(current, to=max(to, own), own=own)

    assert after >= own
    assert abs(after - max(current, own)) <= 1


@given(current=priorities, to=priorities, own=priorities)
def test_steps_lead_within_one_of_what_is_wanted_and_back_to_its_own(current: int, to: int, own: int) -> None:
    to, current = max(to, own), max(current, own)
    for _ in range(10):
        current = step(current, to=to, own=own)

    assert current in ({own} if to == own else {to, to + 1})
