"""Of runs that read a part: what they lose of what items have adds up, whatever their sizes are."""

from __future__ import annotations

from collections import defaultdict
from math import exp
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.policy.quality import Beside, FieldFigures, Statistics, partial_drifts, score, steady
from crawler.policy.quality.partial import ALLOWED, TOLERATED, Steady

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Record = dict[str, Any]
MANY = 40
PRICED = {"price": Steady(covered=True, kind="number", least=1.0)}
RUNS = st.lists(st.lists(st.integers(0, MANY - 1), min_size=1, max_size=12, unique=True), max_size=25)


class Shop:
    """Items as runs of a part change them that are published, and what these have lost so far."""

    def __init__(self) -> None:
        self.items: dict[int, Record] = {number: {"price": 5.0} for number in range(MANY)}
        self.scores: dict[str, float] = {}
        self.had = 0

    def read(self, records: dict[int, Record]) -> bool:
        """Compare a run's records, and publish them unless it is held; return whether it is published."""
        beside = Beside(PRICED)
        for number, record in records.items():
            beside.add(f"/{number}", record, self.items.get(number))
        if list(partial_drifts(beside, self.scores)):
            return False
        tally = beside.tallies["price"]
        self.scores["price"] = score(
            self.scores.get("price", 0.0), records=tally.records, lost=tally.lost, gained=tally.gained
        )
        self.had += tally.records
        self.items |= records
        return True

    @property
    def blanks(self) -> int:
        return sum(item["price"] is None for item in self.items.values())


def figures(records: Iterable[Record]) -> dict[str, FieldFigures]:
    found = Statistics()
    for record in records:
        found.add(record)
    return found.figures()


def told(steady_: dict[str, Steady], records: Sequence[tuple[Record, Record | None]]) -> list[str]:
    beside = Beside(steady_)
    for number, (record, item) in enumerate(records):
        beside.add(f"/{number}", record, item)
    return [one.rule for one in partial_drifts(beside, {})]


@given(RUNS)
def test_blanks_that_come_bit_by_bit_stop_at_eight(parts: list[list[int]]) -> None:
    shop = Shop()
    for part in parts:
        shop.read({number: {"price": None} for number in part})

    assert shop.blanks <= 8


@given(RUNS, st.data())
def test_whatever_is_published_blanks_no_more_than_six_and_a_quarter(
    parts: list[list[int]], data: st.DataObject
) -> None:
    shop = Shop()
    prices = st.sampled_from([None, 5.0, 6.0])
    for part in parts:
        shop.read({number: {"price": data.draw(prices)} for number in part})
        assert shop.blanks <= ALLOWED + TOLERATED * shop.had


@given(RUNS)
def test_site_where_one_of_four_values_is_lost_at_most_is_never_held(parts: list[list[int]]) -> None:
    shop = Shop()
    for part in parts:
        priced = [number for number in part if shop.items[number]["price"]]
        lost = set(priced[: len(priced) // 4])
        assert shop.read({number: {"price": None if number in lost else 5.0} for number in part})


@pytest.mark.parametrize(("p", "likely"), [(1 / 9, 2e-5), (1 / 20, 4e-9)])
def test_normal_site_is_held_as_seldom_as_is_said(p: float, likely: float) -> None:
    """The chances are worked out exactly, record by record, as the sum has 25 values only."""
    chances, held, records = {0.0: 1.0}, 0.0, 500
    for _ in range(records):
        after: defaultdict[float, float] = defaultdict(float)
        for before, chance in chances.items():
            after[score(before, records=1, lost=1, gained=0)] += chance * p
            after[score(before, records=1, lost=0, gained=0)] += chance * (1 - p)
        held += sum(chance for now, chance in after.items() if now > ALLOWED)
        chances = {now: chance for now, chance in after.items() if now <= ALLOWED}

    assert 0 < held < records * likely
    low, high = 0.5, 9.0
    for _ in range(60):
        t = (low + high) / 2
        low, high = (low, t) if p * exp(0.75 * t) + (1 - p) * exp(-t / 4) > 1 else (t, high)
    assert exp(-ALLOWED * low) < likely


def test_ten_pages_in_a_row_are_held_and_one_is_not() -> None:
    shop = Shop()
    assert shop.read({0: {"price": None}})
    assert [shop.read({number: {"price": None}}) for number in range(1, 10)] == [True] * 7 + [False] * 2
    assert shop.read({number: {"price": 5.0} for number in range(10, 20)})
    assert shop.read({20: {"price": None}})


def test_value_that_is_there_again_makes_up_for_one_that_is_lost() -> None:
    shop = Shop()
    for _ in range(50):
        assert shop.read({0: {"price": None}, 1: {"price": 5.0}})
        assert shop.read({0: {"price": 5.0}})
    assert shop.scores["price"] == 0.0


def test_values_of_another_type_are_lost_and_new_records_count() -> None:
    item = {"price": 5.0}
    assert told(PRICED, [({"price": "5 €"}, item)] * 9) == ["type"]
    assert told(PRICED, [({"price": "5 €"}, item)] * 4 + [({}, item)] * 5) == ["coverage"]
    assert told(PRICED, [({}, None)] * 9) == ["coverage"]
    assert told(PRICED, [({}, {"price": None})] * 99) == []
    assert told(PRICED, [({"price": 7}, item)] * 99) == []


def test_where_values_are_seldom_only_their_type_counts() -> None:
    seldom = {"was": Steady(covered=False, kind="number", least=0.5)}
    item = {"was": 9.0}
    assert told(seldom, [({}, item)] * 99) == []
    assert told(seldom, [({"was": "9 €"}, item)] * 9) == ["type"]


def test_only_what_nearly_all_records_of_all_runs_had_is_compared() -> None:
    full = figures([{"name": "A", "price": 5.0, "was": 9.0}] * 9 + [{"name": "B", "price": 5.0}])
    past = [(10, full), (10, full), (10, full)]
    assert set(steady(past, {})) == {"name", "price", "was"}
    assert steady(past, {})["was"] == Steady(covered=True, kind="number", least=0.9)
    assert steady(past[:2], {}) == {}
    assert set(steady(past[:1], {}, fewest=1)) == {"name", "price", "was"}
    assert set(steady([*past, (10, figures([{"name": "A"}]))], {})) == {"name"}
    mixed = figures([{"name": "A"}, {"name": 5}, {}, {}])
    assert steady([*past, (10, mixed)], {}) == {}


def test_what_a_person_took_for_usual_in_a_part_is_compared_with_instead() -> None:
    full = figures([{"name": "A", "price": 5.0}] * 10)
    past = [(10, full)] * 3
    assert set(steady(past, {"price": None})) == {"name"}
    texts = figures([{"price": "5 €"}])
    assert steady(past, {"price": texts["price"]})["price"] == Steady(covered=True, kind="text", least=1.0)
