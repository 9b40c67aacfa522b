"""When a program that keeps ending is started again, and what `up` says of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from webui.processes.supervisor import State

FIRST_PAUSE: Final = timedelta(seconds=5)
LONGEST_PAUSE: Final = timedelta(seconds=60)
STEADY_AFTER: Final = timedelta(seconds=60)
ENDS_SOON: Final = 3


@dataclass(slots=True)
class _Past:
    """What is known of one program: since when it runs, and what it did since it last ran steadily."""

    started: int = 0
    starts: int = 0
    pauses: int = 0
    again_at: float | None = None


@dataclass(slots=True)
class Restarts:
    """Starts what supervisord has given up on after a pause that doubles, for ever.

    supervisord starts a program that ends again by itself, at once or a second later. So one that keeps
    ending is told by its starts; it is spoken of at the third, and then each time they have doubled.
    """

    _known: dict[str, _Past] = field(default_factory=dict)

    def look(self, states: Iterable[State], *, now: float) -> tuple[list[State], list[str]]:
        """Return which programs are to be started now, and what is to be said; `now` is monotonic, in s."""
        due: list[State] = []
        said: list[str] = []
        for state in states:
            past = self._known.setdefault(state.name, _Past(started=state.started))
            if self._keeps_ending(past, state):
                ended = f"{state.name} keeps ending ({past.starts} times)"
                said.append(f"{ended} and is started again; its log is {state.log}")
            if self._is_due(past, state, now):
                due.append(state)
        return due, said

    def _keeps_ending(self, past: _Past, state: State) -> bool:
        """Note what became of the program; say whether it is to be spoken of."""
        if state.ran_for >= STEADY_AFTER and state.word == "RUNNING":
            past.starts = past.pauses = 0
        if state.started == past.started:
            return False
        past.started = state.started
        past.starts += 1
        over, left = divmod(past.starts, ENDS_SOON)
        return not left and over & (over - 1) == 0

    @staticmethod
    def _is_due(past: _Past, state: State, now: float) -> bool:
        if state.word != "FATAL":
            past.again_at = None
            return False
        if past.again_at is None:
            past.again_at = now + pause(past.pauses).total_seconds()
            past.pauses += 1
            return False
        if now < past.again_at:
            return False
        past.again_at = None  # where this start is refused, the next is after a longer pause
        return True


def pause(before: int) -> timedelta:
    """Return how long a program is left alone that was given up on after so many pauses before."""
    return min(FIRST_PAUSE * (1 << min(before, 10)), LONGEST_PAUSE)
