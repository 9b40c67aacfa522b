"""Deadlines: given to runs, brought nearer by priority, and found to have passed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import F, Q

from crawler.models import Backlog, Run, RunState
from crawler.policy import deadlines as rule
from crawler.services import runs
from crawler.services.drafts import feasibility
from crawler.stores import deadlines as rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

MOST_RUNS = 200


def put(*, run: Run, at: datetime | None, now: datetime) -> None:
    """Give a run another deadline, or none; a run of a target with a deadline has begun with that.

    Raises `runs.WrongState` when it has ended, or met or missed the one that it had.
    """
    undecided = Run.objects.filter(pk=run.pk, deadline_met=None).active()
    if not undecided.update(deadline_at=at):
        why = "it has ended already" if run.is_final else "it has missed the one that it had"
        raise runs.WrongState(f"run {run.pk} cannot be given a deadline: {why}")
    run.refresh_from_db()
    if at is None and run.priority != run.base_priority:
        runs.move_priority(run=run, priority=run.base_priority, now=now)


def move(*, run: Run, priority: int, now: datetime) -> None:
    """Give a run another priority of its own, 0 to 9, and at once what its deadline makes of that.

    Raises `runs.WrongState`.
    """
    pressed = priority
    if run.deadline_at is not None and run.deadline_met is None:
        to = rule.wanted(own=priority, left=run.deadline_at - now, needs=_needs(run))
        pressed = rule.moved(run.priority, before=run.base_priority, own=priority, to=to)
    runs.move_priority(run=run, priority=priority, pressed=pressed, now=now)


def watch(*, now: datetime) -> int:
    """Note the deadlines that have passed, and move priorities a step; return how many were moved.

    Two of these at once do it once: each changes a run only as it has read it.
    """
    for late in _of_interest().filter(deadline_met=None, deadline_at__lt=now).values_list("pk", flat=True):
        with transaction.atomic():
            rows.decide(late, met=False, now=now)
    return sum(_move(run, now) for run in _to_move())


def _of_interest() -> Any:
    return Run.objects.filter(settled=False, deadline_at__isnull=False).active()


def _to_move() -> Iterator[Run]:
    """Yield the runs that a deadline may make more urgent, the nearest first, or has made so in vain."""
    awaited = Q(deadline_met=None, state__in=(RunState.QUEUED, RunState.RUNNING))
    missed = Q(deadline_met=False, priority__gt=F("own_priority"))
    found = _of_interest().filter(awaited | missed).without_secrets().select_related("target")
    yield from found.order_by("deadline_at", "id")[:MOST_RUNS]


def _move(run: Run, now: datetime) -> bool:
    own, left = run.base_priority, run.deadline_at - now if run.deadline_at else None
    if left is None:
        return False
    to = own if run.deadline_met is False else rule.wanted(own=own, left=left, needs=_needs(run))
    priority = rule.step(run.priority, to=to, own=own)
    return priority != run.priority and runs.press(run=run, priority=priority, now=now)


def _needs(run: Run) -> Any:
    """Return how long the rest of the run takes at the pace of its hosts.

    What is left is what waits, or what the run before had and this one has not come to yet.
    """
    last = feasibility.last_run(run.target)
    load = feasibility.load(run.settings, last=last)
    settled = run.discovered - run.waiting
    left = max(run.waiting, load.pages - settled if last else 0)
    hosts = Backlog.objects.filter(run=run, due_at__isnull=False).values("host").distinct().count()
    return rule.needed(requests=left, hosts=hosts, pace=load.pace)
