"""Whose turn it is when several runs are to be published, discarded or compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


class Waiting(NamedTuple):
    """A run that has work left; `turn_at` is when some of it was done last, None before the first."""

    run: int
    target: int
    turn_at: datetime | None


def turns(waiting: Iterable[Waiting]) -> list[int]:
    """Return the runs that have a turn now, in its order: of each target the oldest.

    Those of one target come one after the other, as they say what its items were in this order. Who
    had no turn yet is first, then whose was longest ago.
    """
    oldest: dict[int, Waiting] = {}
    for one in sorted(waiting, key=lambda one: one.run):
        oldest.setdefault(one.target, one)
    never = [one.run for one in oldest.values() if one.turn_at is None]
    had = sorted((one.turn_at, one.run) for one in oldest.values() if one.turn_at is not None)
    return [*sorted(never), *(run for _at, run in had)]
