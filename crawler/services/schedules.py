"""Keeps each target's schedule, and starts the runs that are due."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, assert_never

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q

from crawler.frontier import catching_up
from crawler.frontier.catching_up import PassOver, Start, Wait
from crawler.models import MisfirePolicy, OverlapPolicy, Run, RunTrigger, Schedule, SkipKind
from crawler.services import runs, skips
from crawler.services.drafts import KEYS, feasibility
from crawler.services.drafts.timing import draft_of
from crawler.services.skips import STAMP, Skip
from crawler.services.spreading import quiet_shift

if TYPE_CHECKING:
    from datetime import datetime

    from crawler.frontier.catching_up import Passed
    from crawler.models import Target
    from crawler.services.drafts import ScheduleDraft

BATCH: Final = 200


def put(*, target: Target, draft: ScheduleDraft | None, now: datetime) -> Schedule | None:
    """Store `draft` as the schedule of `target`, or none; its next time stays when its times do."""
    existing: Schedule | None = Schedule.objects.filter(target=target).first()
    if draft is None:
        if existing:
            existing.delete()
        target._state.fields_cache.pop("schedule", None)  # noqa: SLF001 the reverse side is cached there
        return None
    schedule = existing or Schedule(target=target)
    before = draft_of(schedule).times
    _take_over(schedule, draft, now)
    if not target.enabled:
        schedule.next_run_at = schedule.due_at = None
    elif schedule.next_run_at is None or before != draft.times:
        _begin(schedule, draft, now)
    schedule.feasibility = _feasibility(schedule, target, now)
    schedule.save()
    target.schedule = schedule
    return schedule


def check(*, target: Target, now: datetime) -> None:
    """Store whether the schedule of `target` can be kept, as its last complete run showed."""
    schedule = Schedule.objects.filter(target=target).first()
    if schedule:
        found = _feasibility(schedule, target, now)
        Schedule.objects.filter(pk=schedule.pk).update(feasibility=found)


def _feasibility(schedule: Schedule, target: Target, now: datetime) -> dict[str, Any]:
    values = {key: getattr(target, key) for key in KEYS}
    last = feasibility.last_run(target)
    found = feasibility.judged(draft_of(schedule), values, last=last, now=now)
    return feasibility.told(found, now=now) if found else {}


def _take_over(schedule: Schedule, draft: ScheduleDraft, now: datetime) -> None:
    schedule.cron, schedule.every_seconds, schedule.timezone = draft.cron, draft.every_seconds, draft.timezone
    schedule.misfire, schedule.overlap = draft.misfire, draft.overlap
    schedule.jitter_seconds, schedule.windows = draft.jitter_seconds, list(draft.windows)
    schedule.spread = draft.spread
    if draft.paused:
        schedule.paused_at = schedule.paused_at or now
    elif schedule.paused_at:
        schedule.paused_at, schedule.resumed_at = None, now


def _begin(schedule: Schedule, draft: ScheduleDraft, now: datetime) -> None:
    """Give a schedule whose times are new its place in the hour and its first time."""
    shift = quiet_shift(draft, target=schedule.target_id, after=now)
    schedule.shift_minutes = shift
    schedule.phase_at = now + timedelta(minutes=shift) if draft.every_seconds is not None else None
    first = next(schedule.timetable.later_than(schedule.phase_at or now), None)
    _set_next(schedule, first)
    schedule.last_skip_reason = ""


def _set_next(schedule: Schedule, nominal: datetime | None) -> None:
    schedule.next_run_at = nominal
    schedule.due_at = schedule.timetable.due_at(nominal) if nominal else None


def rest(*, target: Target) -> None:
    """Let the schedule of `target` start nothing more."""
    Schedule.objects.filter(target=target).update(next_run_at=None, due_at=None)


def next_times(schedule: Schedule, *, now: datetime, count: int = 5) -> list[datetime]:
    """Return when the next runs of `schedule` start, by its jitter after their nominal times.

    The stored time comes first, though it may have passed; none while the schedule rests or is paused.
    """
    if schedule.next_run_at is None or schedule.paused_at is not None:
        return []
    table = schedule.timetable
    later = islice(table.later_than(max(now, schedule.next_run_at)), count - 1)
    return [table.due_at(time) for time in (schedule.next_run_at, *later)]


def tick(*, now: datetime) -> int:
    """Start the runs that are due, at most `BATCH` at a time; return how many were started.

    Two ticks at once start nothing twice: each claims a schedule by moving its `next_run_at`, and
    the database refuses a second run of the same nominal time.
    """
    return sum(_fire(schedule, now) for schedule in _due(now))


def _due(now: datetime) -> list[Schedule]:
    """Return the schedules that are due, longest waiting first, without those that wait for their own run."""
    waits = Q(overlap=OverlapPolicy.QUEUE) & Exists(
        Run.objects.whole().active().filter(target=OuterRef("target"))
    )
    due = Schedule.objects.filter(
        Q(due_at=None) | Q(due_at__lte=now),
        next_run_at__lte=now,
        paused_at=None,
        target__enabled=True,
        target__deleted_at=None,
        target__hidden=False,
    )
    return list(due.exclude(waits).select_related("target").order_by("next_run_at", "id")[:BATCH])


def _fire(schedule: Schedule, now: datetime) -> bool:
    """Do what is to be done about a schedule that is due; say whether it started a run."""
    due = catching_up.passed(schedule.timetable, first=schedule.next_run_at or now, now=now)
    try:
        with transaction.atomic():
            return _act(schedule, due, now)
    except IntegrityError:
        if not Run.objects.filter(schedule=schedule, nominal_at__in=due.times).exists():
            raise
        _claim(schedule, due.following)
    except runs.TargetDisabled as error:
        with transaction.atomic():
            _pass_over(schedule, due, Skip(kind=SkipKind.DISABLED, reason=str(error), times=due.times), now)
    return False


def _act(schedule: Schedule, due: Passed, now: datetime) -> bool:
    cause = _cause(schedule, due)
    makes_up = schedule.misfire == MisfirePolicy.RUN_ONCE or cause == SkipKind.OVERLAP
    resuming = schedule.timetable.resuming(now)
    match catching_up.decide(due, makes_up=makes_up, now=now, resuming=resuming):
        case Start(nominal=nominal):
            before = _in_the_way(schedule)
            if before is None:
                return _start(
                    schedule, due, nominal, skips.left_out(due, nominal, cause, makes_up=makes_up), now
                )
            _pass_over(schedule, due, skips.overlap(due, before, now=now), now)
        case Wait(until=until):
            _wait(schedule, due, until, cause, now)
        case PassOver():
            _pass_over(schedule, due, skips.missed(due, cause), now)
        case never:
            assert_never(never)
    return False


def _start(schedule: Schedule, due: Passed, nominal: datetime, skip: Skip | None, now: datetime) -> bool:
    if not _claim(schedule, due.following, last_run_at=now, last_skip_reason=""):
        return False
    run = runs.start(
        target=schedule.target, trigger=RunTrigger.SCHEDULE, now=now, schedule=schedule, nominal_at=nominal
    )
    if skip:
        skips.note(target=schedule.target_id, skip=replace(skip, run=run.pk), now=now)
    return True


def _pass_over(schedule: Schedule, due: Passed, skip: Skip, now: datetime) -> None:
    if _claim(schedule, due.following, last_skip_reason=skip.reason[:200]):
        skips.note(target=schedule.target_id, skip=skip, now=now)


def _wait(schedule: Schedule, due: Passed, until: datetime, cause: SkipKind, now: datetime) -> None:
    """Have one run for what has passed when a window is open: the next time's, or the first's, late."""
    others = due.times if until == due.following else due.times[1:]
    if _claim(schedule, until) and others:
        reason = f"{cause.label}; one run at {until:{STAMP}} stands for it"
        skips.note(target=schedule.target_id, skip=Skip(kind=cause, reason=reason, times=others), now=now)


def _cause(schedule: Schedule, due: Passed) -> SkipKind:
    """Return why what is due now was not started in time."""
    if schedule.resumed_at and due.first <= schedule.resumed_at:
        return SkipKind.PAUSED
    ended_since = Run.objects.whole().filter(target=schedule.target_id, finished_at__gte=due.first)
    if schedule.overlap == OverlapPolicy.QUEUE and ended_since.exists():
        return SkipKind.OVERLAP
    return SkipKind.MISFIRE


def _in_the_way(schedule: Schedule) -> Run | None:
    """Return the run that keeps the next one from starting."""
    if schedule.overlap != OverlapPolicy.SKIP:
        return None
    return Run.objects.whole().filter(target=schedule.target_id).active().order_by("-id").first()


def _claim(schedule: Schedule, following: datetime | None, **changes: object) -> bool:
    """Move `schedule` on to its next time; False when another tick already did."""
    unmoved = Schedule.objects.filter(pk=schedule.pk, next_run_at=schedule.next_run_at)
    due_at = schedule.timetable.due_at(following) if following else None
    return unmoved.update(next_run_at=following, due_at=due_at, **changes) == 1
