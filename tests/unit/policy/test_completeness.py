"""Which runs count when items are looked for that are gone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from crawler.policy.completeness import Course, why_less

WHOLE: dict[str, Any] = {"discovered": 1_000, "pages": 1_000, "items": 400, "known": True}


def course(**changes: Any) -> Course:
    return Course(**WHOLE | changes)


def test_run_that_read_everything_saw_all() -> None:
    assert why_less(course()) == ""


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"is_refresh": True}, "it asked for known pages only"),
        ({"ended_by": "its time was up"}, "its time was up"),
        ({"since": "last_run"}, "it read only what its sitemaps say has changed (last_run)"),
        ({"left_out": 1_200}, "its page limit left out 1,200 links"),
        ({"items": 0}, "it read no item at all"),
        (
            {"without_page": 1, "reasons": {"robots_unreachable": 1}},
            "robots.txt of a host could not be had, so none of its pages was asked for",
        ),
        (
            {"without_page": 31, "reasons": {"status-404": 20, "timed_out": 8, "status-500": 3}},
            "11 of 1,000 requests gave no page, most of them for timed_out",
        ),
        ({"without_page": 11}, "11 of 1,000 requests gave no page"),
        (
            {"damaged": {"missing_required": 4, "scraper_raised": 11}},
            "records may be missing from 11 of 1,000 pages (scraper_raised)",
        ),
        (
            {"damaged": {"key_missing": 140}, "usual": {"key_missing": 0.129, "scraper_raised": 1.0}},
            "records may be missing from 140 of 1,000 pages (key_missing)",
        ),
    ],
)
def test_run_that_may_have_missed_something_says_why(changes: dict[str, Any], why: str) -> None:
    assert why_less(course(**changes)) == why


@pytest.mark.parametrize(
    "changes",
    [
        {"without_page": 10, "reasons": {"timed_out": 10}},
        {"without_page": 500, "reasons": {"status-404": 300, "status-410": 100, "robots": 100}},
        {"damaged": {"scraper_raised": 10, "bad_type": 900}},
        {"damaged": {"key_missing": 139, "scraper_raised": 9}, "usual": {"key_missing": 0.129}},
        {"items": 0, "known": False},
    ],
)
def test_few_failures_and_pages_that_are_gone_do_no_harm(changes: dict[str, Any]) -> None:
    assert why_less(course(**changes)) == ""


COUNTS = st.integers(0, 30)
COURSES = st.builds(
    Course,
    discovered=st.integers(900, 1_000),
    pages=st.integers(900, 1_000),
    left_out=st.sampled_from([0, 0, 1]),
    items=st.sampled_from([0, 400]),
    known=st.booleans(),
    without_page=COUNTS,
    reasons=st.dictionaries(st.sampled_from(["status-404", "robots", "timed_out"]), st.integers(0, 9)),
    damaged=st.dictionaries(st.sampled_from(["key_missing", "scraper_raised", "bad_type"]), COUNTS),
    usual=st.dictionaries(st.just("key_missing"), st.sampled_from([0.0, 0.01, 0.5])),
    drifted=st.booleans(),
)


@settings(max_examples=60)
@given(COURSES, st.sampled_from(["left_out", "without_page", "scraper_raised", "robots_unreachable"]))
def test_a_run_that_went_worse_never_counts_where_the_better_one_did_not(course: Course, worse: str) -> None:
    if worse == "scraper_raised":
        hurt = replace(course, damaged={**course.damaged, worse: course.damaged.get(worse, 0) + 20})
    elif worse == "robots_unreachable":
        hurt = replace(course, reasons={**course.reasons, worse: 1})
    else:
        hurt = replace(course, **{worse: getattr(course, worse) + 20})

    assert why_less(hurt) or not why_less(course)
    assert why_less(replace(course, is_refresh=True))
    assert why_less(replace(course, drifted=True))
