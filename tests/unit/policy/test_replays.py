"""What reading pages again would change, counted and sampled."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.policy import keeping, replays
from crawler.policy.replays import Change, Compared, Totals

URL = "https://shop.test/"
RECORDS = st.dictionaries(
    st.sampled_from("abcd"),
    st.dictionaries(st.sampled_from(["name", "price"]), st.sampled_from(["x", "y", None, "", 1, True])),
)


def compared(stored: dict[str, dict[str, object]], read: dict[str, dict[str, object]]) -> list[Compared]:
    return list(replays.compare(urls=dict.fromkeys({**stored, **read}, URL), stored=stored, read=read))


def test_each_record_is_changed_new_gone_or_the_same() -> None:
    found = compared(
        {"a": {"name": "Kettle", "price": 5}, "b": {"name": "Pot"}, "c": {"name": "Pan"}},
        {"a": {"name": "Kettle", "price": 6}, "b": {"name": "Pot"}, "d": {"name": "Lid"}},
    )

    assert [(one.key, one.change, one.fields) for one in found] == [
        ("a", Change.CHANGED, ("price",)),
        ("b", Change.SAME, ()),
        ("d", Change.NEW, ()),
        ("c", Change.GONE, ()),
    ]


def test_values_are_compared_as_json() -> None:
    assert compared({"a": {"n": 1}}, {"a": {"n": True}})[0].fields == ("n",)
    assert compared({"a": {"n": 1}}, {"a": {"n": 1.0}})[0].fields == ("n",)
    assert compared({"a": {"n": {"x": 1, "y": 2}}}, {"a": {"n": {"y": 2, "x": 1}}})[0].fields == ()
    assert compared({"a": {"n": None}}, {"a": {}})[0].fields == ("n",)


@given(st.lists(st.tuples(RECORDS, RECORDS), max_size=5))
def test_every_record_is_counted_once_and_totals_travel_as_json(
    pages: list[tuple[dict[str, dict[str, object]], dict[str, dict[str, object]]]],
) -> None:
    totals = Totals()
    for stored, read in pages:
        totals.add(compared(stored, read))
        totals = Totals.of_json(json.loads(json.dumps(totals.as_json())))

    assert totals.pages == len(pages)
    assert totals.before == sum(len(stored) for stored, _ in pages)
    assert totals.after == sum(len(read) for _, read in pages)
    for one in totals.coverage():
        assert one.before is None or 0 <= one.before <= 1
        assert one.after is None or 0 <= one.after <= 1


def test_coverage_begins_with_the_field_that_lost_most() -> None:
    totals = Totals()
    totals.add(compared({"a": {"name": "A", "price": 5}}, {"a": {"name": "A", "price": None, "sku": "1"}}))

    assert [(one.name, one.before, one.after) for one in totals.coverage()] == [
        ("price", 1.0, 0.0),
        ("name", 1.0, 1.0),
        ("sku", 0.0, 1.0),
    ]


def test_problems_are_added_up_by_kind_and_bounded() -> None:
    totals = Totals()
    for number in range(200):
        totals.report("missing_required", f"f{number}", "a field is missing")
        totals.report("missing_required", "f0", "another text")

    assert totals.problems[0] == ["missing_required", "f0", 201, "a field is missing"]
    assert len(totals.problems) == replays.MOST_KINDS + 1
    assert totals.problems[-1][0] == "more_problems"
    assert sum(kind[2] for kind in totals.problems) == 400


def test_problems_are_told_in_words_that_every_database_stores() -> None:
    totals = Totals()
    totals.report("a\0b", "\ud800", "http://a\0b/: " + "x" * 9_000)
    totals.report("a\0b", "\ud800", "")
    ((code, where, count, message),) = totals.problems
    assert (code, where, count) == ("ab", "?", 2)
    assert (message[:12], len(message)) == ("http://ab/: ", keeping.LONGEST_MESSAGE)


def test_samples_have_some_of_each_kind_and_no_more() -> None:
    read: dict[str, dict[str, object]] = {str(number): {"n": number} for number in range(100)}
    once = replays.sample([], compared({}, read))
    assert once is not None
    assert len(once) == replays.MOST_SAMPLES[Change.NEW]
    assert replays.sample(once, compared({}, read)) is None
    more = replays.sample(once, compared({"x": {"n": 1}}, {"x": {"n": 2}}))
    assert more is not None
    assert more[-1]["change"] == "changed"
    assert more[-1]["fields"] == ["n"]
    assert json.dumps(more)


def test_what_is_shown_of_a_record_is_cut() -> None:
    deep: object = "bottom"
    for _ in range(50):
        deep = [deep]
    shown = replays.shortened({"text": "x" * 10_000, "list": list(range(100)), "deep": deep, "n": 5})

    assert len(shown["text"]) == replays.LONGEST_TEXT + 1
    assert shown["list"][-1] == "… 80 more"
    assert len(json.dumps(shown["deep"])) < 50
    assert shown["n"] == 5


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (None, False),
        ("", False),
        ([], False),
        ({}, False),
        (0, True),
        (False, True),
        (" ", True),
        ({"price": None, "currency": ""}, False),
        ({"price": None, "currency": "EUR"}, True),
        ([{"name": None}, {"name": ""}], False),
        ([{"name": None}, {"name": "a"}], True),
        ([[[]], {"a": {"b": [None]}}], False),
        ([None, 0], True),
    ],
)
def test_what_holds_only_blanks_is_a_blank(value: object, says: bool) -> None:
    assert replays.says_something(value) is says
