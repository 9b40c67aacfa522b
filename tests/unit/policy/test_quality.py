"""What is told of a run's data: figures, broken rules, and what looks otherwise than before."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.policy.quality import (
    FEWEST_ITEMS,
    Breach,
    FieldFigures,
    Rules,
    Statistics,
    breaches,
    compared,
    drifts,
)
from crawler.policy.quality.statistics import MOST_FIELDS, MOST_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-9, 9), st.floats(-9, 9), st.text(max_size=80), st.lists(st.just(1))
)
RECORDS = st.lists(st.dictionaries(st.sampled_from("abc"), VALUES))


def statistics(records: Iterable[Mapping[str, Any]], *unique: str) -> Statistics:
    found = Statistics(unique=frozenset(unique))
    for record in records:
        found.add(record)
    return found


def figures(records: Iterable[Mapping[str, Any]], *unique: str) -> dict[str, FieldFigures]:
    return statistics(records, *unique).figures()


def shop(many: int = 20, **changed: Any) -> list[dict[str, Any]]:
    return [
        {
            "name": f"Thing {number:03}",
            "price": 5.0 + number,
            "stock": "yes" if number % 2 else "no",
            **changed,
        }
        for number in range(many)
    ]


def told(now: list[dict[str, Any]], *past: list[dict[str, Any]], fewest: int = 3) -> list[tuple[str, Any]]:
    usual = [(len(records), figures(records)) for records in past]
    found = drifts(len(now), figures(now), usual, fewest=fewest)
    return [(breach.rule, breach.field) for breach in found]


def test_figures_of_fields_say_how_often_what_and_within_which_bounds() -> None:
    found = figures(
        [
            {"name": "Kettle", "price": 5, "tags": ["a"], "was": None},
            {"name": "Pot", "price": 7.5, "tags": []},
            {"name": "Pot", "price": "sold out"},
            {"name": ""},
        ],
        "name",
    )

    assert list(found) == ["name", "price", "tags"]
    assert found["name"] == FieldFigures(
        coverage=0.75, types={"text": 1.0}, length=4.0, words=("Kettle", "Pot"), repeated=1
    )
    assert (found["price"].least, found["price"].most, found["price"].words) == (5, 7.5, None)
    assert found["price"].types == {"number": 2 / 3, "text": 1 / 3}
    assert (found["tags"].coverage, found["tags"].types) == (0.25, {"list": 1.0})


@given(RECORDS)
def test_figures_hold_for_any_records_and_travel_as_json(records: list[dict[str, Any]]) -> None:
    for known in figures(records, "a").values():
        assert 0 < known.coverage <= 1
        assert abs(sum(known.types.values()) - 1) < 1e-9
        assert known.least is None or known.most is None or known.least <= known.most
        assert known.words is None or len(known.words) <= MOST_WORDS
        said = json.loads(json.dumps(known.as_json()))
        assert FieldFigures.of_json(said).as_json() == said


def test_fields_beyond_a_bound_are_not_told_apart() -> None:
    assert len(figures([{f"f{number}": 1 for number in range(1_000)}])) == MOST_FIELDS


def test_fields_that_rules_ask_for_are_told_apart_beyond_it() -> None:
    many = {f"f{number}": number for number in range(MOST_FIELDS + 9)}
    rules = Rules.read({"fields": {"last": {"coverage": 1, "max": 5}, "inner.last": {"coverage": 1}}})
    found = Statistics(wanted=rules.wanted)
    for _ in range(2):
        found.add({**many, "last": 7, "inner": {"last": 1}})

    told = breaches(rules, items=2, errors=0.0, figures=found.figures())
    assert list(told) == [Breach(rule="max", field="last", wanted=5, found=7)]
    assert found.untold().fields == 10
    assert "f205" not in found.figures()


def test_fields_that_are_compared_are_told_apart_in_whatever_order_they_come() -> None:
    names = [f"f{number}" for number in range(2 * MOST_FIELDS)]
    record = dict.fromkeys(names, 1)
    past = [(20, figures([record] * 20))] * 3
    usual = compared(past)
    found = Statistics(usual=usual)
    for _ in range(20):
        found.add(dict.fromkeys(reversed(names), 1))

    assert usual == set(names[:MOST_FIELDS])
    assert found.figures().keys() == usual
    assert list(drifts(20, found.figures(), past)) == []
    assert [one.field for one in drifts(20, figures([dict.fromkeys(reversed(names), 1)] * 20), past)][:1] == [
        "f0"
    ]


def test_each_broken_rule_is_told_with_its_numbers() -> None:
    rules = Rules.read(
        {
            "min_items": 50,
            "max_errors": 0.1,
            "fields": {
                "name": {"coverage": 1.0, "unique": True},
                "price": {"min": 10, "max": 20},
                "sku": {"coverage": 0.5},
            },
        }
    )
    records = [*shop(), {"name": "Thing 000", "price": 1.0}, {"price": 99.0}]
    found = list(breaches(rules, items=len(records), errors=0.25, figures=figures(records, *rules.unique)))

    assert found == [
        Breach(rule="min_items", field=None, wanted=50, found=22),
        Breach(rule="max_errors", field=None, wanted=0.1, found=0.25),
        Breach(rule="coverage", field="name", wanted=1.0, found=0.9545),
        Breach(rule="unique", field="name", wanted=0, found=1),
        Breach(rule="min", field="price", wanted=10, found=1.0),
        Breach(rule="max", field="price", wanted=20, found=99.0),
        Breach(rule="coverage", field="sku", wanted=0.5, found=0.0),
    ]


def test_part_is_asked_what_some_records_can_break() -> None:
    rules = Rules.read(
        {
            "min_items": 5,
            "max_errors": 0.5,
            "hold": False,
            "fields": {"a": {"coverage": 1, "min": 0, "max": 9, "unique": True}, "b": {"coverage": 1}},
        }
    )
    bounds = {"a": {"min": 0, "max": 9, "unique": True}}

    assert rules.of_part(tried=10) == Rules(max_errors=0.5, hold=False, fields=bounds)
    assert rules.of_part(tried=9) == Rules(hold=False, fields=bounds)


def test_rules_that_hold_and_runs_without_items_tell_nothing_more() -> None:
    rules = Rules.read({"min_items": 1, "fields": {"price": {"coverage": 1, "min": 0}}})

    assert list(breaches(rules, items=20, errors=0.0, figures=figures(shop()))) == []
    assert [one.rule for one in breaches(rules, items=0, errors=0.0, figures={})] == ["min_items"]
    assert list(breaches(Rules.read({}), items=0, errors=1.0, figures={})) == []


def test_runs_as_before_do_not_drift_nor_do_they_where_too_few_say_what_is_usual() -> None:
    assert told(shop(), shop(), shop(), shop()) == []
    assert told(shop(18), shop(), shop(), shop()) == []
    assert told(shop(price=None), shop(), shop()) == []
    assert told(shop(price=None), shop(5), shop(), shop()) == []
    assert told(shop(price=None), shop(), fewest=1) == [("coverage", "price")]


def test_a_changed_site_is_noticed_by_what_it_does_to_the_data() -> None:
    usual = [shop(), shop(22), shop(21)]

    assert told(shop(8), *usual) == [("items", None)]
    assert told([], *usual) == [("items", None)]
    assert told(shop(price=None), *usual) == [("coverage", "price")]
    assert told(shop(price="5 €"), *usual) == [("type", "price")]
    assert told(shop(name="x" * 200), *usual) == [("length", "name")]
    assert told(shop(stock="away"), *usual) == [("words", "stock")]
    assert told(shop(new="field"), *usual) == []


def test_one_word_in_the_place_of_many_is_noticed() -> None:
    def colours(*said: str) -> list[dict[str, Any]]:
        return [{"colour": said[number % len(said)]} for number in range(24)]

    many = tuple(f"colour {number:02}" for number in range(12))
    usual = [colours(*many)] * 3
    assert told(colours("colour 03"), *usual) == []
    assert told(colours("pick one!"), *usual) == [("words", "colour")]


def test_words_that_are_others_in_each_run_are_no_vocabulary() -> None:
    def news(day: int, kept: int = 0) -> list[dict[str, Any]]:
        return [{"title": f"Story {number + day * (20 - kept)}"} for number in range(20)]

    assert told(news(4), news(1), news(2), news(3)) == []
    assert told(news(4, kept=12), news(1, kept=12), news(2, kept=12), news(3, kept=12)) == []
    assert told(shop(stock="away"), shop(), fewest=1) == []
    assert told(shop(stock="away"), shop(), shop(), fewest=1) == [("words", "stock")]


def test_a_field_that_was_seldom_there_is_lost_only_when_half_of_that_is() -> None:
    def some(many: int) -> list[dict[str, Any]]:
        return [*shop(100 - many), *shop(many, was=9.0)]

    usual = [some(10), some(12), some(11)]
    assert told(some(6), *usual) == []
    assert told(some(4), *usual) == [("coverage", "was")]


def test_a_field_that_not_every_run_had_is_not_missed() -> None:
    assert told(shop(), shop(was=9.0), shop(), shop()) == []


FEW = st.fixed_dictionaries(
    {},
    optional={name: st.sampled_from([None, "", "new", "used", "x" * 70, 0, 5.5, True, [1]]) for name in "ab"},
)
RUNS = st.lists(st.lists(FEW, min_size=FEWEST_ITEMS, max_size=FEWEST_ITEMS + 1), min_size=3, max_size=3)


@settings(max_examples=50)
@given(RUNS, st.integers(0, 2))
def test_a_run_that_says_what_one_before_said_never_drifts(
    past: list[list[dict[str, Any]]], same: int
) -> None:
    assert told(past[same], *past) == []


@given(st.integers(10, 40), st.data())
def test_a_loss_is_told_from_a_fifth_of_the_records_on(many: int, data: st.DataObject) -> None:
    lost = data.draw(st.integers(0, many))
    now = [*shop(lost, price=None), *shop(many)[lost:]]

    assert (("coverage", "price") in told(now, shop(), shop(), shop())) == ((many - lost) / many < 0.8)


RULES = st.fixed_dictionaries(
    {},
    optional={
        "coverage": st.sampled_from([0.25, 0.5, 1.0]),
        "min": st.integers(-9, 0),
        "max": st.integers(0, 9),
        "unique": st.just(value=True),
    },
)


def broken(records: list[dict[str, Any]], name: str, rule: Mapping[str, Any]) -> set[str]:
    """Return by a plain model which of its rules a field breaks."""
    said = [record[name] for record in records if record.get(name) not in (None, "", [])]
    numbers = [value for value in said if isinstance(value, int | float) and not isinstance(value, bool)]
    different = {json.dumps(value) for value in said}
    return {
        kind
        for kind, is_broken in {
            "coverage": len(said) < rule.get("coverage", 0) * len(records),
            "min": any(value < rule.get("min", value) for value in numbers),
            "max": any(value > rule.get("max", value) for value in numbers),
            "unique": rule.get("unique", False) and len(different) < len(said),
        }.items()
        if is_broken
    }


@given(RECORDS.filter(bool), st.dictionaries(st.sampled_from("abc"), RULES, max_size=3))
def test_those_rules_are_told_that_a_plain_model_finds_broken(
    records: list[dict[str, Any]], said: dict[str, dict[str, Any]]
) -> None:
    rules = Rules.read({"fields": said})
    crowd = {f"f{number}": 1 for number in range(MOST_FIELDS)}
    counted = Statistics(wanted=rules.wanted, unique=rules.unique)
    for record in records:
        counted.add(crowd | record)
    found = breaches(rules, items=len(records), errors=0.0, figures=counted.figures())

    assert {(one.field, one.rule) for one in found} == {
        (name, kind) for name, rule in said.items() for kind in broken(records, name, rule)
    }
