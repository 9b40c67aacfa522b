"""What a crawl says when it has ended, and the exit status it leaves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from crawler.errors import in_words
from crawler.models import Run, RunState
from crawler.queries import problems
from crawler.queries import runs as queries
from crawler.services.terminal import figures

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db import DatabaseError

    from crawler.queries.runs import Reason
    from crawler.services.terminal.display import Display
    from crawler.services.terminal.figures import Figures
    from crawler.services.terminal.interrupts import Interrupts
    from crawler.services.terminal.outputs import Destination

BROKEN_PIPE: Final = 141
MOST_REASONS: Final = 5
MOST_PROBLEMS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A crawl at its end: its run as it is now, how many items were `written`, and what broke."""

    run: Run
    place: Destination
    written: int
    error: OSError | DatabaseError | None


def sum_up(ended: Ended, shown: Figures, display: Display) -> None:
    """Say how much there was, why pages are missing, what pages lacked, and where the items are."""
    run, place = ended.run, ended.place
    reasons = [
        replace(reason, reason=in_words(reason.reason)) for reason in queries.reasons(run, limit=MOST_REASONS)
    ]
    for line in figures.summary(shown, run=run.pk, state=run.state, reasons=reasons):
        display.say(line)
    for line in figures.lacking(problems.kinds(run), most=MOST_PROBLEMS):
        display.say(line)
    if place.path is not None:
        kept = " (left as it was)" if run.state == RunState.FAILED and not place.flows else ""
        display.say(f"{place.path}: {figures.count(ended.written, 'item')} written{kept}")


def say_trouble(ended: Ended, display: Display, *, summed_up: bool) -> None:
    """Say what went wrong, and how to go on where that is possible.

    What kept pages away is not said again where it was `summed_up`.
    """
    run, place, error = ended.run, ended.place, ended.error
    if error is not None and not isinstance(error, BrokenPipeError):
        where = place.path if isinstance(error, OSError) and place.path else "the crawl stopped"
        display.say(f"{where}: {getattr(error, 'strerror', None) or error}")
    if run.state == RunState.FAILED:
        told = queries.reasons(run, limit=MOST_REASONS) if summed_up else ()
        display.say(f"run {run.pk} failed: {in_words(_without(told, run.reason))}")
    if run.state == RunState.PAUSED:
        display.say(f"run {run.pk} is paused; go on with: ./run crawl --resume {run.pk}")


def _without(told: Iterable[Reason], reason: str) -> str:
    """Return `reason` without the cause at its end, if that was told."""
    for other in told:
        reason = reason.removesuffix(f" ({other.reason})")
    return reason


def status(ended: Ended, interrupts: Interrupts) -> int:
    """Return the exit status."""
    if isinstance(ended.error, BrokenPipeError):
        return BROKEN_PIPE
    if ended.error is not None:
        return 1
    if ended.run.is_final:
        return 0 if ended.run.state == RunState.FINISHED else 1
    return interrupts.status if interrupts.asked else 1
