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
from crawler.models import Run, RunLogin, RunState
from crawler.policy.logins import LOGIN_FAILED, MOST_IN_VAIN
from crawler.queue import Work
from crawler.services import bells, outbox, runs
from crawler.stores import cookies

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
    login = RunLogin.objects.get(run=run.pk)
    if login.streak > MOST_IN_VAIN:
        _fail(run, "the site logs the run out again each time", now=now)
        return
    try:
        result = runner.log_in(run, again=login.number > 0)
    except runner.UNREADABLE as error:
        _fail(run, str(error) or type(error).__name__, now=now)
        return
    finally:
        bells.ring_where_due(now=timezone.now())  # what waited on its hosts may have lost its slice
    _apply(run, login, result, now=timezone.now())


def _apply(run: Run, login: RunLogin, result: LoginResult, *, now: datetime) -> None:
    match result.outcome:
        case LoggedIn(anew=anew):
            _go_on(run, result, now=now, anew=anew)
        case Rejected(message=message):
            _fail(run, message, now=now)
        case Unanswered(message=message) if login.tries + 1 >= MOST_TRIES:
            _fail(run, message, now=now)
        case Unanswered():
            RunLogin.objects.filter(run=run.pk).update(working=False, tries=F("tries") + 1, asked_at=now)
        case never:
            assert_never(never)


def _go_on(run: Run, result: LoginResult, *, now: datetime, anew: bool) -> None:
    """Store the cookies and open what waits; where the check was passed anyhow, nobody was logged out."""
    with transaction.atomic():
        if not Run.objects.select_for_update().filter(pk=run.pk).active().exists():
            return
        cookies.save((run.pk, cookie) for cookie in result.cookies)
        streak = F("streak") if anew else 0
        RunLogin.objects.filter(run=run.pk).update(
            number=F("number") + 1, working=False, tries=0, asked_at=now, streak=streak
        )
        Run.objects.filter(pk=run.pk).update(awaits_login=False)
    runs.align(run=run, now=now)
    bells.ring_where_due(now=now)


def _fail(run: Run, message: str, *, now: datetime) -> None:
    log.warning("a run could not log in", extra={"run": run.pk, "reason": message})
    runs.fail(run=run, reason=f"{LOGIN_FAILED}: {message}", now=now)


def ask_again(*, now: datetime) -> None:
    """Ask for the logins that nobody does: messages were lost, workers vanished, sites did not answer."""
    waiting = RunLogin.objects.filter(run__awaits_login=True, run__state__in=_GOING_ON)
    left = Q(working=False, asked_at__lt=now - ASK_AGAIN) | Q(asked_at__lt=now - WORKER_IS_GONE)
    for login in waiting.filter(left).order_by("run_id"):
        with transaction.atomic():
            same = RunLogin.objects.filter(run=login.run_id, asked_at=login.asked_at)
            if same.update(working=False, asked_at=now):
                outbox.post(Work.LOG_IN, now=now, run=login.run_id)
