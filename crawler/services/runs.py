"""Runs: started, paused, resumed, cancelled, moved in priority, and settled."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Q

from crawler.engine.work import NewRequest
from crawler.models import (
    ACTIVE_RUN_STATES,
    FINAL_RUN_STATES,
    TIME_LIMIT,
    BacklogKind,
    RefreshPlan,
    Run,
    RunLogin,
    RunState,
    RunTrigger,
)
from crawler.models.runs import nothing_waits
from crawler.policy.logins import Login
from crawler.queue import Work, lane_for
from crawler.services import bells, holding, outbox, seeds
from crawler.services.drafts.deadlines import deadline_of
from crawler.stores import backlogs, hosts, sql
from crawler.stores import runs as rows
from crawler.stores.discovery import Discovery, SeenBefore
from crawler.urls import canonical

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from crawler.models import Schedule, Target

SETTLE_BATCH = 5_000
HOSTS_A_STEP = 1_000
CANCELLED = "cancelled"
FROZEN = (
    "start_urls", "scope", "include", "exclude", "max_depth", "max_pages", "max_minutes", "traps",
    "delay_seconds", "connections", "adapt_pace", "http2", "obey_robots", "cookies", "user_agent",
    "scraper", "options", "fields", "row", "key", "sitemaps", "robots_sitemaps", "sitemaps_since",
    "noise",
)  # fmt: skip


class TargetDisabled(Exception):
    """A run was asked for of a target that is switched off or deleted."""


class WrongState(Exception):
    """What was asked for cannot be done in the state the run is in."""


def start(
    *,
    target: Target,
    trigger: RunTrigger,
    now: datetime,
    priority: int | None = None,
    schedule: Schedule | None = None,
    nominal_at: datetime | None = None,
) -> Run:
    """Make a run and its first requests in one transaction; after commit ask for a slice.

    Raises TargetDisabled, and IntegrityError when the schedule's nominal time had its run.
    """
    if target.deleted_at is not None or not (target.enabled or trigger == RunTrigger.TERMINAL):
        raise TargetDisabled(f"{target.name} is switched off: enable the target, then start it again")
    own = target.priority if priority is None else priority
    urls, listings = [canonical(url) for url in target.start_urls], seeds.requests(target)
    hosts.ids_of([*(url.origin for url in urls), *(listing.url.origin for listing in listings)])
    discovery = Discovery(SeenBefore())
    with transaction.atomic():
        RefreshPlan.objects.select_for_update().filter(target=target).first()  # nobody refreshes meanwhile
        run = Run.objects.create(
            target=target,
            trigger=trigger,
            priority=own,
            own_priority=own,
            deadline_at=deadline_of(target, now=now) if trigger != RunTrigger.TERMINAL else None,
            schedule=schedule,
            nominal_at=nominal_at,
            settings=frozen(target) | seeds.settings(target, now=now),
            headers=target.headers,
            secrets=secrets(target),
            awaits_login=logs_in(target),
            publication=holding.of_new_run(target, trigger),
        )
        prepare_login(run, now=now)
        discovery.add(run.pk, [NewRequest(url=url, depth=0) for url in urls], parent=None)
        discovery.add_sitemaps(run.pk, listings, parent=None)
        discovery.resolve_hosts()
        insert_first(run, discovery, now=now)
        if trigger != RunTrigger.TERMINAL:
            transaction.on_commit(lambda: bells.ring(lane_for(run.priority), now=now))
            transaction.on_commit(lambda: make_way(target.pk, now=now))
    run.refresh_from_db()
    return run


def frozen(target: Target) -> dict[str, Any]:
    """Return the settings of a target as a run keeps them."""
    return {name: getattr(target, name) for name in FROZEN}


def secrets(target: Target) -> dict[str, Any]:
    """Return what of a target a run keeps encrypted, besides the headers."""
    kept = {"login": target.login, "proxies": target.proxies}
    return {name: value for name, value in kept.items() if value}


def logs_in(target: Target) -> bool:
    """Say whether runs of `target` must log in, or be checked, before their first page."""
    login = Login.read(target.login)
    return login is not None and login.comes_first


def prepare_login(run: Run, *, now: datetime) -> None:
    """Ask for the login of a new run that awaits it, within the transaction that makes it.

    A terminal logs its run in itself.
    """
    if run.awaits_login:
        RunLogin.objects.create(run=run, asked_at=now)
        if run.trigger != RunTrigger.TERMINAL:
            outbox.post(Work.LOG_IN, now=now, run=run.pk)


def make_way(target: int, *, now: datetime) -> None:
    """End the refreshing of a target's pages, because a run has begun that asks all of them."""
    for run in Run.objects.filter(target=target, trigger=RunTrigger.REFRESH).active().order_by("id"):
        with suppress(WrongState):  # it ended by itself just now
            cancel(run=run, now=now)


