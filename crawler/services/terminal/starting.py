"""`./run start`: a run that the service crawls, asked for and waited for in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.utils import timezone

from crawler.models import Publication, Run, RunState, RunTrigger
from crawler.models.held import UNDER_WAY
from crawler.queries.health import workers_alive
from crawler.services import runs
from crawler.services.runs import TargetDisabled
from crawler.services.terminal import waiting
from crawler.services.terminal.asked import Refusal
from crawler.services.terminal.registering import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WORKER: Final = "worker"
NOBODY: Final = "Nobody crawls now: the run waits until ./run up has started Trawl."
SOON: Final = (Publication.WAITING, *UNDER_WAY)
"""What of a run that ended is about to become something else."""


def start(number: str, *, priority: str | None = None) -> Run:
    """Have the service crawl a target now; raises Refusal."""
    target, now = listed(number), timezone.now()
    try:
        return runs.start(target=target, trigger=RunTrigger.MANUAL, priority=_priority(priority), now=now)
    except TargetDisabled as error:
        raise Refusal(str(error)) from None


def begun(run: Run) -> Iterator[str]:
    """Yield what is said of a run that was asked for."""
    yield f"run {run.pk} of {run.target.name} (target {run.target_id})"
    if not workers_alive(timezone.now()).get(WORKER):
        yield NOBODY


def attend(run: Run, *, say: Callable[[str], None], wait: Callable[[], object] = waiting.pause) -> Run:
    """Wait until a run has ended and its records are items, or held; `say` is told how far it is.

    Raises Refusal where the run is removed meanwhile.
    """
    said = ""
    while not (run.is_final and run.settled and run.publication not in SOON):
        wait()
        known = Run.objects.without_secrets().select_related("target").filter(pk=run.pk).first()
        if known is None:
            raise Refusal(f"run {run.pk} was removed meanwhile, with its target", status=1)
        run = known
        if (line := _standing(run)) != said:
            say(said := line)
    return run


def ended(run: Run) -> Iterator[str]:
    """Yield how a run ended, and how to read what it gave."""
    reason = f" ({run.reason})" if run.reason else ""
    yield f"{run.state}{reason}: {run.pages:,} pages, {run.items:,} items, {run.problems:,} problems"
    if run.publication == Publication.HELD:
        yield f"It is held, as its data looks otherwise than before: ./run held {run.pk}"
        return
    yield f"{run.items_new:,} items are new, {run.items_changed:,} changed."
    yield (
        f"./run items {run.target_id} prints the items, ./run changes --target {run.target_id} what became "
        f"of them, ./run data {run.pk} what they are like."
    )


def status(run: Run) -> int:
    """Return the exit status of a command that waited for this run."""
    return 0 if run.state == RunState.FINISHED else 1


def _standing(run: Run) -> str:
    return f"{run.state}: {run.pages:,} pages, {run.items:,} items, {run.waiting:,} requests wait"


def _priority(word: str | None) -> int | None:
    if word is None:
        return None
    if len(word) != 1 or word not in "0123456789":
        raise Refusal(f"--priority: must be a whole number from 0 to 9, 9 the most urgent, not {word!r}")
    return int(word)
