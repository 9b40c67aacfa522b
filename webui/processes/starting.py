"""The start of everything: wave after wave, each once what it waits for is there."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import Error as DatabaseFailure
from django.utils import timezone

from crawler.queries.health import is_heard
from webui.processes.errors import CannotStart
from webui.processes.layout import CONTROL, Wave, programs

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from webui.processes.health import Site
    from webui.processes.layout import Installation
    from webui.processes.supervisor import State, Supervisor

WITHIN = timedelta(seconds=90)
LOOK_EVERY = timedelta(milliseconds=50)


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """One start of `installation`, which has `site`; `running` runs the programs of its first wave."""

    running: Supervisor
    installation: Installation
    site: Site

    def complete(self) -> None:
        """Start the other waves; return when the service crawls, starts what is due and answers test fetches.

        Raises `CannotStart` for a program that keeps failing, and for one that says nothing for too long.
        """
        began = timezone.now()
        self.await_path(self.site, "/healthz")
        self._begin(Wave.WHEN_THE_SITE_ANSWERS)
        self.await_path(self.site, "/readyz")
        node = f"{self.installation.node_name(CONTROL)}@"
        self._await(lambda: _is_heard(node, since=began), otherwise=lambda: f"{CONTROL} says nothing")
        self._begin(Wave.WHEN_IT_RUNS)

    def await_path(self, site: Site, path: str) -> None:
        """Wait until `site`, which is one of the programs, answers `path` with 200."""
        self._await(lambda: site.is_ok(path), otherwise=lambda: _what_it_says(site, path))

    def _begin(self, wave: Wave) -> None:
        for program in programs(self.installation):
            if program.wave is wave:
                self.running.start(program)

    def _await(self, done: Callable[[], bool], *, otherwise: Callable[[], str]) -> None:
        deadline = time.monotonic() + WITHIN.total_seconds()
        while not done():
            require_none_given_up(self.running.states())
            if time.monotonic() > deadline:
                raise CannotStart(
                    f"{otherwise()} after 90 s; the logs are in {self.installation.var / 'log'}"
                )
            time.sleep(LOOK_EVERY.total_seconds())


def require_none_given_up(states: list[State]) -> None:
    """Raise `CannotStart` with the end of its log for the first program that supervisord has given up on."""
    for state in states:
        if state.word == "FATAL":
            lines = "\n".join(f"    {line}" for line in state.last_lines())
            raise CannotStart(f"{state.name} does not start; its log ({state.log}) ends with\n{lines}")


def _is_heard(node: str, *, since: datetime) -> bool:
    try:
        return is_heard(node, since=since)
    except DatabaseFailure:
        return False  # busy for a moment; asked again


def _what_it_says(site: Site, path: str) -> str:
    status, body = site.asked(path)
    reasons = f" ({body})" if body.startswith("{") else ""
    return f"{path} answers {status or 'nothing'}{reasons}"
