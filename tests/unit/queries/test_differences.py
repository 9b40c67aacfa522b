"""What is told of an item that changed, field by field: it makes the later version of the earlier one."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from crawler.policy import identity
from crawler.queries.changes import FieldChange, differences

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 2) | st.sampled_from([0.0, 1.0, "", "1", "x"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)
DATA = st.dictionaries(st.sampled_from(["name", "price", "tags", "was"]), VALUES)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({"name": "Pot", "price": 5}, {"name": "Pot", "price": 6.5}, [("price", 5, 6.5)]),
        ({"name": "Pot", "was": 9}, {"stock": 0, "name": "Pot"}, [("stock", None, 0), ("was", 9, None)]),
        ({"n": 1, "m": True}, {"n": True, "m": 1}, [("n", 1, True), ("m", True, 1)]),
        ({"n": 1}, {"n": 1.0}, [("n", 1, 1.0)]),
        ({"specs": {"a": 1, "b": 2}}, {"specs": {"b": 2, "a": 1}}, []),
        ({"tags": ["a", "b"]}, {"tags": ["b", "a"]}, [("tags", ["a", "b"], ["b", "a"])]),
        ({"was": None}, {}, []),
        ([1], {"n": 1}, []),
    ],
)
def test_each_field_that_says_something_else_is_told_with_both_values(
    before: Any, after: Any, told: list[tuple[str, Any, Any]]
) -> None:
    assert list(differences(before, after)) == [FieldChange(field=f, before=b, after=a) for f, b, a in told]


@settings(max_examples=50)
@given(DATA, DATA)
def test_what_is_told_makes_the_later_version_of_the_earlier_one(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    found = differences(before, after)
    made = before | {one.field: one.after for one in found}

    assert all(identity.says_the_same(made.get(name), after.get(name)) for name in {**made, **after})
    assert not any(identity.says_the_same(one.before, one.after) for one in found)
    assert len({one.field for one in found}) == len(found)


@settings(max_examples=50)
@given(DATA, DATA)
def test_the_way_back_is_told_as_the_way_there_turned_round(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    there = {(one.field, repr(one.before), repr(one.after)) for one in differences(before, after)}
    back = {(one.field, repr(one.after), repr(one.before)) for one in differences(after, before)}

    assert there == back
