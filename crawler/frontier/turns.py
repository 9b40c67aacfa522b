"""Whose requests a host serves next: the most urgent first, equals in turns, and nobody never."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

AGEING_EVERY = 9
"""Rather more than a tenth, so that a tenth remains of what is given back and claimed anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One open backlog with requests that are due; `turn` is when its host last served it."""

    backlog: int
    priority: int
    turn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """How many requests to claim from a backlog, and the priority they are sent with."""

    backlog: int
    count: int
    priority: int
    turn: int


def plan(waiting: Sequence[Waiting], *, turns: int, count: int) -> tuple[Turn, ...]:
    """Share `count` requests of a host, which has served `turns` so far, among its backlogs.

    Each turn goes to a backlog of the highest priority, the one waiting longest among equals;
    every ninth goes to the one waiting longest of all, and is sent as if it were as urgent as
    the most urgent. That is the ageing: bulk work never starves.
    """
    if not waiting or count <= 0:
        return ()
    top = max(entry.priority for entry in waiting)
    if len(waiting) == 1:
        only = waiting[0]
        return (Turn(backlog=only.backlog, count=count, priority=top, turn=turns + count),)
    return _deal(waiting, top=top, turns=turns, count=count)


def on_top(waiting: Sequence[Waiting], *, turns: int, least: int) -> tuple[Turn, ...]:
    """Plan one request that is more urgent than `least`, the least urgent of hands that are full.

    A ninth turn comes with it, after it: what is in hand and less urgent waits there until nothing more
    urgent is left, so that without its turns the work it belongs to would have none.
    """
    if not any(entry.priority > least for entry in waiting):
        return ()
    count = 2 if (turns + 1) % AGEING_EVERY == 0 else 1
    priorities = {entry.backlog: entry.priority for entry in waiting}
    dealt = plan(waiting, turns=turns, count=count)
    return tuple(sorted(dealt, key=lambda turn: -priorities[turn.backlog]))


def _deal(waiting: Iterable[Waiting], *, top: int, turns: int, count: int) -> tuple[Turn, ...]:
    last = {entry.backlog: entry.turn for entry in waiting}
    urgent = [entry.backlog for entry in waiting if entry.priority == top]
    dealt: Counter[int] = Counter()
    for turn in range(turns + 1, turns + count + 1):
        candidates = last if turn % AGEING_EVERY == 0 else urgent
        chosen = min(candidates, key=lambda backlog: (last[backlog], backlog))
        dealt[chosen] += 1
        last[chosen] = turn
    return tuple(Turn(backlog=b, count=n, priority=top, turn=last[b]) for b, n in dealt.items())
