"""How far a crawl is, in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crawler.errors import READING
from crawler.models import ProblemKind
from crawler.queries.runs import Reason
from crawler.services.terminal import figures
from crawler.services.terminal.figures import Figures, Speed

NOW = Figures(
    pages=1234,
    pages_now=1000,
    items=1,
    errors=2,
    queued=56,
    discovered=1300,
    bytes=45_600_000,
    rate=12.34,
    seconds=100,
)


def test_progress_is_one_line() -> None:
    assert figures.progress(NOW) == "1,234 pages  12.3/s  56 queued  2 errors  45.6 MB  0:01:40"


def test_summary_counts_the_speed_of_this_terminal_only() -> None:
    reasons = [Reason(state="failed", reason="status-404", count=2)]

    assert figures.summary(NOW, run=7, state="paused", reasons=reasons) == [
        "run 7 paused: 1,234 pages, 1 item, 2 errors, 45.6 MB in 100.0 s (10.0 pages/s)",
        "  2 failed: status-404",
    ]


def test_problems_are_counted_by_code_and_field_and_the_rest_together() -> None:
    kinds = [
        ProblemKind(code="missing_required", field="p", count=1200, pages=900),
        ProblemKind(code="odd", count=1, pages=1),
        ProblemKind(code="bad_type", field="p", count=3, pages=1),
        ProblemKind(code="bad_type", field="q", count=2, pages=1),
    ]

    assert figures.lacking(kinds, most=2) == [
        f"  1,200 problems on 900 pages: missing_required in p, {READING['missing_required']}",
        "  1 problem on 1 page: odd",
        "  5 problems of other kinds",
    ]
    assert figures.lacking([], most=2) == []


def test_summary_of_no_time_has_no_speed() -> None:
    assert "(0.0 pages/s)" in figures.summary(replace(NOW, seconds=0), run=7, state="failed", reasons=[])[0]


def test_settled_is_what_does_not_wait() -> None:
    assert NOW.settled == 1244


def test_speed_forgets_what_is_longer_ago_than_five_seconds() -> None:
    speed = Speed()
    assert speed.note(0, 0) == 0
    assert speed.note(2, 20) == 10
    assert speed.note(4, 20) == 5
    for second in range(6, 12):
        speed.note(second, 20)
    assert speed.note(12, 20) == 0


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (45_600_000, "45.6 MB"),
        (1_234_500_000_000, "1,234.5 GB"),
    ],
)
def test_size_is_told_in_the_largest_unit(octets: int, text: str) -> None:
    assert figures.size(octets) == text


@pytest.mark.parametrize(("seconds", "text"), [(0.9, "0:00:00"), (61, "0:01:01"), (36_610, "10:10:10")])
def test_clock_counts_hours(seconds: float, text: str) -> None:
    assert figures.clock(seconds) == text
