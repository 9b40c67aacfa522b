"""How planned runs fill the hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.frontier import agenda
from tests.unit.frontier.clocks import every_change

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
EDGES = agenda.hours(NOON, NOON + 6 * HOUR, ZoneInfo("UTC"))


def a_run(begins: float, requests: int, takes: float, cut_at: float | None = None) -> agenda.Span:
    cut = None if cut_at is None else NOON + cut_at * HOUR
    return agenda.span(begins=NOON + begins * HOUR, requests=requests, takes=takes * HOUR, cut_at=cut)


@pytest.mark.parametrize(
    ("span", "loads"),
    [
        (a_run(1.5, 60, 0.25), [0, 60, 0, 0, 0, 0]),
        (a_run(1.5, 60, 1), [0, 30, 30, 0, 0, 0]),
        (a_run(0, 400, 4), [100, 100, 100, 100, 0, 0]),
        (a_run(-1, 400, 2), [200, 0, 0, 0, 0, 0]),
        (a_run(5.5, 400, 4), [0, 0, 0, 0, 0, 50]),
        (a_run(0, 400, 4, cut_at=1.5), [100, 50, 0, 0, 0, 0]),
        (a_run(2, 10, 0), [0, 0, 10, 0, 0, 0]),
        (a_run(7, 10, 1), [0, 0, 0, 0, 0, 0]),
        (a_run(-2, 10, 1), [0, 0, 0, 0, 0, 0]),
    ],
)
def test_a_run_sends_its_requests_evenly(span: agenda.Span, loads: list[float]) -> None:
    assert agenda.loads(EDGES, [span]) == pytest.approx(loads)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(0, 5), st.integers(1, 1_000), st.floats(0.01, 9)).map(
            lambda parts: a_run(*parts)
        ),
        max_size=8,
    )
)
def test_all_that_is_sent_within_the_hours_is_counted_once(spans: list[agenda.Span]) -> None:
    sent = sum(span.requests_an_hour * ((min(span.ends, EDGES[-1]) - span.begins) / HOUR) for span in spans)
    assert sum(agenda.loads(EDGES, spans)) == pytest.approx(sent, abs=0.01)


@pytest.mark.parametrize(("zone", "change"), every_change()[::7])
def test_hours_are_those_of_the_clock_over_its_changes(zone: str, change: datetime) -> None:
    where = ZoneInfo(zone)
    begins = change.astimezone(where).replace(hour=0, minute=0, fold=0).astimezone(UTC)
    edges = agenda.hours(begins, begins + 26 * HOUR, where)
    assert (edges[0], edges[-1]) == (begins, begins + 26 * HOUR)
    assert all(timedelta(0) < later - sooner <= HOUR for sooner, later in pairwise(edges))
    shown = [edge.astimezone(where).minute for edge in edges[1:-1] if edge != change]
    assert set(shown) <= {0, 15, 30}
    assert shown.count(0) >= 22


def test_a_moment_lies_in_the_hour_that_begins_with_it() -> None:
    assert [agenda.place(EDGES, NOON + HOUR * hours) for hours in (0, 0.5, 1, 5.9)] == [0, 0, 1, 5]
    assert agenda.place(EDGES, NOON - HOUR) == -1


@pytest.mark.parametrize(
    ("requests", "starts", "level"),
    [(0.0, False, 0), (0.4, True, 1), (1.0, False, 1), (25.0, False, 2), (99.0, True, 4), (100.0, True, 4)],
)
def test_level_of_an_hour_is_its_quarter_of_the_largest_load(
    requests: float, *, starts: bool, level: int
) -> None:
    assert agenda.level(requests, most=100.0, starts=starts) == level
