"""Takes in what a refresh saw: when each of its pages is due next."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from crawler.models import (
    FINAL_RUN_STATES,
    TIME_LIMIT,
    Page,
    RefreshPlan,
    Request,
    RequestState,
    Run,
    RunTrigger,
)
from crawler.services import replays
from crawler.services.refresh.reading import COLUMNS, GIVEN_UP, Known, interval_of
from crawler.services.runs import CANCELLED
from crawler.stores import sql

if TYPE_CHECKING:
    from datetime import datetime

BATCH: Final = 500
NOT_ASKED: Final = (CANCELLED, TIME_LIMIT)
SET = "UPDATE crawler_page SET refresh_at = %s, refresh_failures = %s WHERE id = %s"


def learn(plan: RefreshPlan, *, now: datetime) -> bool:
    """Set when the pages of the refreshes that ended since are due; doing it twice changes little.

    Records that these pages complete are read again. Return False while what else was read again is
    being stored: the rest is for the next call.
    """
    ended = Run.objects.filter(target=plan.target, trigger=RunTrigger.REFRESH, pk__gt=plan.learnt_run)
    for run in (
        ended.filter(state__in=FINAL_RUN_STATES, settled=True)
        .only("id", "target", "publication", "created_at", "finished_at", "sitemaps")
        .order_by("id")
    ):
        try:
            replays.read_again(run, now=now)
        except replays.Busy:
            return False
        _take_in(plan, run)
        if run.sitemaps:  # what they said counts from now on
            plan.planned_at = None
        RefreshPlan.objects.filter(pk=plan.pk).update(learnt_run=run.pk, planned_at=plan.planned_at)
        plan.learnt_run = run.pk
    return True


def _take_in(plan: RefreshPlan, run: Run) -> None:
    asked = Request.objects.filter(run=run).exclude(reason__in=NOT_ASKED).order_by("id")
    last, at = 0, run.finished_at or plan.credited_at
    while rows := list(asked.filter(pk__gt=last).values_list("id", "key", "state", "reason")[:BATCH]):
        given = {bytes(key): state == RequestState.DONE and not reason for _id, key, state, reason in rows}
        sql.atomically(partial(_settle, plan, given, at))
        last = rows[-1][0]


def _settle(plan: RefreshPlan, given: dict[bytes, bool], at: datetime) -> None:
    """Say when pages are due, in the caller's transaction: they are locked before they are read.

    Who judges a change meanwhile comes before this or after it, and so is not overwritten.
    """
    found = Page.objects.select_for_update().filter(target=plan.target, key__in=list(given)).order_by("key")
    changes: list[tuple[object, int, int]] = []
    for key, *row in found.values_list("key", *COLUMNS):
        page = Known(*row)
        if given[bytes(key)]:
            changes.append((sql.adapt(page.last_seen + interval_of(page, plan)), 0, page.id))
        else:
            changes.append(_put_off(plan, page, at))
    sql.execute_many(SET, changes)


def _put_off(plan: RefreshPlan, page: Known, at: datetime) -> tuple[object, int, int]:
    """Return what to store of a page that gave nothing: each time it is left alone for twice as long."""
    failures = page.refresh_failures + 1
    due = at + max(interval_of(page, plan), at - page.last_seen)
    return (None if failures >= GIVEN_UP else sql.adapt(due)), failures, page.id
