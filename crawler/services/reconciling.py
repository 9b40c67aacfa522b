"""Puts right what messages and processes left undone, from the rows alone."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q

from crawler.models import FINAL_RUN_STATES, TIME_LIMIT, Run, RunState, RunTrigger
from crawler.models.runs import nothing_waits
from crawler.queue import Work
from crawler.services import bells, logins, looks, outbox, replays, reports, runs, vanished
from crawler.stores import hosts, leases, outages, sql, stalled, sweeps
from crawler.stores import runs as rows

if TYPE_CHECKING:
    from datetime import datetime

log = logging.getLogger(__name__)

MOST_RUNS = 200
TERMINAL_BEGINS = timedelta(seconds=60)


def reconcile(*, now: datetime) -> None:
    """Free what vanished processes held, end what is over, send what waits, ring where there is work."""
    outages.require_writable()
    _end_stalled()
    vanished.free_on_this_node(now=now)
    vanished.free_expired(now=now)
    runs.stop_late(now=now)
    _finish_done(now=now)
    _settle_ended(now=now)
    _pause_abandoned(now=now)
    _keep_paused(now=now)
    reports.ask_again(now=now)
    replays.ask_again(now=now)
    looks.ask_again(now=now)
    logins.ask_again(now=now)
    outbox.publish_waiting(now=now)
    sql.atomically(lambda: hosts.raise_standing(now=now))
    bells.ring_where_due(now=now)
    sweeps.note_ran(Work.RECONCILE, now=now)


def _end_stalled() -> None:
    if ended := stalled.end():
        log.warning(
            "connections to the database stood still in a transaction and were ended",
            extra={"connections": ended},
        )


def _finish_done(*, now: datetime) -> None:
    done = Run.objects.filter(nothing_waits(), settled=False, state__in=(RunState.RUNNING, RunState.QUEUED))
    for run_id in done.order_by("id").values_list("pk", flat=True)[:MOST_RUNS]:
        with transaction.atomic():
            rows.finish_if_done(run_id, now=now)


def _settle_ended(*, now: datetime) -> None:
    over = Q(state__in=FINAL_RUN_STATES) | Q(state=RunState.RUNNING, reason=TIME_LIMIT)
    for run in Run.objects.filter(over, settled=False).without_secrets().order_by("id")[:MOST_RUNS]:
        runs.settle(run=run, now=now, batches=1)


def _pause_abandoned(*, now: datetime) -> None:
    """Pause the terminal's runs that no terminal crawls any more, so that they can be resumed."""
    left = Run.objects.filter(trigger=RunTrigger.TERMINAL, state__in=(RunState.QUEUED, RunState.RUNNING))
    for run in left.filter(created_at__lt=now - TERMINAL_BEGINS).without_secrets().order_by("id")[:MOST_RUNS]:
        if not leases.is_attended(run.pk):
            with suppress(runs.WrongState):  # it ended meanwhile
                runs.pause(run=run, now=now)


def _keep_paused(*, now: datetime) -> None:
    """Close what is still open of paused runs, where the process that paused them ended half way."""
    for run in Run.objects.filter(state=RunState.PAUSED).without_secrets().order_by("id")[:MOST_RUNS]:
        runs.align(run=run, now=now)
