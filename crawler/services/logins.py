"""Logs runs in, before their first page and whenever a site has logged them out."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, assert_never

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from crawler import runner
from crawler.engine.login import LoggedIn, Rejected, Unanswered
from crawler.models import Request, Run, RunLogin, RunState, RunTrigger
from crawler.policy.logins import (
    LOGGED_OUT,
    LOGIN_FAILED,
    MOST_IN_VAIN,
    PAYS_AFTER,
    PAYS_WITH_PAGES,
    was_in_vain,
)
from crawler.queue import Work
from crawler.services import bells, outbox, runs
from crawler.stores import cookies, sharing

if TYPE_CHECKING:
    from datetime import datetime

    from crawler.runner import LoginResult

log = logging.getLogger(__name__)
MOST_TRIES = 3
ASK_AGAIN = timedelta(seconds=60)
WORKER_IS_GONE = timedelta(seconds=180)
_GOING_ON = (RunState.QUEUED, RunState.RUNNING)


def perform(*, run: Run) -> None:
    """Log a run in that waits for it, unless somebody else does; afterwards it goes on, or has failed."""
    now = timezone.now()
    mine = RunLogin.objects.filter(
        run=run.pk, working=False, run__awaits_login=True, run__state__in=_GOING_ON
    )
    if not mine.update(working=True, asked_at=now):
        return
    runs.align(run=run, now=now)
    login = RunLogin.objects.select_related("run").get(run=run.pk)
    in_vain = _in_vain(login, now=now)
    once_more = in_vain <= MOST_IN_VAIN
    try:
        result = runner.log_in(run, again=login.number > 0, once_more=once_more)
    except runner.UNREADABLE as error:
        _fail(run, str(error) or type(error).__name__, now=now)
        return
    finally:
        _ring(run, now=timezone.now())  # what waited on its hosts may have lost its slice
    _apply(login, result, in_vain=in_vain, now=timezone.now())


def _in_vain(login: RunLogin, *, now: datetime) -> int:
    """Return how many logins in a row were in vain, the last one included."""
    if login.logged_in_at is None:
        return 0
    given, lasted = login.run.pages - login.pages, now - login.logged_in_at
    return login.streak + 1 if was_in_vain(pages=given, lasted=lasted) else 0


def _apply(login: RunLogin, result: LoginResult, *, in_vain: int, now: datetime) -> None:
    run = login.run
    match result.outcome:
        case LoggedIn(anew=anew):
            _go_on(login, result, now=now, in_vain=in_vain if anew else None)
        case Rejected() if in_vain > MOST_IN_VAIN:
            _fail(run, _again_and_again(run, in_vain), now=now)
        case Rejected(message=message):
            _fail(run, message, now=now)
        case Unanswered(message=message) if login.tries + 1 >= MOST_TRIES:
            _fail(run, message, now=now)
        case Unanswered():
            RunLogin.objects.filter(run=run.pk).update(working=False, tries=F("tries") + 1, asked_at=now)
        case never:
            assert_never(never)


def _go_on(login: RunLogin, result: LoginResult, *, now: datetime, in_vain: int | None) -> None:
    """Store the cookies and open what waits; None `in_vain` where the check was passed without a login."""
    run = login.run
    with transaction.atomic():
        if not Run.objects.select_for_update().filter(pk=run.pk).active().exists():
            return
        cookies.save((run.pk, cookie) for cookie in result.cookies)
        RunLogin.objects.filter(run=run.pk).update(
            number=F("number") + 1, working=False, tries=0, asked_at=now
        )
        if in_vain is not None:
            RunLogin.objects.filter(run=run.pk).update(
                streak=in_vain, pages=login.run.pages, logged_in_at=now
            )
        Run.objects.filter(pk=run.pk).update(awaits_login=False)
    runs.align(run=run, now=now)
    _ring(run, now=now)


def _ring(run: Run, *, now: datetime) -> None:
    """Ask for slices where work is due; a terminal does so only where somebody would answer."""
    if run.trigger != RunTrigger.TERMINAL or sharing.has_workers(now=now):
        bells.ring_where_due(now=now)


def _again_and_again(run: Run, times: int) -> str:
    """Say that a run is logged out all the time, and which page showed it: it may be what logs out."""
    out = Request.objects.filter(run=run.pk, reason=LOGGED_OUT)
    url = out.order_by(F("settled_at").desc(nulls_last=True), "-id").values_list("url", flat=True).first()
    seen = f"; the last page that was not shown: {url}" if url else ""
    return (
        f"the site logged the run out {times} times in a row, each time within {PAYS_WITH_PAGES} pages "
        f"and {PAYS_AFTER.seconds // 60} minutes{seen}"
    )


def _fail(run: Run, message: str, *, now: datetime) -> None:
    if run.trigger != RunTrigger.TERMINAL:  # which says so at its end
        log.warning("a run could not log in", extra={"run": run.pk, "reason": message})
    runs.fail(run=run, reason=f"{LOGIN_FAILED}: {message}", now=now)


def ask_again(*, now: datetime) -> None:
    """Ask for the logins that nobody does: messages were lost, workers vanished, sites did not answer."""
    waiting = RunLogin.objects.filter(run__awaits_login=True, run__state__in=_GOING_ON).exclude(
        run__trigger=RunTrigger.TERMINAL
    )
    left = Q(working=False, asked_at__lt=now - ASK_AGAIN) | Q(asked_at__lt=now - WORKER_IS_GONE)
    for login in waiting.filter(left).order_by("run_id"):
        with transaction.atomic():
            same = RunLogin.objects.filter(run=login.run_id, asked_at=login.asked_at)
            if same.update(working=False, asked_at=now):
                outbox.post(Work.LOG_IN, now=now, run=login.run_id)
