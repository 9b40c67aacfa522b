"""Whose requests a host serves next."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from crawler.frontier.turns import AGEING_EVERY, Turn, Waiting, on_top, plan


def waiting(backlog: int, priority: int, turn: int = 0) -> Waiting:
    return Waiting(backlog=backlog, priority=priority, turn=turn)


def shares(planned: tuple[Turn, ...]) -> dict[int, int]:
    return {turn.backlog: turn.count for turn in planned}


backlogs = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 1000)), min_size=1, max_size=6).map(
    lambda pairs: [waiting(number, *pair) for number, pair in enumerate(pairs, 1)]
)


def test_nothing_waiting_or_nothing_wanted_gives_no_turns() -> None:
    assert plan([], turns=0, count=5) == ()
    assert plan([waiting(1, 5)], turns=0, count=0) == ()


def test_the_only_backlog_gets_everything() -> None:
    assert plan([waiting(1, 3)], turns=7, count=5) == (Turn(backlog=1, count=5, priority=3, turn=12),)


def test_equal_backlogs_take_turns() -> None:
    assert shares(plan([waiting(1, 5), waiting(2, 5)], turns=0, count=8)) == {1: 4, 2: 4}


def test_equal_backlogs_take_turns_one_at_a_time_too() -> None:
    served: list[int] = []
    turns = {1: 0, 2: 0, 3: 0}
    for number in range(9):
        (turn,) = plan([waiting(b, 5, t) for b, t in turns.items()], turns=number, count=1)
        turns[turn.backlog] = turn.turn
        served.append(turn.backlog)

    assert Counter(served) == {1: 3, 2: 3, 3: 3}


def test_more_urgent_goes_first() -> None:
    assert shares(plan([waiting(1, 2), waiting(2, 9)], turns=0, count=8)) == {2: 8}


def test_every_ninth_turn_goes_to_the_one_waiting_longest_and_travels_as_urgent() -> None:
    planned = plan([waiting(1, 0), waiting(2, 9)], turns=0, count=90)

    assert shares(planned) == {1: 10, 2: 80}
    assert {turn.priority for turn in planned} == {9}


def test_ageing_counts_over_many_small_plans() -> None:
    served: Counter[int] = Counter()
    turns = {1: 0, 2: 0}
    for number in range(90):
        (turn,) = plan([waiting(1, 0, turns[1]), waiting(2, 9, turns[2])], turns=number, count=1)
        turns[turn.backlog] = turn.turn
        served[turn.backlog] += 1

    assert served == {1: 10, 2: 80}


@given(found=backlogs, turns=st.integers(0, 10_000), count=st.integers(1, 200))
def test_exactly_what_is_wanted_is_dealt_and_the_most_urgent_get_nearly_all(
    found: list[Waiting], turns: int, count: int
) -> None:
    planned = plan(found, turns=turns, count=count)
    top = max(entry.priority for entry in found)
    urgent = {entry.backlog for entry in found if entry.priority == top}

    assert sum(turn.count for turn in planned) == count
    assert max(turn.turn for turn in planned) == turns + count
    assert len({turn.backlog for turn in planned}) == len(planned)
    others = sum(turn.count for turn in planned if turn.backlog not in urgent)
    assert others <= count // AGEING_EVERY + 1


def test_nothing_comes_on_top_of_what_is_as_urgent() -> None:
    assert on_top([waiting(1, 5), waiting(2, 1)], turns=8, least=5) == ()
    assert on_top([], turns=8, least=0) == ()


def test_one_request_comes_on_top_and_the_ninth_turn_after_it() -> None:
    bulk, urgent = waiting(1, 1), waiting(2, 9)

    assert shares(on_top([bulk, urgent], turns=3, least=1)) == {2: 1}
    ninth = on_top([bulk, urgent], turns=AGEING_EVERY - 1, least=1)
    assert [(turn.backlog, turn.count, turn.priority) for turn in ninth] == [(2, 1, 9), (1, 1, 9)]


@given(found=backlogs, turns=st.integers(0, 10_000), least=st.integers(0, 9))
def test_what_comes_on_top_begins_with_something_more_urgent(
    found: list[Waiting], turns: int, least: int
) -> None:
    planned = on_top(found, turns=turns, least=least)
    priorities = {entry.backlog: entry.priority for entry in found}

    assert bool(planned) == (max(priorities.values()) > least)
    assert sum(turn.count for turn in planned) <= 2
    assert all(priorities[turn.backlog] > least for turn in planned[:1])
