"""Logs a terminal's run in, between two slices: workers leave the runs of terminals alone."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING, Final

from django.utils import timezone

from crawler import conf
from crawler.models import Run, RunLogin
from crawler.runner.holding import HeldSlice
from crawler.services import logins

if TYPE_CHECKING:
    from collections.abc import Callable

LOOK_EVERY_SECONDS: Final = 0.25


def log_in(run: Run, *, stopping: Callable[[], bool]) -> None:
    """Log `run` in, as often as its site does not answer, until it goes on, has failed, or is to stop.

    It is attended meanwhile, so that nobody takes it for abandoned.
    """
    RunLogin.objects.filter(run=run.pk).update(working=False)  # a terminal may have vanished over it
    with HeldSlice("terminal", conf.crawl(), run=run.pk):
        while _awaits_login(run) and not stopping():
            logins.perform(run=run)
            if _awaits_login(run):
                _wait(stopping)


def _awaits_login(run: Run) -> bool:
    return Run.objects.active().filter(pk=run.pk, awaits_login=True).exists()


def _wait(stopping: Callable[[], bool]) -> None:
    """Wait until the site may be asked again."""
    until, nothing = timezone.now() + logins.ASK_AGAIN, Event()
    while timezone.now() < until and not stopping():
        nothing.wait(LOOK_EVERY_SECONDS)