def insert_first(run: Run, discovery: Discovery, *, now: datetime) -> None:
    """Insert the requests that a new run begins with, within the transaction that makes it."""
    kind = BacklogKind.TERMINAL if run.trigger == RunTrigger.TERMINAL else BacklogKind.HTTP
    tallies = rows.Tallies()
    hosts.lock(discovery.host_ids)
    touched = discovery.insert(
        kinds={run.pk: (kind.value, run.priority)},
        tallies=tallies,
        room={run.pk: run.settings["max_pages"]},
        now=now,
    )
    hosts.set_standing(touched, now=now)
    tallies.write(now=now)


def pause(*, run: Run, now: datetime) -> None:
    """Close the run's backlogs; what is in flight is still stored. Raises WrongState."""
    going = (RunState.QUEUED, RunState.RUNNING)
    if not Run.objects.filter(pk=run.pk).move(going, RunState.PAUSED, paused_at=now):
        raise WrongState(_cannot(run, "paused", "only a queued or running run can be paused"))
    align(run=run, now=now)
    run.refresh_from_db()


def resume(*, run: Run, now: datetime) -> None:
    """Open the run's backlogs again; the time it rested is not its own. Raises WrongState."""
    run.refresh_from_db()
    moved = Run.objects.filter(pk=run.pk).move(
        (RunState.PAUSED,),
        RunState.RUNNING,
        started_at=run.started_at or now,
        paused_seconds=run.rested_until(now).total_seconds(),
    )
    if not moved:
        raise WrongState(_cannot(run, "resumed", "only a paused run can be resumed"))
    align(run=run, now=now)
    with transaction.atomic():
        rows.finish_if_done(run.pk, now=now)
    if run.trigger != RunTrigger.TERMINAL:
        bells.ring(lane_for(run.priority), now=now)
    run.refresh_from_db()


def cancel(*, run: Run, now: datetime) -> None:
    """End the run: nothing more is sent, results in flight are dropped. Raises WrongState.

    The first waiting rows are settled at once, the rest by a background job; the event that the
    run has ended comes after the last.
    """
    moved = Run.objects.filter(pk=run.pk).move(
        ACTIVE_RUN_STATES,
        RunState.CANCELLED,
        reason=CANCELLED,
        finished_at=now,
    )
    if not moved:
        raise WrongState(_cannot(run, "cancelled", "it has ended already"))
    _settle_soon(run, now=now)
    run.refresh_from_db()


def _settle_soon(run: Run, *, now: datetime) -> None:
    if not settle(run=run, now=now, batches=1):
        outbox.post(Work.SETTLE_RUN, now=now, run=run.pk)


def settle(*, run: Run, now: datetime, batches: int = 1_000) -> bool:
    """End the waiting requests of a run that is over, in batches of 5,000; say whether none is left.

    Safe to call twice at once and at any time: it does nothing for a run that goes on.
    """
    if not _is_over(run.pk):
        return True
    align(run=run, now=now)
    return any(sql.atomically(lambda: _settle_batch(run.pk, now=now)) for _ in range(batches))


