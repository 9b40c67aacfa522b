"""What follows for a target's items when a run has ended: removals, what is told of them, and numbers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from django.db import transaction

from crawler.models import UNPUBLISHED, VISIBLE, EventKind, Run
from crawler.policy import completeness
from crawler.services import holding
from crawler.stores import changes, events, removals
from crawler.urls import key_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from crawler.stores.removals import Unseen

BUDGET_SECONDS: Final = 60.0
TO_PUBLISH: Final = 0.5
"""This part of the time is for publishing at most: the changes of other targets wait for their numbers."""
COUNTED: Final = ("items_new", "items_changed", "items_removed", "items_restored")


def work(*, now: datetime, budget_seconds: float = BUDGET_SECONDS) -> None:
    """Publish what runs read, look for what is gone, number what became of items; the next call goes on."""
    began = time.monotonic()
    ends_at = began + budget_seconds
    holding.work(now=now, ends_at=began + TO_PUBLISH * budget_seconds)
    awaiting = Run.objects.filter(awaits_comparison=True).exclude(publication__in=UNPUBLISHED)
    for run in awaiting.without_secrets().order_by("id"):
        if not compare(run, now=now, ends_at=ends_at):
            break
    while changes.wait() and time.monotonic() < ends_at:
        changes.number()


def compare(run: Run, *, now: datetime, ends_at: float) -> bool:
    """Mark what is gone by this run as removed, and tell of the run's changes once; False when time is up."""
    for part, since, seers in _candidates(run):
        gone = _on_read_pages(part, seers)
        if gone:
            removals.remove(run.target_id, gone, since=since, run=run.pk, now=now)
        if time.monotonic() >= ends_at:
            return False
    with transaction.atomic():
        if Run.objects.filter(pk=run.pk, awaits_comparison=True).update(awaits_comparison=False):
            _tell(run.pk, now=now)
    return True


def _candidates(run: Run) -> Iterator[tuple[list[Unseen], datetime, list[int]]]:
    """Yield items that the last complete runs, as many as the target asks for, did not see, in parts.

    With each part comes since when it was not seen, and which runs those are.
    """
    asked = run.target.removed_after
    if not run.saw_all or run.publication not in VISIBLE or not asked or run.target.deleted_at is not None:
        return
    seers = list(
        Run.objects.visible()
        .filter(target=run.target_id, saw_all=True, pk__lte=run.pk)
        .exclude(started_at=None)
        .order_by("-pk")
        .values_list("pk", "started_at")[:asked]
    )
    if len(seers) < asked:
        return
    since = min(began for _pk, began in seers if began is not None)
    for part in removals.unseen(run.target_id, since=since):
        yield part, since, [pk for pk, _began in seers]


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
