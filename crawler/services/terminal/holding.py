"""`./run held`: which runs are held, what broke in them, and what is decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.utils import timezone

from crawler.models import Publication, Run
from crawler.queries import mending as queries
from crawler.services import holding
from crawler.services.terminal import repairing
from crawler.services.terminal.asked import Refusal
from crawler.services.terminal.plain import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

NONE: Final = "No run is held."
HOW: Final = (
    "--accept publishes it, --discard drops it, --proposals tells what reads the fields that broke, "
    "--repair takes it."
)
USUAL: Final = "Later runs are compared with this one."
MOST_PAGES: Final = 3


def tell(number: str | None, decision: str, *, take: Sequence[str] = (), more: bool = False) -> list[str]:
    """Return what is said of the held runs, or of one, once that is decided on.

    `take` and `more` are for a repair. Raises Refusal.
    """
    given = next((option for option, said in (("--take", take), ("--more", more)) if said), "")
    if given and decision != "repair":
        raise Refusal(f"{given}: it says what --repair takes; give that, too")
    if number is None:
        if decision:
            raise Refusal("RUN: name the run that is decided on; ./run held lists those that are held")
        found = Run.objects.held().without_secrets().select_related("target").order_by("pk")
        return [_line(run) for run in found] or [NONE]
    run = run_of(number)
    if run.publication != Publication.HELD:
        if decision == "accept" and holding.accept(run, by="", now=timezone.now()):
            return [USUAL]
        raise Refusal(str(holding.NotHeld(run)), status=1)
    match decision:
        case "accept":
            holding.accept(run, by="", now=timezone.now())
        case "discard":
            holding.discard(run, by="", now=timezone.now())
        case "repair":
            return repairing.repaired(run, take, more=more)
        case "proposals":
            return repairing.proposals(run)
        case _:
            return [_line(run), *broken(run), HOW]
    repairing.finish(run)
    run.refresh_from_db(fields=["publication", "items_new", "items_changed", "items_restored"])
    return [_done(run)]


def _line(run: Run) -> str:
    return f"run {run.pk} of {run.target.name} (target {run.target_id}): {run.items:,} items held"


def broken(run: Run) -> Iterator[str]:
    """Yield in what a run looks otherwise than those before, with some of the pages that it is about."""
    yield from map(plain, _broken(run))


def _broken(run: Run) -> Iterator[str]:
    drifts: list[Mapping[str, Any]] = (run.report.get("data") or {}).get("drifts", [])
    for one in drifts:
        place = f"{one['field']}: " if one["field"] else ""
        yield f"{place}{one['rule']} is {one['found']}, and was {one['wanted']}"
        for page in one.get("pages", [])[:MOST_PAGES]:
            yield f"  {page['url']}"
    first = queries.since(run)
    if first != run.pk:
        yield f"What runs of a part lost since run {first} counts together."


def _done(run: Run) -> str:
    if run.publication != Publication.PUBLISHED:
        return "Discarded. The items are as they were; the pages stay stored."
    return (
        f"Published: {run.items_new:,} new, {run.items_changed:,} changed, {run.items_restored:,} restored. "
        f"{USUAL}"
    )


def run_of(number: str) -> Run:
    """Return the run with this number; raises Refusal."""
    known = number.isascii() and number.isdecimal() and len(number) < 19
    rows = Run.objects.without_secrets().select_related("target")
    found = rows.filter(pk=int(number)).first() if known else None
    if found is None:
        raise Refusal(f"RUN: there is no run {number!r}; ./run held lists those that are held")
    return found
