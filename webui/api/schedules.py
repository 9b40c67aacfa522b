"""Schedules of targets: what is read of them, and which of their times had no run."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Query, Router, Schema
from pydantic import Field

from crawler.models import Schedule, Target
from crawler.queries import skips
from crawler.services import drafts, schedules
from webui.api.auth import caller
from webui.api.schemas import Paged

router = Router(tags=["targets"])


class FeasibilityOut(Schema):
    """Whether a run fits between two times of the schedule, checked when it was saved and after each run."""

    fits: bool
    problem: Annotated[str | None, Field(description="Why it does not, and what would.")]
    pages: int
    measured: Annotated[bool, Field(description="Whether the last complete run had so many; else a limit.")]
    pace_seconds: Annotated[float, Field(description="What the slowest host takes for a page.")]
    needs_seconds: int
    between_seconds: Annotated[int, Field(description="The least that lies between two of its times.")]
    possible_seconds: Annotated[int | None, Field(description="The interval that would do.")]
    checked_at: datetime


class ScheduleOut(Schema):
    """When runs start by themselves.

    `next_runs` are in UTC, with the jitter; empty while the target is disabled or the schedule paused.
    """

    cron: str | None
    every_seconds: int | None
    timezone: str
    misfire: str
    overlap: str
    jitter_seconds: int
    windows: list[str]
    paused: bool
    spread: bool
    shift_minutes: Annotated[int, Field(description="By how much `spread` moved its times.")]
    next_runs: list[datetime]
    last_run_at: datetime | None
    last_skip_reason: str
    feasibility: FeasibilityOut | None


class SkipOut(Schema):
    """Times that had no run: from `nominal_at` to `last_nominal_at`."""

    id: int
    nominal_at: datetime
    last_nominal_at: datetime
    times: int
    kind: str
    reason: str
    run: Annotated[int | None, Field(description="The run that was in the way, or stands for these times.")]
    noted_at: datetime


class SkipList(Schema):
    items: list[SkipOut]
    next: str | None


@router.get("/targets/{int:target_id}/schedule/skips", response=SkipList)
def list_skips(request: HttpRequest, target_id: int, filters: Query[Paged]) -> SkipList:
    """List the times of the target's schedule that had no run, and why; newest first."""
    target = get_object_or_404(Target.objects.visible_to(caller(request).user), pk=target_id)
    found = skips.page(target, cursor=filters.cursor, size=filters.limit)
    return SkipList(items=[SkipOut.from_orm(skip) for skip in found.rows], next=found.next)


def schedule_out(schedule: Schedule | None, now: datetime) -> ScheduleOut | None:
    """Return what the API says of a schedule."""
    if schedule is None:
        return None
    checked = schedule.feasibility
    return ScheduleOut(
        cron=schedule.cron or None,
        every_seconds=schedule.every_seconds,
        timezone=schedule.timezone,
        misfire=schedule.misfire,
        overlap=schedule.overlap,
        jitter_seconds=schedule.jitter_seconds,
        windows=schedule.windows,
        paused=schedule.paused_at is not None,
        spread=drafts.draft_of(schedule).spreads,
        shift_minutes=schedule.shift_minutes,
        next_runs=schedules.next_times(schedule, now=now),
        last_run_at=schedule.last_run_at,
        last_skip_reason=schedule.last_skip_reason,
        feasibility=FeasibilityOut(**checked) if checked else None,
    )
