"""What earlier pages said fills what items lacked then, and nothing that they said changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from crawler.policy import filling
from crawler.policy.filling import Part
from crawler.policy.replays import says_something

START = datetime(2026, 1, 1, tzinfo=UTC)
VALUES = st.sampled_from(
    [None, "", 1, 1.0, True, "x", {"inner": None}, {"inner": 2}, {"other": 3}, [], ["y"]]
)
RECORDS = st.dictionaries(st.sampled_from(["name", "price", "stock"]), VALUES, max_size=3)


def at(hour: int) -> datetime:
    return START + timedelta(hours=hour)


def part(since: int, until: int, **data: Any) -> Part:
    return Part(since=at(since), until=at(until), data=data)


@st.composite
def read(draw: st.DrawFn) -> list[Part]:
    """What versions of pages said, in any order, one over the other."""
    found = []
    for _ in range(draw(st.integers(0, 5))):
        since = draw(st.integers(0, 12))
        found.append(part(since, since + draw(st.integers(0, 6)), **draw(RECORDS)))
    return found


def fill(said: Any, parts: Any, told: list[Part], *, until: int | None = 12) -> tuple[Part, ...]:
    end = None if until is None else at(until)
    return filling.fill(said, since=at(2), until=end, parts=parts, read=told)


def test_value_that_changed_while_the_version_did_not_cuts_it_there() -> None:
    told = [part(0, 4, price=5, stock=1), part(4, 8, price=5, stock=2), part(8, 20, price=5, stock=2)]

    assert fill({"price": 5}, (), told) == (part(2, 4, stock=1), part(4, 12, stock=2))


def test_what_is_not_known_is_not_filled_in() -> None:
    told = [part(0, 4, stock=1), part(6, 8, stock=1), part(8, 9, stock=None)]

    assert fill({"price": 5}, (), told) == (part(2, 4, stock=1), part(6, 8, stock=1))


def test_values_that_are_there_stay_also_inside_of_objects() -> None:
    said = {"price": 5, "offer": {"sku": "a", "left": None}}
    told = [part(0, 20, price=6, offer={"sku": "b", "left": 3}, name="")]

    assert fill(said, (), told) == (part(2, 12, offer={"left": 3}),)
    assert filling.filled(said, {"offer": {"left": 3}}) == {"price": 5, "offer": {"sku": "a", "left": 3}}


def test_what_was_filled_in_before_stays_and_another_field_joins_it() -> None:
    before = fill({}, (), [part(0, 8, stock=1)])

    assert fill({}, before, [part(4, 20, stock=2, name="x")]) == (
        part(2, 4, stock=1),
        part(4, 8, stock=1, name="x"),
        part(8, 12, stock=2, name="x"),
    )


def test_version_that_holds_is_filled_in_as_far_as_pages_are_known() -> None:
    assert fill({}, (), [part(0, 30, stock=1)], until=None) == (part(2, 30, stock=1),)


def test_first_of_two_pages_says_what_a_field_was() -> None:
    assert fill({}, (), [part(4, 6, stock=1), part(0, 20, stock=2)]) == (
        part(2, 4, stock=2),
        part(4, 6, stock=1),
        part(6, 12, stock=2),
    )


def test_what_is_no_object_lacks_nothing() -> None:
    assert fill(["x"], (), [part(0, 20, stock=1)]) == ()
    assert filling.filled(["x"], {"stock": 1}) == ["x"]


@given(said=RECORDS, told=read(), more=read())
def test_history_loses_no_value_and_comes_in_parts_that_follow_each_other(
    said: dict[str, Any], told: list[Part], more: list[Part]
) -> None:
    parts: tuple[Part, ...] = ()
    for some in (told, more):
        before, parts = parts, fill(said, parts, some)
        assert all(at(2) <= one.since < one.until <= at(12) and one.data for one in parts)
        assert all(one.until <= other.since for one, other in pairwise(parts))
        for hour in range(2, 12):
            was = filling.filled(said, filling.at(before, at(hour)))
            now = filling.filled(said, filling.at(parts, at(hour)))
            assert filling.lacking(now, was) == {}
            assert filling.filled(was, now) == now  # what was there is there, and first
            if not any(one.since <= at(hour) < one.until for one in some):
                assert now == was
    assert fill(said, parts, told) == parts
    assert fill(said, parts, more) == parts


@given(said=RECORDS, told=RECORDS)
def test_filled_record_lacks_nothing_that_was_read_and_keeps_what_it_said(
    said: dict[str, Any], told: dict[str, Any]
) -> None:
    more = filling.lacking(said, told)
    whole = filling.filled(said, more)

    assert filling.lacking(whole, told) == {}
    for name, value in said.items():
        if says_something(value) and not isinstance(value, dict):
            assert whole[name] is value
