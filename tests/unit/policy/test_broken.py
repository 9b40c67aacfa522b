"""Which records are those in which a run looks otherwise than before."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from crawler.policy.quality import Breach, FieldFigures, pages
from crawler.policy.quality.broken import MOST_PAGES, is_broken

KNOWN = frozenset({"new", "used", "true"})


@pytest.mark.parametrize(
    ("rule", "wanted", "value", "broken"),
    [
        ("coverage", 1.0, None, True),
        ("coverage", 1.0, "", True),
        ("coverage", 1.0, 0, False),
        ("type", "number", "12 EUR", True),
        ("type", "number", 12, False),
        ("type", "number", None, False),
        ("length", 10.0, "x" * 41, True),
        ("length", 10.0, "xy", True),
        ("length", 10.0, "x" * 40, False),
        ("length", 10.0, 5, False),
        ("words", "new, used", "broken", True),
        ("words", "new, used", "used", False),
        ("words", "new, used", True, False),
        ("words", "new, used", False, True),
        ("words", "new, used", 3, False),
        ("items", 10, None, False),
    ],
)
def test_a_value_is_one_of_those_that_a_difference_is_about(
    rule: str, wanted: float | str, value: Any, *, broken: bool
) -> None:
    breach = Breach(rule=rule, field="state", wanted=wanted, found=None)
    assert is_broken(breach, value, known=KNOWN) is broken


def test_pages_are_named_for_each_difference_and_no_more_records_are_read_than_needed() -> None:
    read = []

    def records() -> Any:
        for number in range(10_000):
            read.append(number)
            state = "used" if number % 2 else "odd"
            yield f"http://a.test/{number // 2}", {"price": None, "state": state}

    past = [(20, {"state": FieldFigures(coverage=1.0, types={"text": 1.0}, words=("new", "used"))})]
    found = pages(
        [
            Breach(rule="items", field=None, wanted=10, found=2),
            Breach(rule="coverage", field="price", wanted=1.0, found=0.0),
            Breach(rule="words", field="state", wanted="new, used", found="odd"),
        ],
        records(),
        past,
    )

    expected = [f"http://a.test/{number}" for number in range(MOST_PAGES)]
    assert found == [[], expected, expected]
    assert len(read) == 2 * MOST_PAGES - 1


@settings(max_examples=50)
@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.sampled_from([None, "", "new", "used", "odd", "x" * 50, 5, True])),
        max_size=25,
    ),
    st.sampled_from([("coverage", 1.0), ("type", "text"), ("length", 4.0), ("words", "new, used")]),
)
def test_the_first_pages_with_such_a_value_are_named_and_no_others(
    said: list[tuple[int, Any]], difference: tuple[str, float | str]
) -> None:
    rule, wanted = difference
    breach = Breach(rule=rule, field="state", wanted=wanted, found=None)
    past = [(20, {"state": FieldFigures(coverage=1.0, types={"text": 1.0}, words=("new", "used"))})]
    records = [(f"http://a.test/{page}", {"state": value}) for page, value in said]
    known = frozenset({"new", "used"})
    about = [url for url, record in records if is_broken(breach, record["state"], known=known)]

    assert pages([breach], records, past) == [list(dict.fromkeys(about))[:MOST_PAGES]]
