"""How long a terminal keeps a host that workers wait for, and when its turn there comes again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

WANTED_FOR = timedelta(seconds=15)
"""How long a host is left to whoever asked for it."""

TURN = timedelta(seconds=30)
"""As long as a worker's slice usually lasts."""

LEAST = TURN / 10
"""The turn beside more urgent work: about a tenth of the time, as that of any bulk work."""

UNTAKEN = timedelta(seconds=20)
"""By then the reconciler has asked for a slice; a host that nobody took is not waited for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenure:
    """One turn on a host: since when, under which epoch, and how urgent what waited there was then.

    `beside` is None when nothing waited for workers.
    """

    since: datetime
    epoch: int
    beside: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """A host that was given back under `epoch`, to workers or (`asked`) to somebody who asked for it."""

    since: datetime
    epoch: int
    asked: bool = False


def gives_way(tenure: Tenure, *, own: int, waiting: int | None, now: datetime) -> bool:
    """Say whether the host goes to workers, for whose most urgent due work is `waiting`; None for none.

    Work no more urgent than the terminal's `own` waits for a whole turn. More urgent work has the host
    at once, unless it waited when the turn began: then it had its own turn just before.
    """
    if waiting is None:
        return False
    held = now - tenure.since
    if waiting <= own:
        return held >= TURN
    return held >= LEAST or tenure.beside is None or waiting > tenure.beside


def may_return(
    absence: Absence, *, epoch: int, due_at: datetime | None, waiting: int | None, now: datetime
) -> bool:
    """Say whether a free host may be taken again; `due_at` is when workers may have it.

    It is theirs for a turn if one of them took it, and waits for one that does as long as that may take.
    """
    if absence.asked or waiting is None or due_at is None:
        return True
    if epoch > absence.epoch + 1:
        return may_ask(absence, now=now)
    return now >= max(absence.since, due_at) + UNTAKEN


def may_ask(absence: Absence, *, now: datetime) -> bool:
    """Say whether a host that another holds may be asked for again."""
    return now - absence.since >= TURN
