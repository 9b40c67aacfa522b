"""Decides what becomes of runs whose records are kept apart, and does it, a few hundred at a time.

The run's row says what is to become of them: whoever finds it goes on, however often it was begun.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.db.models import Exists, OuterRef

from crawler import conf
from crawler.models import (
    UNDER_WAY,
    EventKind,
    HeldItem,
    Publication,
    RequestState,
    Run,
    RunState,
    RunTrigger,
)
from crawler.policy import completeness, publishing
from crawler.policy.publishing import Waiting
from crawler.policy.quality import FEWEST_ITEMS, FEWEST_RUNS, Rules
from crawler.queries.runs import reasons_of
from crawler.queue import Work
from crawler.services import events, looks, losses, outbox
from crawler.stores import holding

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from crawler.models import Target

BATCH: Final = 200
LOOKED_BACK: Final = 30
"""As many runs before are looked at for what is usual."""
ROWS_A_STEP: Final = 500
MOST_TOLD: Final = 20
PART_THAT_BLOCKS: Final = 10
"""Where one in so many requests failed, what is held says why."""
MOST_REASONS: Final = 5
DECLARED: Final = "fields"
TOO_LATE: Final = "nobody decided in time"
DROPPED: Final = frozenset({Publication.DISCARDING, Publication.DISCARDED})
ENDS: Final = {
    Publication.PUBLISHING: Publication.PUBLISHED,
    Publication.DISCARDING: Publication.DISCARDED,
}


class NotHeld(Exception):
    """Something was to be decided of a run that is not held."""

    def __init__(self, run: Run) -> None:
        words = Publication(run.publication).label
        super().__init__(f"run {run.pk} is not held (its items: {words}), so there is nothing to decide")


def of_new_run(target: Target, trigger: RunTrigger) -> Publication:
    """Return what becomes of what a new run reads: it waits where there is something to compare it with."""
    rules = Rules.read(target.quality)
    if target.hidden or trigger == RunTrigger.TERMINAL or not (rules.drift and rules.hold):
        return Publication.DIRECT
    before = Run.objects.whole().filter(target=target, state=RunState.FINISHED).order_by("-pk")
    usual = [many for many in before.values_list("items", flat=True)[:LOOKED_BACK] if many >= FEWEST_ITEMS]
    return Publication.WAITING if len(usual) >= FEWEST_RUNS else Publication.DIRECT


def judged(run: Run, data: Mapping[str, Any], *, now: datetime) -> None:
    """Say what becomes of what a run has read, now that it was compared; the caller has locked its row.

    Runs before it that are still held are discarded when this one is whole: it has read the same pages
    later. What runs of a part have lost counts until a whole one is as usual.
    """
    drifts = data["drifts"]
    is_whole = run.is_whole and run.state == RunState.FINISHED
    if is_whole:
        _give_way(run, now=now)
    waits = run.publication == Publication.WAITING
    holds = waits and bool(drifts) and Rules.read(run.target.quality).hold
    if is_whole and not drifts:
        losses.forget(run.target_id)
    elif not is_whole and not holds:
        losses.add(run, data)
    if not waits:
        return
    if holds:
        _move(run, Publication.HELD, now=now)
        events.record(
            EventKind.RUN_HELD,
            target=run.target_id,
            run=run.pk,
            now=now,
            items=run.items,
            drifts=first(drifts),
            **_failures(run),
        )
        if run.target.scraper == DECLARED:
            looks.ask(run, now=now)
    else:
        _move(run, Publication.PUBLISHING, now=now)


def _failures(run: Run) -> dict[str, Any]:
    """Return how many requests failed and why, where so many did that the data may look otherwise by that."""
    if run.failed * PART_THAT_BLOCKS < run.discovered:
        return {}
    found = reasons_of(run, RequestState.FAILED)[:MOST_REASONS]
    reasons = [{"reason": reason or "unknown", "count": count} for reason, count in found]
    return {"requests": run.discovered, "failed": run.failed, "reasons": reasons}


def first(drifts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the drifts that events tell of; the last says how many `more` there are, if there are any."""
    told = [dict(one) for one in drifts[:MOST_TOLD]]
    if len(drifts) > MOST_TOLD:
        told[-1]["more"] = len(drifts) - MOST_TOLD
    return told


