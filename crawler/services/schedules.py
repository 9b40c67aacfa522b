"""Keeps each target's schedule, and starts the runs that are due."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q

from crawler.frontier import timetable
from crawler.models import MisfirePolicy, OverlapPolicy, Run, RunTrigger, Schedule
from crawler.services import runs
from crawler.services.drafts.timing import draft_of

if TYPE_CHECKING:
    from datetime import datetime

    from crawler.models import Target
    from crawler.services.drafts import ScheduleDraft

BATCH: Final = 200
STAMP: Final = "%Y-%m-%d %H:%M UTC"
GRACE: Final = timedelta(seconds=60)
"""How late a run may start and still be on time; the tick itself comes every 5 s."""


def put(*, target: Target, draft: ScheduleDraft | None, now: datetime) -> Schedule | None:
    """Store `draft` as the schedule of `target`, or none; its next time stays when its times do."""
    existing: Schedule | None = Schedule.objects.filter(target=target).first()
    if draft is None:
        if existing:
            existing.delete()
        target._state.fields_cache.pop("schedule", None)  # noqa: SLF001 the reverse side is cached there
        return None
    schedule = existing or Schedule(target=target)
    before = draft_of(schedule)
    schedule.cron, schedule.every_seconds = draft.cron, draft.every_seconds
    schedule.timezone, schedule.misfire, schedule.overlap = draft.timezone, draft.misfire, draft.overlap
    if not target.enabled:
        schedule.next_run_at = None
    elif existing is None or existing.next_run_at is None or before != draft:
        schedule.next_run_at = _next(schedule, after=now)
        schedule.last_skip_reason = ""
    schedule.save()
    target.schedule = schedule
    return schedule


def rest(*, target: Target) -> None:
    """Let the schedule of `target` start nothing more."""
    Schedule.objects.filter(target=target).update(next_run_at=None)


def next_times(schedule: Schedule, *, now: datetime, count: int = 5) -> list[datetime]:
    """Return the next nominal times of `schedule`, the stored one first; none while it rests."""
    if schedule.next_run_at is None:
        return []
    later = timetable.next_times(
        cron=schedule.cron,
        every_seconds=schedule.every_seconds,
        timezone=schedule.timezone,
        after=max(now, schedule.next_run_at) if schedule.cron else schedule.next_run_at,
        count=count - 1,
    )
    return [schedule.next_run_at, *later]


def tick(*, now: datetime) -> int:
    """Start the runs that are due, at most `BATCH` at a time; return how many were started.

    Two ticks at once start nothing twice: each claims a schedule by moving its `next_run_at`, and
    the database refuses a second run of the same nominal time.
    """
    return sum(_fire(schedule, now) for schedule in _due(now))


def _due(now: datetime) -> list[Schedule]:
    """Return the schedules that are due, longest waiting first, without those that wait for their own run."""
    waits = Q(overlap=OverlapPolicy.QUEUE) & Exists(Run.objects.active().filter(target=OuterRef("target")))
    due = Schedule.objects.filter(
        next_run_at__lte=now, target__enabled=True, target__deleted_at=None, target__hidden=False
    )
    return list(due.exclude(waits).select_related("target").order_by("next_run_at", "id")[:BATCH])


def _fire(schedule: Schedule, now: datetime) -> bool:
    nominal = _nominal(schedule, now)
    reason = _why_not(schedule, nominal, now)
    try:
        with transaction.atomic():
            if not _claim(schedule, reason, now):
                return False
            if reason is None:
                runs.start(
                    target=schedule.target,
                    trigger=RunTrigger.SCHEDULE,
                    now=now,
                    schedule=schedule,
                    nominal_at=nominal or schedule.next_run_at,
                )
    except IntegrityError:
        if not Run.objects.filter(schedule=schedule, nominal_at=nominal or schedule.next_run_at).exists():
            raise
        _claim(schedule, None, now)
        return False
    except runs.TargetDisabled as error:
        _claim(schedule, str(error), now)
        return False
    return reason is None


def _nominal(schedule: Schedule, now: datetime) -> datetime | None:
    """Return the latest nominal time that is still on time; None when all that are due were missed."""
    due = schedule.next_run_at or now
    if now - due <= GRACE:
        return due
    if schedule.every_seconds:
        step = timedelta(seconds=schedule.every_seconds)
        latest = due + step * ((now - due) // step)
    else:
        latest = _next(schedule, after=now - GRACE) or now + GRACE
    return latest if now - GRACE <= latest <= now else None


def _why_not(schedule: Schedule, nominal: datetime | None, now: datetime) -> str | None:
    """Return why the run that is due is not to start; None when it is."""
    if nominal is None and schedule.misfire == MisfirePolicy.SKIP and not _queued(schedule):
        return f"nothing was running at {schedule.next_run_at:{STAMP}}, and what was missed is skipped"
    if schedule.overlap == OverlapPolicy.SKIP:
        before = Run.objects.filter(target=schedule.target_id).active().order_by("-id").first()
        if before:
            return f"run {before.pk} was still {before.state} at {now:{STAMP}}"
    return None


def _queued(schedule: Schedule) -> bool:
    """Say whether the run that is due waited for the one before it, rather than for the service to run."""
    ended_since = Run.objects.filter(target=schedule.target_id, finished_at__gte=schedule.next_run_at)
    return schedule.overlap == OverlapPolicy.QUEUE and ended_since.exists()


def _claim(schedule: Schedule, skipped: str | None, now: datetime) -> bool:
    """Move `schedule` on to its next time after `now`; False when another tick already did."""
    moved = Schedule.objects.filter(pk=schedule.pk, next_run_at=schedule.next_run_at)
    last = {"last_run_at": now} if skipped is None else {}
    reason = (skipped or "")[:200]
    return moved.update(next_run_at=_following(schedule, now), last_skip_reason=reason, **last) == 1


def _following(schedule: Schedule, now: datetime) -> datetime | None:
    if schedule.every_seconds and schedule.next_run_at:
        step = timedelta(seconds=schedule.every_seconds)
        return schedule.next_run_at + step * ((now - schedule.next_run_at) // step + 1)
    return _next(schedule, after=now)


def _next(schedule: Schedule, *, after: datetime) -> datetime | None:
    times = timetable.next_times(
        cron=schedule.cron,
        every_seconds=schedule.every_seconds,
        timezone=schedule.timezone,
        after=after,
        count=1,
    )
    return times[0] if times else None
