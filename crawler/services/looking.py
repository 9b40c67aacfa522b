"""Looks for selectors that repair a held run, and tries them on all of its pages, a batch to a step.

How far it is stands in one row together with what was counted, so that a crash costs a batch, and two that
go on with the same one count nothing twice.
"""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction

from crawler import trials
from crawler.models import LookState, Publication, RepairLook
from crawler.queries import mending as queries
from crawler.queue import Work
from crawler.services import holding, looks, mending, outbox

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

BUDGET_SECONDS: Final = 20.0


def advance(
    *,
    run: int,
    now: datetime,
    budget_seconds: float = BUDGET_SECONDS,
    monotonic: Callable[[], float] = time.monotonic,
) -> None:
    """Go on within the budget, and ask for the rest of it to be done after others' work."""
    began = monotonic()
    while step(run=run, now=now + timedelta(seconds=monotonic() - began)):
        if monotonic() - began >= budget_seconds:
            with transaction.atomic():
                outbox.post(Work.REPAIR, now=now, run=run)
            return


def step(*, run: int, now: datetime) -> bool:
    """Look for selectors, or try what was found on the next pages; return whether there is more to do.

    A run that is decided on meanwhile needs nothing any more.
    """
    row = (
        RepairLook.objects.select_related("run__target").exclude(state__in=looks.OVER).filter(run=run).first()
    )
    if row is None or row.run.publication != Publication.HELD:
        return False
    return _look(row, now=now) if row.state == LookState.QUEUED else _try(row, now=now)


def _look(row: RepairLook, *, now: datetime) -> bool:
    try:
        found = mending.propose(row.run)
    except (mending.CannotMend, holding.NotHeld) as error:
        return _write(row, state=LookState.FAILED, reason=str(error)[:600], beat_at=now)
    total, until = queries.reach(row.run)
    return _write(
        row, state=LookState.TRYING, found=mending.as_json(found), total=total, until=until, beat_at=now
    )


def _try(row: RepairLook, *, now: datetime) -> bool:
    part = queries.next_pages(row)
    declared = [
        (name, proposal["declared"]) for name, many in row.found["fields"].items() for proposal in many
    ]
    if not part.items or not declared:
        return _write(row, state=LookState.DONE, beat_at=now)
    counts, read = _counted(row, part.pages, declared) if part.pages else ([], 0)
    return _write(
        row,
        after=part.last,
        seen=row.seen + part.items,
        tried=row.tried + read,
        left_out=row.left_out + len(part.pages) - read,
        counts=_added(row.counts, [name for name, _said in declared], counts) if counts else row.counts,
        beat_at=now,
    )


def _counted(
    row: RepairLook, pages: Sequence[queries.Known], declared: Sequence[tuple[str, Mapping[str, Any]]]
) -> tuple[list[dict[str, int]], int]:
    """Return what each declaration gives on the pages, and on how many; none where they cannot be read."""
    try:
        counts, read = trials.tried_of(
            pages, row=row.found["row"], fields=row.settings["fields"], declared=declared
        )
    except (trials.TookTooLong, trials.CannotTry, MemoryError):
        return [], 0
    return [asdict(one) for one in counts], read


def _added(
    before: Mapping[str, Sequence[Mapping[str, int]]],
    names: Sequence[str],
    counts: Sequence[Mapping[str, int]],
) -> dict[str, list[dict[str, int]]]:
    found: dict[str, list[dict[str, int]]] = {}
    for name, one in zip(names, counts, strict=True):
        place = len(found.setdefault(name, []))
        known = before[name][place] if name in before else {}
        found[name].append({key: known.get(key, 0) + many for key, many in one.items()})
    return found


def _write(row: RepairLook, **values: Any) -> bool:
    """Write how far it is, unless somebody else has gone on; return whether there is more to do."""
    ours = RepairLook.objects.filter(pk=row.pk, after=row.after, state=row.state, beat_at=row.beat_at)
    if not ours.update(**values):
        return False
    return values.get("state", row.state) not in looks.OVER
