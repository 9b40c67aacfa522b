"""`./run held`: which runs are held, what broke in them, and what is decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson
from django.utils import timezone

from crawler.models import Publication, Run
from crawler.queries import mending as queries
from crawler.services import holding, looking, looks, mending
from crawler.services.replays import Busy
from crawler.services.targets import InvalidTarget
from crawler.services.terminal import replaying, waiting
from crawler.services.terminal.asked import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crawler.services.mending import Look

NONE: Final = "No run is held."
HOW: Final = "--accept publishes it, --discard drops it, --repair looks for the fields that broke."
USUAL: Final = "Later runs are compared with this one."
MOST_PAGES: Final = 3


def tell(number: str | None, decision: str) -> list[str]:
    """Return what is said of the held runs, or of one, once that is decided on. Raises Refusal."""
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
            return _repaired(run)
        case _:
            return [_line(run), *broken(run), HOW]
    _finish(run)
    run.refresh_from_db(fields=["publication", "items_new", "items_changed", "items_restored"])
    return [_done(run)]


def _finish(run: Run) -> None:
    while holding.step(run.pk, now=timezone.now()):
        pass


def _repaired(run: Run) -> list[str]:
    """Mend the run's target with the best that is proposed, and read its pages again to the end."""
    try:
        look = _looked(run)
        replay = mending.repair(
            run, fields=look.chosen, row=look.mended.row, by=None, now=timezone.now(), sends=False
        )
    except (mending.CannotMend, Busy, InvalidTarget) as error:
        raise Refusal(str(error), status=1) from None
    _finish(run)
    replay = replaying.go_on(replay, say=lambda _line: None)
    lines = [_gives(look, name) for name, found in look.mended.fields.items() if found]
    lines += [f"{name}: nothing was found" for name in look.without]
    if look.progress and look.progress.is_cut:
        lines.append(f"Tried on the pages of {look.progress.seen:,} of {look.progress.total:,} items.")
    return [*lines, *replaying.lines(replay)]


def _looked(run: Run) -> Look:
    """Return what is proposed for a run, tried on all of its pages."""
    if mending.look(run) is None:
        mending.look_again(run, now=timezone.now(), sends=False)
    while looking.step(run=run.pk, now=timezone.now()) or _others_look(run):
        pass
    run.refresh_from_db(fields=["publication"])
    found = mending.look(run)
    if found is None:
        raise mending.CannotMend("the fields of the target were changed just now; try again")
    return found


def _others_look(run: Run) -> bool:
    """Wait a moment where somebody else goes on with a look; say whether there is something to wait for."""
    is_over = not looks.under_way(run)
    if not is_over:
        waiting.pause()
    return not is_over


def _gives(look: Look, name: str) -> str:
    """Return what the first proposal of a field gives: on all pages where it was tried on them."""
    best, of_all = look.mended.fields[name][0], look.counts(name)[0]
    said = f"{name}: {orjson.dumps(best.declared).decode()} gives"
    if of_all is None:
        return f"{said} {best.restored:,} of {best.known:,} values as before"
    return (
        f"{said} {of_all.restored:,} of {of_all.known:,} values as before, all of them on {of_all.whole:,} "
        f"of {of_all.pages:,} pages"
    )


def _line(run: Run) -> str:
    return f"run {run.pk} of {run.target.name} (target {run.target_id}): {run.items:,} items held"


def broken(run: Run) -> Iterator[str]:
    """Yield in what a run looks otherwise than those before, with some of the pages that it is about."""
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
