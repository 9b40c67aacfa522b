"""A dead man's switch: notices that data became older than it may be, whether or not anything runs."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from crawler.models import EventKind, FreshnessWatch, Target
from crawler.policy import freshness
from crawler.policy.freshness import Data, Freshness, Judgement
from crawler.queries.freshness import newest_run, watched
from crawler.services import events

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

BATCH = 1_000
TOLD = {Freshness.LATE: EventKind.FRESHNESS_LATE, Freshness.RECOVERED: EventKind.FRESHNESS_RECOVERED}
COLUMNS = ("state", "since", "armed_at", "check_at", "target__max_age_seconds")


def put(*, target: Target, now: datetime) -> None:
    """Watch over `target` as its settings say; the caller holds the transaction that changed them.

    The promise counts from when it was first made, and anew when a disabled target is enabled.
    """
    watch = FreshnessWatch.objects.select_for_update().filter(target=target).first()
    if target.max_age_seconds is None:
        FreshnessWatch.objects.filter(target=target).delete()
        return
    watch = watch or FreshnessWatch(target=target, since=now, armed_at=now)
    if not target.enabled:
        watch.check_at = None
    else:
        if watch.check_at is None:
            watch.state, watch.since, watch.armed_at = Freshness.AWAITED, now, now
        watch.check_at = now
    watch.save()


def watch(*, now: datetime) -> int:
    """Judge the targets whose freshness may have changed; return how many changed.

    Two of these at once tell of each change once: each changes a row only as it has read it, and
    writes the event in the same transaction.
    """
    return sum(_judge(row, now) for row in _due(now))


def _due(now: datetime) -> Iterator[FreshnessWatch]:
    """Yield what is to be judged with the newest data of each, in small queries; all that are late are."""
    promised = watched(Target.objects.filter(max_age_seconds__isnull=False))
    due = (
        FreshnessWatch.objects.filter(check_at__lte=now, target__in=promised)
        .annotate(as_of=newest_run("started_at"), stored_at=newest_run("finished_at"))
        .select_related("target")
        .only(*COLUMNS)
        .order_by("pk")
    )
    last = 0
    while rows := list(due.filter(pk__gt=last)[:BATCH]):
        yield from rows
        last = rows[-1].pk


def _judge(row: FreshnessWatch, now: datetime) -> bool:
    before = Judgement(state=Freshness(row.state), since=row.since, until=row.check_at)
    as_of, stored_at = vars(row)["as_of"], vars(row)["stored_at"]
    after = freshness.judge(
        before,
        data=Data(as_of=as_of, stored_at=stored_at) if as_of else None,
        armed_at=row.armed_at,
        max_age=timedelta(seconds=row.target.max_age_seconds or 0),
        now=now,
    )
    check_at = after.until or after.since
    if (after.state, after.since, check_at) == (before.state, before.since, before.until):
        return False
    with transaction.atomic():
        mine = FreshnessWatch.objects.filter(
            pk=row.pk, state=row.state, since=row.since, check_at=row.check_at
        )
        if not mine.update(state=after.state, since=after.since, check_at=check_at):
            return False
        if after.state != before.state:
            _tell(row, after, as_of=as_of, late_for=after.since - before.since, now=now)
    return after.state != before.state


def _tell(
    row: FreshnessWatch, after: Judgement, *, as_of: datetime | None, late_for: timedelta, now: datetime
) -> None:
    kind = TOLD.get(after.state)
    if kind is not None:
        events.record(
            kind,
            target=row.pk,
            now=now,
            max_age_seconds=row.target.max_age_seconds,
            as_of=as_of.isoformat() if as_of else None,
            since=after.since.isoformat(),
            late_seconds=late_for.total_seconds() if kind == EventKind.FRESHNESS_RECOVERED else None,
        )