def accept(run: Run, *, by: str, now: datetime) -> bool:
    """Take what a run's data looks like for usual, and publish it where it is held.

    Return whether there was something to accept: data that has drifted and was not discarded.
    """
    with transaction.atomic():
        row = _locked(run)
        data = row.report.get("data")
        if row.publication in DROPPED or not data or not data["drifts"] or data["accepted"]:
            return False
        data = {**data, "accepted": True}
        row.report = {**row.report, "data": data}
        if row.saw_less_because == completeness.DRIFTED:
            row.saw_all, row.saw_less_because = True, ""
        row.save(update_fields=["report", "saw_all", "saw_less_because"])
        is_held = row.publication == Publication.HELD
        if is_held:
            _give_way(row, now=now)
        _take_for_usual(row, data, counted=not is_held)
        if is_held:
            _move(row, Publication.PUBLISHING, now=now)
            events.record(
                EventKind.RUN_ACCEPTED, target=row.target_id, run=row.pk, now=now, items=row.items, by=by
            )
    return True


def _take_for_usual(row: Run, data: Mapping[str, Any], *, counted: bool) -> None:
    """Compare later runs with this one; what it lost is `counted` where it was published at once."""
    if "beside" not in data:
        losses.forget(row.target_id)
        return
    if not counted:
        losses.add(row, data)
    losses.accept(row, data)


def lock(run: Run) -> None:
    """Keep others from deciding on a run until the caller's transaction ends. Raises NotHeld.

    Whoever decides locks the run before its target, as its event does.
    """
    row = _locked(run)
    if row.publication != Publication.HELD:
        raise NotHeld(row)


def discard(run: Run, *, by: str, now: datetime, reason: str = "") -> None:
    """Drop what is held of a run; what was there before stays. Raises NotHeld."""
    with transaction.atomic():
        row = _locked(run)
        if row.publication != Publication.HELD:
            raise NotHeld(row)
        _drop(row, by=by, reason=reason, now=now)


def work(*, now: datetime, ends_at: float) -> None:
    """Publish and discard what is to be, each run a part a turn, until `ends_at` by the monotonic clock."""
    old = Run.objects.held().filter(finished_at__lt=now - conf.crawl().keep_requests).without_secrets()
    for run in old.order_by("pk")[:BATCH]:
        _let_go(run, now=now)
    while chosen := publishing.turns(_waiting()):
        for pk in chosen:
            Run.objects.filter(pk=pk).update(turn_at=now)  # before it: one that fails keeps no others waiting
            step(pk, now=now)
            if time.monotonic() >= ends_at:
                return


def _waiting() -> list[Waiting]:
    under_way = Run.objects.unpublished().filter(publication__in=UNDER_WAY)
    return [Waiting(*row) for row in under_way.values_list("pk", "target_id", "turn_at")]


def step(run: int, *, now: datetime) -> bool:
    """Do a part of what is to become of a run's records, in one transaction; say whether more is left."""
    row = Run.objects.only("target", "publication").filter(pk=run, publication__in=UNDER_WAY).first()
    if row is None:
        return False
    if row.publication == Publication.PUBLISHING:
        done = holding.publish(row.pk, row.target_id, now=now, most=ROWS_A_STEP)
    else:
        done = holding.discard(row.pk, most=ROWS_A_STEP)
    return done == ROWS_A_STEP or not _end(row)


def _end(row: Run) -> bool:
    """Say of a run that nothing of it is apart any more, if that is so; else that there is more."""
    left = HeldItem.objects.filter(run=OuterRef("pk"))
    ours = Run.objects.filter(~Exists(left), pk=row.pk, publication=row.publication)
    ended = ours.update(publication=ENDS[Publication(row.publication)])
    return bool(ended) or not Run.objects.filter(pk=row.pk, publication__in=UNDER_WAY).exists()


def _let_go(run: Run, *, now: datetime) -> None:
    try:
        discard(run, by="", reason=TOO_LATE, now=now)
    except NotHeld:
        return  # somebody decided just now


def _give_way(run: Run, *, now: datetime) -> None:
    """Discard the runs before `run` that are held."""
    older = Run.objects.held().filter(target=run.target_id, pk__lt=run.pk).select_for_update()
    for row in older.without_secrets().order_by("-pk"):  # as all lock them who decide: the newest first
        _drop(row, by="", reason=f"run {run.pk} came after it", now=now)


def _drop(row: Run, *, by: str, reason: str, now: datetime) -> None:
    _move(row, Publication.DISCARDING, now=now)
    events.record(
        EventKind.RUN_DISCARDED,
        target=row.target_id,
        run=row.pk,
        now=now,
        items=row.items,
        by=by,
        reason=reason,
    )


def _move(row: Run, publication: Publication, *, now: datetime) -> None:
    Run.objects.filter(pk=row.pk).update(publication=publication)
    row.publication = publication
    if publication in UNDER_WAY:
        outbox.post(Work.COMPARE, now=now)


def _locked(run: Run) -> Run:
    return Run.objects.select_for_update().without_secrets().get(pk=run.pk)