def _is_over(run_id: int) -> bool:
    over = Q(state__in=FINAL_RUN_STATES) | Q(reason=TIME_LIMIT)
    return Run.objects.filter(over, pk=run_id, settled=False).exists()


def _settle_batch(run_id: int, *, now: datetime) -> bool:
    """End a batch; say whether nothing was left to end. What is in flight of a late run is still stored."""
    state, reason = Run.objects.values_list("state", "reason").get(pk=run_id)
    ended, sitemaps = rows.settle_waiting(
        run_id, reason=reason or CANCELLED, leased=state in FINAL_RUN_STATES, limit=SETTLE_BATCH, now=now
    )
    tallies = rows.Tallies()
    tallies.add(run_id, skipped=ended, sitemaps=-sitemaps)
    tallies.write(now=now)
    if ended == SETTLE_BATCH:
        return False
    settled = Run.objects.filter(nothing_waits(), pk=run_id, settled=False, state__in=FINAL_RUN_STATES)
    if settled.update(settled=True):
        rows.tell_of_end(run_id, now=now)
    return True


def stop_late(*, now: datetime) -> int:
    """End the runs that are past their time limit; what they have is kept. Return how many."""
    stopped = 0
    running = Run.objects.filter(state=RunState.RUNNING).exclude(reason=TIME_LIMIT)
    for run in running.without_secrets().order_by("id"):
        minutes = run.settings["max_minutes"]
        if minutes is None:
            continue
        ends_at = (run.started_at or now) + timedelta(minutes=minutes, seconds=run.paused_seconds)
        still = Run.objects.filter(pk=run.pk, state=RunState.RUNNING)
        if ends_at < now and still.update(reason=TIME_LIMIT):
            _settle_soon(run, now=now)
            stopped += 1
    return stopped


def fail(*, run: Run, reason: str, now: datetime) -> None:
    """End a run that cannot go on, such as one whose scraper is missing."""
    moved = Run.objects.filter(pk=run.pk).move(
        ACTIVE_RUN_STATES,
        RunState.FAILED,
        reason=reason[:300],
        finished_at=now,
    )
    if moved:
        _settle_soon(run, now=now)


def move_priority(*, run: Run, priority: int, now: datetime, pressed: int | None = None) -> None:
    """Give a run another priority, 0 to 9; slices act on it at their next look. Raises WrongState.

    `pressed` is what its deadline makes of that, none by default.
    """
    acts = priority if pressed is None else pressed
    if not Run.objects.filter(pk=run.pk).active().update(priority=acts, own_priority=priority):
        raise WrongState(_cannot(run, "moved", "it has ended already"))
    align(run=run, now=now)
    bells.ring(lane_for(acts), now=now)
    run.refresh_from_db()


def press(*, run: Run, priority: int, now: datetime) -> bool:
    """Let a deadline make the run more or less urgent; False when it was moved meanwhile, or has ended."""
    same = Run.objects.filter(pk=run.pk, priority=run.priority, own_priority=run.own_priority).active()
    if not same.update(priority=priority):
        return False
    align(run=run, now=now)
    if lane_for(priority) != lane_for(run.priority):
        bells.ring(lane_for(priority), now=now)
    run.priority = priority
    return True


def align(*, run: Run, now: datetime) -> None:
    """Have the run's backlogs say what its row says, a thousand hosts at a time, each under its hosts' locks.

    It looks again until nothing is left to change, so that of two who change the run at once the
    last one to write leaves what holds.
    """
    while found := backlogs.misaligned(run.pk):
        for chunk in sql.chunks(found, HOSTS_A_STEP):
            sql.atomically(partial(_align, chunk, now=now))


def _align(places: Sequence[tuple[int, int]], *, now: datetime) -> None:
    ids = {host for host, _backlog in places}
    hosts.lock(ids)
    backlogs.align(backlog for _host, backlog in places)
    hosts.set_standing(ids, now=now)


def _cannot(run: Run, done: str, why: str) -> str:
    state = Run.objects.values_list("state", flat=True).get(pk=run.pk)
    return f"run {run.pk} is {state} and cannot be {done}: {why}"
