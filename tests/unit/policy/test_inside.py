"""What is told of fields inside the objects of records: under dotted paths, each record counting the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.policy.quality import (
    Beside,
    Breach,
    Statistics,
    drifts,
    fields_of,
    pages,
    partial_drifts,
    steady,
)
from crawler.policy.quality.inside import MOST_OBJECTS, objects, outer, typical, values
from crawler.policy.quality.statistics import MOST_INSIDE, MOST_KEYS, Untold
from tests.unit.policy.test_quality import figures, told

if TYPE_CHECKING:
    from collections.abc import Mapping

Record = dict[str, Any]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("xyz", max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abcd"), inner),
    max_leaves=12,
)
RECORDS = st.lists(st.dictionaries(st.sampled_from("abcd"), JSON), max_size=8)


def offer(**changed: Any) -> Record:
    return {"price": 5.0, "seller": {"name": "Kontor"}, "state": "new", **changed}


def shop(many: int = 20, *, offers: int = 2, **changed: Any) -> list[Record]:
    return [{"name": f"Thing {number:03}", "offers": [offer(**changed)] * offers} for number in range(many)]


def test_figures_inside_are_told_by_dotted_path_after_those_of_records() -> None:
    found = figures([{"name": "A", "offers": [offer(), offer(price="?")]}, {"offers": [{"state": "old"}]}])

    assert list(found)[:2] == ["name", "offers"]
    assert set(found) == {"name", "offers", *(f"offers.{one}" for one in ("price", "seller", "state"))} | {
        "offers.seller.name"
    }
    assert (found["offers.price"].coverage, found["offers.price"].records) == (0.5, 2)
    assert found["offers.price"].types == {"number": 0.5, "text": 0.5}
    assert found["offers.state"].words == ("new", "old")
    assert (found["offers.seller.name"].coverage, found["offers.seller.name"].records) == (1.0, 1)
    assert found["name"].records is None


def test_figures_that_a_report_keeps_come_back_in_order_and_older_reports_have_none_inside() -> None:
    kept = {"fields": {"offers": 1, "name": 2}, "inside": {"offers.price": 3}}

    assert list(fields_of(kept).items()) == [("offers", 1), ("offers.price", 3), ("name", 2)]
    assert fields_of({"fields": {"name": 2}}) == {"name": 2}


@given(RECORDS)
def test_figures_hold_for_any_nesting_within_their_bounds(records: list[Record]) -> None:
    found = {name: one for name, one in figures(records).items() if one.is_inside}

    assert len(found) <= MOST_INSIDE
    for path, one in found.items():
        having = [record for record in records if outer(path) in objects(record)]
        assert one.records == len(having)
        assert 0 < one.coverage <= 1
        assert abs(sum(one.types.values()) - 1) < 1e-9
        for record in having:
            many = values(record, path)
            assert 0 < len(many) <= MOST_OBJECTS
            assert many == [inner.get(path.rpartition(".")[2]) for inner in objects(record)[outer(path)]]


@given(RECORDS)
def test_nothing_that_stays_as_it_was_drifts(records: list[Record]) -> None:
    many = records * 2 if len(records) > 4 else records * 10
    usual = (len(many), figures(many))
    assert list(drifts(len(many), figures(many), [usual] * 3)) == []


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"price": None}, [("coverage", "offers.price")]),
        ({"price": "5 €"}, [("type", "offers.price")]),
        ({"state": "away"}, [("words", "offers.state")]),
        ({"seller": {"name": "Kontor and Sons of Lower Street"}}, [
            ("length", "offers.seller.name"), ("words", "offers.seller.name")]),
        ({"seller": {"name": ""}}, [("coverage", "offers.seller")]),
        ({"seller": None}, [("coverage", "offers.seller")]),
        ({"new": "field"}, []),
    ],
)  # fmt: skip
def test_field_that_breaks_inside_is_told_by_its_path(changed: Record, expected: list[Any]) -> None:
    assert told(shop(**changed), shop(), shop(22), shop(21)) == expected


def test_of_what_is_blank_altogether_only_the_field_around_is_told() -> None:
    usual = [shop(), shop(), shop()]
    blank: Record = {"price": None, "seller": {}, "state": ""}

    assert told(shop(**blank), *usual) == [("coverage", "offers")]
    assert told(shop(offers=0), *usual) == [("coverage", "offers")]
    assert told([record | {"offers": offer()} for record in shop()], *usual) == [("type", "offers")]


def test_one_record_with_a_long_list_is_no_more_than_one_of_many() -> None:
    usual = [shop(), shop(), shop()]
    odd = {"name": "Odd", "offers": [{"state": f"state {number}"} for number in range(500)]}

    assert told([*shop(), odd], *usual) == []


def test_runs_of_earlier_versions_tell_nothing_of_what_is_inside_and_stand_in_no_ones_way() -> None:
    def kept(*, inside: bool) -> tuple[int, Mapping[str, Any]]:
        return 20, {name: one for name, one in figures(shop()).items() if inside or not one.is_inside}

    broken = shop(price=None)
    old, new = kept(inside=False), kept(inside=True)
    assert told_beside(broken, [old, old, old]) == []
    assert told_beside(broken, [old, old, new, new]) == []
    assert told_beside(broken, [old, new, new, new]) == ["offers.price"]
    assert told_beside(broken, [new, new, old]) == []


def told_beside(now: list[Record], past: list[tuple[int, Mapping[str, Any]]]) -> list[str | None]:
    return [one.field for one in drifts(len(now), figures(now), past)]


def test_too_few_records_with_such_objects_tell_nothing() -> None:
    def some(many: int, **changed: Any) -> list[Record]:
        return [*({"name": f"Plain {number}"} for number in range(30)), *shop(many, **changed)]

    assert told(some(9, price=None), some(9), some(9), some(9)) == []
    assert told(some(10, price=None), some(10), some(10), some(10)) == [("coverage", "offers.price")]


def test_data_that_stands_in_keys_is_no_field() -> None:
    def days(first: int) -> list[Record]:
        return [{"sold": {f"2026-01-{first + day:02}": day for day in range(5)}}] * 20

    def words(first: int) -> list[Record]:
        return [{"by": {f"w{first + number}": {"many": number} for number in range(MOST_KEYS + 1)}}] * 20

    assert [one for one in figures(days(1)).values() if one.is_inside] == []
    assert [name for name in figures([*shop(), *words(1)]) if name.startswith("by.")] == []
    assert told(days(9), days(1), days(2), days(3)) == []


def test_a_bounded_number_of_fields_is_told_apart_and_keyed_data_takes_no_room() -> None:
    statistics = Statistics()
    statistics.add({"by": {f"w{number}": 1 for number in range(MOST_KEYS + 1)}})
    for place in "abcd":
        statistics.add({place: {f"f{number}": 1 for number in range(MOST_KEYS)}})
    found = [name for name, one in statistics.figures().items() if one.is_inside]

    assert len(found) == MOST_INSIDE
    assert {outer(name) for name in found} == {"a", "b"}


def test_rules_and_comparisons_reach_what_is_not_told_apart() -> None:
    keyed = {f"w{number}": {"many": number} for number in range(MOST_KEYS + 1)}
    deep = {"a": {"b": {"c": {"d": {"e": {"f": {"g": 5}}}}}}}
    record = {"by": keyed, "sold": {"2026-01-01": 3}, **deep}
    wanted = frozenset({"by.w7.many", "sold.2026-01-01", "a.b.c.d.e.f.g"})
    statistics = Statistics(wanted=wanted)
    for _ in range(2):
        statistics.add(record)
    found = statistics.figures()

    assert wanted <= found.keys()
    assert {found[name].coverage for name in wanted} == {1.0}
    assert found["by.w7.many"].most == 7
    assert "by.w8.many" not in found
    assert statistics.untold() == Untold(keyed=("by",))


@given(RECORDS, st.sets(st.sampled_from(["a.b", "a.b.c", "b.a", "c", "d.d.d"])))
def test_what_is_asked_for_has_the_figures_that_it_has_without_a_bound(
    records: list[Record], wanted: set[str]
) -> None:
    crowd = {name: {f"f{number}": 1 for number in range(MOST_KEYS)} for name in "xyz"}
    crowded = Statistics(wanted=frozenset(wanted))
    for record in records:
        crowded.add(crowd | record)
    alone, found = figures(records), crowded.figures()

    for path in wanted:
        assert (path in alone) == (path in found)
        assert path not in alone or alone[path] == found[path]


def test_values_inside_are_repeated_within_a_record_and_across_records() -> None:
    def sold(*numbers: int | None) -> Record:
        return {"offers": [{"sku": number} for number in numbers]}

    def repeated(*records: Record) -> int | None:
        return figures(records, "offers.sku")["offers.sku"].repeated

    assert repeated(sold(1, 2), sold(3), sold(None, 4)) == 0
    assert repeated(sold(1, 2), sold(3, 1), sold(2, 1)) == 2
    assert repeated(sold(1, 1)) == 1
    assert figures([sold(1, 1)])["offers.sku"].repeated is None


def test_pages_are_named_whose_records_have_an_object_without_the_field() -> None:
    past = [(20, figures(shop()))]
    breach = Breach(rule="coverage", field="offers.price", wanted=1.0, found=0.0)
    records: list[tuple[str, Record]] = [
        ("/whole", {"offers": [offer()]}),
        ("/half", {"offers": [offer(), offer(price=None)]}),
        ("/none", {"name": "A"}),
    ]

    assert pages([breach], records, past) == [["/half"]]


def test_most_of_some_values_say_what_they_are_like() -> None:
    assert typical([]) is None
    assert typical([None, 5]) == 5
    assert typical([None, None, 5]) is None
    assert typical(["a", 5, 6]) == 5


def test_runs_of_a_part_are_compared_inside_of_records_too() -> None:
    usual = steady([(20, figures(shop()))] * 3, {})
    assert usual["offers.price"].inside
    assert usual["offers.price"].kind == "number"

    assert losing(usual, shop(9, price=None), shop(9)) == [("coverage", "offers.price")]
    assert losing(usual, shop(9, price="5 €"), shop(9)) == [("type", "offers.price")]
    assert losing(usual, shop(9, price=None), None) == [("coverage", "offers.price")]
    assert losing(usual, shop(9, price=None), shop(9, price=None)) == []
    assert losing(usual, shop(9, offers=0), shop(9)) == [("coverage", "offers")]
    assert losing(usual, shop(9), shop(9, offers=0)) == []


def losing(usual: Any, now: list[Record], items: list[Record] | None) -> list[tuple[str, str | None]]:
    beside = Beside(usual)
    for number, record in enumerate(now):
        beside.add(f"/{number}", record, items[number] if items else None)
    return [(one.rule, one.field) for one in partial_drifts(beside, {})]
