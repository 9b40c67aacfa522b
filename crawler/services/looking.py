"""Looks for selectors that repair a held run, and tries them on its pages, a batch to a step.

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
from scrapers.suggesting import moving
from scrapers.suggesting.trying import Trial

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

BUDGET_SECONDS: Final = 20.0
MOST_TRIED: Final = 5_000
"""On so many pages what was found is tried at most, and so long."""
MOST_SECONDS: Final = 300.0
NOTHING: Final = Trial(counts=[])
RECORDS: Final = mending.RECORDS
CHANGED: Final = "the fields of the target were changed meanwhile; look again"
ENCRYPTED: Final = (
    *("run__headers", "run__secrets"),
    *(f"run__target__{name}" for name in ("headers", "login", "proxies")),
)
"""A lost key must not keep a run from being repaired."""


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

    A run that is decided on meanwhile needs nothing any more, nor does a target whose fields are others now.
    """
    looked = RepairLook.objects.exclude(state__in=looks.OVER).filter(run=run)
    row = looked.select_related("run__target").defer(*ENCRYPTED).first()
    if row is None or row.run.publication != Publication.HELD:
        return False
    if row.settings != looks.said(row.run.target):
        return _write(row, state=LookState.FAILED, reason=CHANGED, beat_at=now)
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
    declared = _declared(row)
    if not declared or row.tried + row.left_out >= MOST_TRIED or row.seconds >= MOST_SECONDS:
        return _write(row, state=LookState.DONE, beat_at=now)
    part = queries.next_pages(row, tuple(declared))
    if not part.items:
        return _write(row, state=LookState.DONE, beat_at=now)
    began, counts, tried, left_out = time.monotonic(), row.counts, row.tried, row.left_out
    for link, pages in part.pages.items():
        trial = _tried(row, pages, declared[link], link=link) if pages else NOTHING
        tried, left_out = tried + trial.read, left_out + len(pages) - trial.read
        counts = _added(counts, [path for path, _said in declared[link]], list(map(asdict, trial.counts)))
        if not link and trial.read:
            counts = _added(counts, [RECORDS], [{"given": trial.given, "known": trial.known}])
    return _write(
        row,
        after=part.last,
        seen=row.seen + part.items,
        tried=tried,
        left_out=left_out,
        counts=counts,
        seconds=row.seconds + time.monotonic() - began,
        beat_at=now,
    )


def _declared(row: RepairLook) -> dict[str, list[tuple[str, Mapping[str, Any]]]]:
    """Return what was found, by the links behind which its fields are read then."""
    found: dict[str, list[tuple[str, Mapping[str, Any]]]] = {}
    for path, many in row.found["fields"].items():
        for proposal in many:
            link = moving.link_of(row.settings["fields"], path, proposal["declared"])
            found.setdefault(link, []).append((path, proposal["declared"]))
    return found


def _tried(
    row: RepairLook,
    pages: Sequence[queries.Known],
    declared: Sequence[tuple[str, Mapping[str, Any]]],
    *,
    link: str,
) -> Trial:
    """Return what each declaration gives on the pages, and on how many; on none where they cannot be read."""
    fields = moving.on_page(row.settings["fields"], link, with_paths=[path for path, _said in declared])
    try:
        return trials.tried_of(pages, row="" if link else row.found["row"], fields=fields, declared=declared)
    except (trials.TookTooLong, trials.CannotTry, MemoryError):
        return NOTHING


def _added(
    before: Mapping[str, Sequence[Mapping[str, int]]],
    names: Sequence[str],
    counts: Sequence[Mapping[str, int]],
) -> dict[str, list[dict[str, int]]]:
    """Return what was counted with more of it: of each of the names several, in their order."""
    found = {name: [dict(one) for one in many] for name, many in before.items()}
    added: dict[str, list[dict[str, int]]] = {}
    for name, one in zip(names, counts, strict=False):  # nothing is counted where no page could be read
        place = len(added.setdefault(name, []))
        known = found[name][place] if name in found else {}
        added[name].append({key: known.get(key, 0) + many for key, many in one.items()})
    return found | added


def _write(row: RepairLook, **values: Any) -> bool:
    """Write how far it is, unless somebody else has gone on; return whether there is more to do."""
    ours = RepairLook.objects.filter(pk=row.pk, after=row.after, state=row.state, beat_at=row.beat_at)
    if not ours.update(**values):
        return False
    return values.get("state", row.state) not in looks.OVER
