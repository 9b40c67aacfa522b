"""Removes what is past its keeping time, in transactions small enough for everybody else."""

from __future__ import annotations

import time
from collections import deque
from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from crawler import conf
from crawler.models import (
    FINAL_RUN_STATES,
    Backlog,
    CarriedRecord,
    Cookie,
    Delivery,
    Event,
    HeldItem,
    Item,
    ItemChange,
    ItemFilling,
    ItemVersion,
    OutsideLink,
    Page,
    PageVersion,
    ProblemKind,
    ProblemSample,
    ProxyHealth,
    Replay,
    Request,
    RequestState,
    Run,
    RunLogin,
    Sighting,
    SitemapReading,
    SpareLink,
    Target,
    UnnumberedChange,
    Webhook,
)
from crawler.policy import completeness
from crawler.services import (
    comparing,
    deliveries,
    events,
    heartbeats,
    looks,
    outbox,
    replays,
    skips,
    versions,
)
from crawler.stores import changes, outages, sql, sweeps

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from django.db.models import Model, QuerySet

BATCH = 2_000
BUDGET_SECONDS = 120.0
FOR_ROWS = 0.5
FOR_VERSIONS = 0.8
"""Until which part of the time rows come first, then versions of pages; then bodies, and rows once more."""


def clean_up(*, now: datetime, budget_seconds: float = BUDGET_SECONDS) -> int:
    """Remove what is due for removal within the budget; the next call goes on. Return how many rows."""
    began = time.monotonic()
    steps: deque[Callable[[datetime], int]] = deque(
        (
            _step_terminal,
            _step_target,
            partial(_step_requests, _missed(now)),
            _step_spare_links,
            _step_changes,
            _step_webhooks,
            _step_outbox,
        )
    )
    removed = _in_turns(steps, now=now, ends_at=began + FOR_ROWS * budget_seconds)
    removed += versions.sweep(now=now, budget=versions.Budget(began + FOR_VERSIONS * budget_seconds))
    removed += versions.sweep_bodies(now=now, budget=versions.Budget(began + budget_seconds))
    return removed + _in_turns(steps, now=now, ends_at=began + budget_seconds)


def _in_turns(steps: deque[Callable[[datetime], int]], *, now: datetime, ends_at: float) -> int:
    """Remove a batch of each kind after the other until the time is up; a step that has nothing left goes."""
    removed = 0
    while steps and time.monotonic() < ends_at:
        step = steps.popleft()
        count = step(now)
        removed += count
        if count:
            steps.append(step)
    return removed


def _step_terminal(now: datetime) -> int:
    """Let go of the hidden targets of the terminal's crawls that ended long ago."""
    kept = Run.objects.filter(target=OuterRef("pk")).exclude(
        state__in=FINAL_RUN_STATES, finished_at__lt=now - conf.crawl().keep_requests
    )
    old = Target.objects.filter(~Exists(kept), hidden=True, deleted_at=None).order_by("pk")[:BATCH]
    return Target.objects.filter(pk__in=list(old.values_list("pk", flat=True))).update(deleted_at=now)


def _step_target(_now: datetime) -> int:
    """Remove a batch of the rows of a deleted target, the target last."""
    busy = Run.objects.active().filter(target=OuterRef("pk"))
    target = Target.objects.exclude(deleted_at=None).exclude(Exists(busy)).order_by("id").first()
    if target is None:
        return 0
    runs = list(Run.objects.filter(target=target).values_list("pk", flat=True))
    items = Item.objects.filter(target=target)
    for rows in (
        Request.objects.filter(run__in=runs),
        Backlog.objects.filter(run__in=runs),
        Sighting.objects.filter(run__in=runs),
        HeldItem.objects.filter(run__in=runs),
        OutsideLink.objects.filter(run__in=runs),
        ProblemSample.objects.filter(run__in=runs),
        ProblemKind.objects.filter(run__in=runs),
        SpareLink.objects.filter(run__in=runs),
        CarriedRecord.objects.filter(run__in=runs),
        Cookie.objects.filter(run__in=runs),
        RunLogin.objects.filter(run__in=runs),
        SitemapReading.objects.filter(run__in=runs),
        ItemFilling.objects.filter(item__in=items),
        ItemVersion.objects.filter(item__in=items),
        UnnumberedChange.objects.filter(target=target.pk),
        ItemChange.objects.filter(target=target),
        items,
        PageVersion.objects.filter(target=target),
        Page.objects.filter(target=target),
        Event.objects.filter(target=target),
        ProxyHealth.objects.filter(target=target),
        Replay.objects.filter(target=target),
        Delivery.objects.filter(webhook__target=target),
        Webhook.objects.filter(target=target),
    ):
        count = _remove(rows)
        if count:
            return count
    with transaction.atomic():
        sweeps.forget([sweeps.of_versions(target.pk), sweeps.of_noise(target.pk), *map(sweeps.of_run, runs)])
        return target.delete()[0]


def _missed(now: datetime) -> Q:
    """Return which old requests stay: those for known pages that runs did not get which count for removals.

    An item whose own page could not be had stays, however far apart whole runs are.
    """
    runs = comparing.counting(before=now - conf.crawl().keep_requests)
    known = Page.objects.filter(target=OuterRef("run__target"), key=OuterRef("key"))
    states = (RequestState.FAILED, RequestState.SKIPPED, RequestState.DEAD)
    return Q(Exists(known), ~Q(reason__in=completeness.GONE), run__in=runs, state__in=states)


def _step_requests(missed: Q, now: datetime) -> int:
    """Remove a batch of the requests and samples of runs that ended long ago; their counts stay."""
    before = now - conf.crawl().keep_requests
    old = Run.objects.filter(state__in=FINAL_RUN_STATES, settled=True, finished_at__lt=before)
    for rows in (
        Request.objects.exclude(missed),
        Backlog.objects.all(),
        OutsideLink.objects.all(),
        ProblemSample.objects.all(),
        SitemapReading.objects.all(),
        CarriedRecord.objects.all(),
    ):
        run = (
            old.filter(Exists(rows.filter(run=OuterRef("pk"))))
            .order_by("id")
            .values_list("pk", flat=True)
            .first()
        )
        if run is not None:
            return _remove(rows.filter(run=run))
    return 0


def _step_spare_links(_now: datetime) -> int:
    """Remove a batch of the links that waited for a place in runs that have ended."""
    return _remove(SpareLink.objects.filter(run__state__in=FINAL_RUN_STATES))


def _step_changes(now: datetime) -> int:
    """Remove a batch of the changes of items that are older than they are kept."""
    return changes.forget(before=now - conf.crawl().keep_changes)


def _step_webhooks(_now: datetime) -> int:
    """Remove a batch of the messages of deleted webhooks, and then these."""
    gone = Webhook.objects.exclude(deleted_at=None)
    return _remove(Delivery.objects.filter(webhook__in=gone)) or _remove(gone)


def _step_outbox(now: datetime) -> int:
    gone = outages.forget(before=now - conf.crawl().keep_events) + skips.forget(now=now)
    gone += deliveries.forget(now=now) + replays.forget(now=now) + looks.forget()
    return gone + outbox.forget(now=now) + heartbeats.forget(now=now) + events.forget(now=now)


def _remove(rows: QuerySet[Model]) -> int:
    """Remove a batch of rows by their ids, in one transaction."""
    ids = list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH])
    if not ids:
        return 0
    with transaction.atomic():
        sql.delete(rows.model, ids)
    return len(ids)
