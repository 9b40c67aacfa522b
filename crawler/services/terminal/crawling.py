"""Crawls in a terminal: one slice restricted to its own run, attended until it ends or is interrupted."""

from __future__ import annotations

import sys
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.utils import timezone

from crawler import conf, runner
from crawler.engine import steady
from crawler.errors import Refused
from crawler.exports import SYSTEM_COLUMNS
from crawler.fetch.guard import look_up
from crawler.models import Run, RunState, RunTrigger, Target
from crawler.policy import proxies
from crawler.policy.addresses import BadAllow
from crawler.queries import arrivals, exports
from crawler.runner import SliceJob
from crawler.services import reach, runs, targets, vanished
from crawler.services.terminal import access, closing, database, display, logging_in, memory, outputs
from crawler.services.terminal import asked as words
from crawler.services.terminal.asked import Asked, Refusal
from crawler.services.terminal.attending import Attendant, Stream, call_workers
from crawler.services.terminal.closing import Ended
from crawler.services.terminal.interrupts import Interrupted, Interrupts
from crawler.stores import leases

if TYPE_CHECKING:
    from crawler.services.terminal.display import Display
    from crawler.services.terminal.outputs import Destination

MOST_LOOKED_UP: Final = 20


def crawl(asked: Asked) -> int:
    """Crawl as `asked`, until the run ends or a signal comes; return the exit status.

    0: the run finished; 1: it failed or could not go on; 2: what was asked cannot be done;
    128 + the signal's number: it is paused, with everything committed.
    """
    steady.keep_memory()
    shown = display.chosen(quiet=asked.quiet)
    with Interrupts() as interrupts, display.logging_to(shown):
        try:
            return _Crawl(asked, shown, interrupts).run()
        except Refusal as refusal:
            refuse(refusal)
            return refusal.status
        except Interrupted as interrupted:
            return interrupted.status


def refuse(refusal: Refusal) -> None:
    """Say why nothing was crawled, each reason in a line."""
    for line in refusal.lines:
        sys.stderr.write(f"crawl: {line}\n")


class _Crawl:
    """One call of the command, from its words to its exit status."""

    def __init__(self, asked: Asked, shown: Display, interrupts: Interrupts) -> None:
        self._asked = asked
        self._display = shown
        self._interrupts = interrupts

    def run(self) -> int:
        run, place = self._resumed() if self._asked.resume is not None else self._started()
        held = outputs.held_keys(place, run=run.pk) if self._asked.resume is not None else frozenset()
        with outputs.flow(place, held=held) if place.flows else nullcontext() as flow:
            apart = place.path is None and sys.stdout.isatty()
            stream = Stream(run, flow=flow, place=_beginning(run, place), apart=apart)
            attendant = Attendant(run, display=self._display, stream=stream)
            self._attend(run, attendant)
            attendant.finish()
            written = flow.written if flow else _write_whole(run, place, held)
        return self._end(Ended(run=run, place=place, written=written, error=attendant.error), attendant)

    def _started(self) -> tuple[Run, Destination]:
        settings = words.settings_of(self._asked)
        place = outputs.destination(self._asked.append, self._asked.replace)
        try:
            draft = targets.validate(settings, now=timezone.now())
        except targets.InvalidTarget as error:
            raise Refusal(*words.lines_of(error.problems, urls=self._asked.urls)) from None
        _require_reach(draft)
        outputs.require_writable(place, declared=_declared(draft.values["fields"]))
        database.prepare()
        run = _start(draft)
        memory.keep_destination(run, place)
        return run, place

    def _resumed(self) -> tuple[Run, Destination]:
        number = words.run_number(self._asked)
        given = outputs.destination(self._asked.append, self._asked.replace)
        database.prepare()
        run = _resumable(number)
        chosen = self._asked.append is not None or self._asked.replace is not None
        place = given if chosen else memory.destination(run)
        outputs.require_writable(place, declared=_declared(run.settings["fields"]))
        memory.keep_destination(run, place)
        return run, place

    def _attend(self, run: Run, attendant: Attendant) -> None:
        """Crawl until the run ends or is interrupted; what is not over then is paused."""
        self._interrupts.patient = True
        try:
            with suppress(Interrupted), self._display, attendant:
                self._crawl(run, attendant)
                while not (self._interrupts.asked or attendant.is_over):
                    if not self._asked.quiet:
                        self._display.say("logging in")
                    logging_in.log_in(run, stopping=lambda: self._interrupts.asked or attendant.is_over)
                    attendant.awaits_login.clear()
                    self._crawl(run, attendant)
        finally:
            with suppress(runs.WrongState):  # it ended, or somebody paused it
                runs.pause(run=run, now=timezone.now())
            call_workers()
            run.refresh_from_db()

    def _crawl(self, run: Run, attendant: Attendant) -> None:
        """Crawl one slice, which ends when the run has to log in, too."""
        runner.crawl(
            SliceJob(run=run.pk),
            cannot_read=_cannot_read,
            stopping=lambda: self._interrupts.asked or attendant.is_over or attendant.awaits_login.is_set(),
            watch=attendant.begin,
        )

    def _end(self, ended: Ended, attendant: Attendant) -> int:
        if not self._asked.quiet:
            closing.sum_up(ended, attendant.figures(), self._display)
        closing.say_trouble(ended, self._display, summed_up=not self._asked.quiet)
        return closing.status(ended, self._interrupts)


