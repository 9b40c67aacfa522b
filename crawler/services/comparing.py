"""What follows for a target's items when a run has ended: removals, what is told of them, and numbers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.db.models import F, Window
from django.db.models.functions import RowNumber

from crawler.models import UNPUBLISHED, VISIBLE, EventKind, Run
from crawler.policy import completeness, publishing
from crawler.policy.publishing import Waiting
from crawler.services import holding
from crawler.stores import changes, events, removals, sql, sweeps
from crawler.urls import key_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from crawler.stores.removals import Unseen

BUDGET_SECONDS: Final = 60.0
TO_PUBLISH: Final = 0.5
"""This part of the time is for publishing at most: the changes of other targets wait for their numbers."""
TO_COMPARE: Final = 0.8
"""Until this part of the time runs are compared: what is removed and published waits for numbers, too."""
TURN_SECONDS: Final = 10.0
COUNTED: Final = ("items_new", "items_changed", "items_removed", "items_restored")


def work(*, now: datetime, budget_seconds: float = BUDGET_SECONDS) -> None:
    """Publish what runs read, look for what is gone, number what became of items; the next call goes on."""
    began = time.monotonic()
    try:
        holding.work(now=now, ends_at=began + TO_PUBLISH * budget_seconds)
    finally:  # an error is told, and keeps nothing else waiting
        try:
            _compare_in_turns(now=now, ends_at=began + TO_COMPARE * budget_seconds)
        finally:
            _number(ends_at=began + budget_seconds)


def _number(*, ends_at: float) -> None:
    while changes.wait() and time.monotonic() < ends_at:
        changes.number()


def _compare_in_turns(*, now: datetime, ends_at: float) -> None:
    """Compare the runs that await it, of each target the oldest, in turns of some seconds."""
    while chosen := publishing.turns(_awaiting()):
        for pk in chosen:
            Run.objects.filter(pk=pk).update(turn_at=now)
            run = Run.objects.filter(pk=pk, awaits_comparison=True).without_secrets().first()
            if run is not None:
                compare(run, now=now, ends_at=min(ends_at, time.monotonic() + TURN_SECONDS))
            if time.monotonic() >= ends_at:
                return


def _awaiting() -> list[Waiting]:
    runs = Run.objects.filter(awaits_comparison=True).exclude(publication__in=UNPUBLISHED)
    return [Waiting(*row) for row in runs.values_list("pk", "target_id", "turn_at")]


def compare(run: Run, *, now: datetime, ends_at: float) -> bool:
    """Mark what is gone by this run as removed, and tell of the run's changes once; False when time is up."""
    seers = _seers(run)
    if seers and not _remove_unseen(run, seers, now=now, ends_at=ends_at):
        return False
    with transaction.atomic():
        if Run.objects.filter(pk=run.pk, awaits_comparison=True).update(awaits_comparison=False):
            _tell(run.pk, now=now)
        sweeps.forget([sweeps.of_run(run.pk)])
    return True


def _seers(run: Run) -> dict[int, datetime]:
    """Return when the last complete runs began, as many as the target asks for; none where too few did."""
    asked = run.target.removed_after
    if not run.saw_all or run.publication not in VISIBLE or not asked or run.target.deleted_at is not None:
        return {}
    found = (
        Run.objects.visible()
        .filter(target=run.target_id, saw_all=True, pk__lte=run.pk)
        .exclude(started_at=None)
        .order_by("-pk")
        .values_list("pk", "started_at")[:asked]
    )
    seers = {pk: began for pk, began in found if began is not None}
    return seers if len(seers) == asked else {}


def counting(*, before: datetime) -> list[int]:
    """Return the whole runs that ended before a moment and may still count for what later ones remove."""
    placed = (
        Run.objects.visible()
        .filter(saw_all=True, target__removed_after__isnull=False, target__deleted_at=None)
        .annotate(place=Window(RowNumber(), partition_by="target", order_by="-pk"))
    )
    found = placed.filter(place__lte=F("target__removed_after"), finished_at__lt=before)
    return list(found.values_list("pk", flat=True))


def _remove_unseen(run: Run, seers: Mapping[int, datetime], *, now: datetime, ends_at: float) -> bool:
    """Remove what none of these runs saw, from where this stopped; False when time is up.

    Where other runs count than before, all are looked at again.
    """
    since = min(seers.values())
    name, seen_since = sweeps.of_run(run.pk), {"since": since.isoformat()}
    with transaction.atomic():
        place = sweeps.lock(name, now=now)
    after = place["after"] if place.items() >= seen_since.items() else 0
    while part := removals.unseen(run.target_id, since=since, after=after):
        for chunk in sql.chunks(part.items):
            gone = _on_read_pages(chunk, list(seers))
            if gone:
                removals.remove(run.target_id, gone, since=since, run=run.pk, now=now)
        after = part.upto
        sweeps.keep(name, {**seen_since, "after": after}, now=now)
        if time.monotonic() >= ends_at:
            return False
    return True


def _on_read_pages(part: Sequence[Unseen], seers: Sequence[int]) -> list[int]:
    """Return the items whose own page was not asked for in vain by one of the runs."""
    keys = {item.id: key_of(item.url) for item in part}
    failed = removals.without_page(seers, sorted({*keys.values()}), excused=sorted(completeness.GONE))
    return [pk for pk, key in keys.items() if key not in failed]


def _tell(run_id: int, *, now: datetime) -> None:
    """Write the event of what became of items by a run, if anything did."""
    run = Run.objects.only("target", *COUNTED).get(pk=run_id)
    counts = {name.removeprefix("items_"): getattr(run, name) for name in COUNTED}
    if any(counts.values()):
        events.record(EventKind.ITEMS_CHANGED, target=run.target_id, run=run.pk, now=now, **counts)
