"""What is said of a run when it has ended: its statistics, beside those of the run before."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from crawler import conf
from crawler.models import (
    FINAL_RUN_STATES,
    TIME_LIMIT,
    HeldItem,
    Item,
    OutboxMessage,
    Publication,
    Request,
    RequestState,
    Run,
    RunState,
    Sighting,
)
from crawler.policy.completeness import Course, why_less
from crawler.queries import damage
from crawler.queue import Work
from crawler.services import outbox, quality, schedules
from crawler.stores import incomplete

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

log = logging.getLogger(__name__)
MOST_REASONS = 50
RECENT_MESSAGES = 500
RINGS_TO_WRITE = 4
LONG_AGO = timedelta(minutes=10)
MOST_LOST = 100


def report(*, run: Run) -> dict[str, Any]:
    """Write the run's statistics into its row and return them; writing them twice changes nothing.

    Records that the run left over are given out before: nothing completes them any more. It also judges
    the run's data, and checks whether the target's schedule can be kept, now that it is known what a run
    takes.
    """
    _give_out(run)
    before = (
        Run.objects.whole()
        .visible()
        .filter(target=run.target_id, state=RunState.FINISHED, pk__lt=run.pk)
        .order_by("-pk")
        .first()
    )
    examined = quality.examine(run)
    said: dict[str, Any] = {
        "seconds": _seconds(run),
        "reasons": _reasons(run),
        "previous": _compared(run, before) if before and run.is_whole else None,
        "data": None,
    }
    _judge(
        run, said["reasons"], drifted=bool(examined and examined.data["drifts"])
    )  # before the report is there: one that is missing is asked for again
    quality.note(run, said, examined, now=run.finished_at or run.created_at)
    said = run.report
    schedules.check(target=run.target, now=run.finished_at or run.created_at)
    log.info(
        "a run has ended", extra={"run": run.pk, "state": run.state, "pages": run.pages, "items": run.items}
    )
    return said


def _give_out(run: Run) -> None:
    """Give out the records of a run that ended, which their pages did not complete."""
    if not run.is_final:
        return
    fields = tuple(run.settings.get("key", ()))
    apart = run.publication != Publication.DIRECT
    whose = incomplete.Whose(run=run.pk, target=run.target_id, key_fields=fields, apart=apart)
    count = 0
    while given := incomplete.give_out(whose, now=timezone.now()):
        count += given
    if count:
        run.refresh_from_db()


def _judge(run: Run, reasons: Mapping[str, int], *, drifted: bool) -> None:
    """Say once of a run that ended whether it saw all of its target, and have its items compared."""
    if not run.is_final:
        return
    why = why_less(replace(_course(run, reasons), drifted=drifted))
    Run.objects.filter(pk=run.pk, saw_all=None).update(
        saw_all=not why, saw_less_because=why[:300], awaits_comparison=True
    )


def _course(run: Run, reasons: Mapping[str, int]) -> Course:
    damaged = damage.of([run.pk])[run.pk]
    return Course(
        ended_by=_ended_by(run),
        is_refresh=not run.is_whole,
        since=run.settings.get("sitemaps_since", "") if _has_sitemaps(run) else "",
        discovered=run.discovered,
        pages=run.pages,
        left_out=run.over_budget,
        items=run.items,
        known=Item.objects.filter(target=run.target_id, removed_at=None).exists(),
        without_page=run.failed + run.skipped + run.dead,
        reasons=reasons,
        damaged=damaged,
        usual=damage.usual(run, damaged) if damaged else {},
    )


def _has_sitemaps(run: Run) -> bool:
    return bool(run.settings.get("sitemaps") or run.settings.get("robots_sitemaps"))


def _ended_by(run: Run) -> str:
    """Return what ended a run before nothing waited any more; empty when nothing did."""
    if run.reason == TIME_LIMIT:
        return "its time was up"
    return {RunState.CANCELLED.value: "it was cancelled", RunState.FAILED.value: "it failed"}.get(
        run.state, ""
    )


def ask_again(*, now: datetime) -> int:
    """Have the outbox send again what asked for reports that are still not there; return how many.

    The broker took those messages, and lost them: a report is due after four times the ring (60 s).
    """
    before = now - RINGS_TO_WRITE * conf.crawl().ring_time
    recent = OutboxMessage.objects.order_by("-id")[:RECENT_MESSAGES]
    sent = {
        message.kwargs["run"]: message.pk
        for message in recent
        if message.work == Work.REPORT_RUN and message.published_at and message.published_at < before
    }
    missing = [run.pk for run in Run.objects.filter(pk__in=sent).only("report") if not run.report]
    lost = OutboxMessage.objects.filter(pk__in=[sent[run] for run in missing])
    return lost.update(published_at=None) + _ask_for_lost(recent, now=now)


def _ask_for_lost(recent: Iterable[OutboxMessage], *, now: datetime) -> int:
    """Ask again for reports that runs wait for whose records are apart; their messages were long ago."""
    asked = {message.kwargs["run"] for message in recent if message.work == Work.REPORT_RUN}
    ended = Run.objects.unpublished().filter(
        publication=Publication.WAITING,
        state__in=FINAL_RUN_STATES,
        settled=True,
        finished_at__lt=now - LONG_AGO,
    )
    lost = [run for run in ended.order_by("pk").values_list("pk", flat=True)[:MOST_LOST] if run not in asked]
    for run in lost:
        with transaction.atomic():
            outbox.post(Work.REPORT_RUN, now=now, run=run)
    return len(lost)


def _seconds(run: Run) -> float | None:
    if run.started_at is None or run.finished_at is None:
        return None
    return round((run.finished_at - run.started_at).total_seconds(), 3)


def _reasons(run: Run) -> dict[str, int]:
    """Count the requests that gave no page, by the reason without its details."""
    rows = (
        Request.objects.filter(run=run, state__gte=RequestState.FAILED)
        .values("reason")
        .annotate(n=Count("id"))
        .order_by("-n")
    )
    counts: dict[str, int] = {}
    for row in rows[: 20 * MOST_REASONS]:
        reason = row["reason"].partition(":")[0]
        if reason in counts or len(counts) < MOST_REASONS:
            counts[reason] = counts.get(reason, 0) + row["n"]
    return counts


def _compared(run: Run, before: Run) -> dict[str, Any]:
    seen = Sighting.objects.filter(run=run).values("item")
    apart = HeldItem.objects.filter(run=run.pk).values("key_hash")
    gone = Sighting.objects.filter(run=before).exclude(item__in=seen)
    if run.publication != Publication.DIRECT:
        gone = gone.exclude(item__key_hash__in=apart)
    missing = gone.count() if run.state in FINAL_RUN_STATES else 0
    return {"run": before.pk, "pages": before.pages, "items": before.items, "items_missing": missing}