def _require_reach(draft: targets.Draft) -> None:
    """Raise Refusal for start URLs, the login's and proxies whose address may not be contacted.

    A name that cannot be looked up is left to the run, which tries more than once.
    """
    places = [("URL", url) for url in draft.values["start_urls"][:MOST_LOOKED_UP]]
    places += [("--proxy", proxies.parse(text).url) for text in draft.values["proxies"]]
    login = draft.values["login"]
    places += [(access.LOGIN[key], login[key]) for key in ("url", "check_url") if key in login]
    try:
        refused = reach.refused(
            [url for _option, url in places], allow=conf.crawl().egress_allow, look_up=look_up
        )
    except BadAllow as error:
        raise Refusal(f"EGRESS_ALLOW: {error}") from None
    if refused:
        raise Refusal(*(f"{places[found.index][0]} {found.url}: {_why(found)}" for found in refused))


def _why(found: reach.OutOfReach) -> str:
    if found.port is None:
        return Refused.summary
    return (
        f"port {found.port} is none of the web's, which no crawl asks; EGRESS_ALLOW=*:{found.port} opens it"
    )


def _start(draft: targets.Draft) -> Run:
    """Make the hidden target and its run."""
    now = timezone.now()
    with transaction.atomic():
        target = targets.store(draft=draft, owner=None, now=now)
        Target.objects.filter(pk=target.pk).update(
            hidden=True, name=f"terminal: {target.start_urls[0]}"[:200]
        )
        return runs.start(target=target, trigger=RunTrigger.TERMINAL, now=now)


def _resumable(number: int) -> Run:
    """Return the run to go on with, taken from a terminal that is gone. Raises Refusal."""
    run = Run.objects.select_related("target").filter(pk=number).first()
    if run is None:
        raise Refusal(f"--resume: there is no run {number}")
    if run.trigger != RunTrigger.TERMINAL:
        raise Refusal(f"--resume: run {number} belongs to the service, whose workers crawl it")
    if run.is_final:
        raise Refusal(f"--resume: run {number} is {run.state}; there is nothing left to crawl")
    now = timezone.now()
    vanished.free_on_this_node(now=now)
    vanished.free_expired(now=now)
    if leases.is_attended(number):
        raise Refusal(f"--resume: another terminal is crawling run {number}")
    return run


def _beginning(run: Run, place: Destination) -> int:
    """Return from where on the items are to be written: files are compared, standard output is remembered."""
    known = memory.place(run) if place.path is None else None
    return arrivals.beginning(run) if known is None else known


def _declared(fields: dict[str, object]) -> tuple[str, ...]:
    """Return the columns of a CSV file where the fields are declared; none where pages decide."""
    return (*fields, *SYSTEM_COLUMNS) if fields else ()


def _write_whole(run: Run, place: Destination, held: frozenset[bytes]) -> int:
    """Write what `run` saw so far to a file that is written whole; nothing of a run that failed."""
    if run.state == RunState.FAILED:
        return 0
    columns = _declared(run.settings["fields"]) or exports.columns(target=run.target, run=run)
    return outputs.write_whole(place, exports.rows(target=run.target, run=run), columns=columns, held=held)


def _cannot_read(run: Run, reason: str) -> None:
    runs.fail(run=run, reason=reason, now=timezone.now())
