"""The Celery tasks, one for each `Work`: names and doors, no rules."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from crawler.models import Run
from crawler.queue import Lane, Work
from crawler.services import (
    comparing,
    freshness,
    judging,
    logins,
    looking,
    outbox,
    previewing,
    reconciling,
    refresh,
    replays,
    reports,
    retention,
    runs,
    searching,
    slices,
    ticking,
)
from crawler.services.deliveries import sending


@shared_task(name=Work.CRAWL_SLICE.value)
def crawl_slice(*, lane: str, **_newer: object) -> None:
    slices.advance(lane=Lane(lane))


@shared_task(
    name=Work.PREVIEW.value,
    ignore_result=False,
    acks_late=False,
    time_limit=90,
    soft_time_limit=75,
    resultrepr_maxsize=64,  # what the page says does not belong into the log
)
def preview(
    *,
    draft: str,
    user: int,
    suggest: bool = False,
    behind: bool = False,
    target: int | None = None,
    **_newer: object,
) -> dict[str, object]:
    return previewing.run(draft=draft, user=user, suggest=suggest, behind=behind, target=target)


@shared_task(name=Work.LOG_IN.value)
def log_in(*, run: int, **_newer: object) -> None:
    logins.perform(run=Run.objects.get(pk=run))


@shared_task(name=Work.TICK.value)
def tick(**_newer: object) -> None:
    ticking.tick(now=timezone.now())


@shared_task(name=Work.WATCH.value)
def watch(**_newer: object) -> None:
    freshness.watch(now=timezone.now())


@shared_task(name=Work.REFRESH.value)
def refresh_pages(**_newer: object) -> None:
    refresh.tick(now=timezone.now())


@shared_task(name=Work.RECONCILE.value)
def reconcile(**_newer: object) -> None:
    reconciling.reconcile(now=timezone.now())


@shared_task(name=Work.DELIVER.value)
def deliver(**_newer: object) -> None:
    outbox.publish_waiting(now=timezone.now())


@shared_task(name=Work.WEBHOOKS.value)
def send_webhooks(**_newer: object) -> None:
    sending.work(now=timezone.now())


@shared_task(name=Work.CLEAN_UP.value)
def clean_up(**_newer: object) -> None:
    retention.clean_up(now=timezone.now())


@shared_task(name=Work.SETTLE_RUN.value)
def settle_run(*, run: int, **_newer: object) -> None:
    runs.settle(run=Run.objects.get(pk=run), now=timezone.now())


@shared_task(name=Work.REPORT_RUN.value)
def report_run(*, run: int, **_newer: object) -> None:
    reports.report(run=Run.objects.get(pk=run))


@shared_task(name=Work.INDEX.value)
def index(**_newer: object) -> None:
    searching.index(now=timezone.now())


@shared_task(name=Work.REPLAY.value)
def advance_replay(*, replay: int, **_newer: object) -> None:
    replays.advance(replay=replay, now=timezone.now())


@shared_task(name=Work.REPAIR.value)
def advance_repair(*, run: int, **_newer: object) -> None:
    looking.advance(run=run, now=timezone.now())


@shared_task(name=Work.COMPARE.value)
def compare(**_newer: object) -> None:
    comparing.work(now=timezone.now())


@shared_task(name=Work.JUDGE.value)
def judge(**_newer: object) -> None:
    judging.work(now=timezone.now())
