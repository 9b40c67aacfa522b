"""A run's deadline: the pages that give it, change it, take it away, and start a run with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from crawler.frontier.crons import BadTimetable, instant, new_zone
from crawler.models import Run, RunTrigger, Schedule, Target
from crawler.queue import MOST_URGENT
from crawler.services import deadlines, runs
from webui.accounts.models import Role
from webui.accounts.roles import least

EXAMPLE = "write a date and a time, such as 2026-03-01T07:00"
YEARS = range(2000, 9999)
"""So that every time zone has a date for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineForm:
    """The controls of a deadline: their texts, and what is wrong beside each."""

    values: Mapping[str, str]
    problems: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@least(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def of_run(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the deadline of a run that is under way, or give it another."""
    run = _run(request, pk)
    if request.method != "POST":
        return _shown(request, {"run": run}, DeadlineForm(values=_stored(run)))
    at, form = _read(request.POST, now=timezone.now())
    if at is None:
        return _shown(request, {"run": run}, form)
    said = f"Run {run.pk} is to be done by {form.values['at'].replace('T', ' ')} {form.values['zone']}."
    return _put(request, run, at, said)


@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    run = _run(request, pk)
    return _put(request, run, None, f"Run {run.pk} has no deadline any more.")


@least(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for a run's deadline, and start the run with it; `urgent` puts it before everything else."""
    found = Target.objects.visible_to(request.user).select_related("schedule")
    target, now = get_object_or_404(found, pk=pk), timezone.now()
    if request.method != "POST":
        return _shown(request, {"target": target}, DeadlineForm(values={"at": "", "zone": _zone_of(target)}))
    at, form = _read(request.POST, now=now)
    if at is None:
        return _shown(request, {"target": target}, form)
    priority = MOST_URGENT if "urgent" in request.POST else None
    try:
        with transaction.atomic():
            run = runs.start(target=target, trigger=RunTrigger.MANUAL, priority=priority, now=now)
            deadlines.put(run=run, at=at, now=now)
    except runs.TargetDisabled as error:
        messages.warning(request, str(error))
        return redirect("target", pk=pk)
    return redirect("run", pk=run.pk)


def _put(request: HttpRequest, run: Run, at: datetime | None, said: str) -> HttpResponse:
    try:
        deadlines.put(run=run, at=at, now=timezone.now())
    except runs.WrongState as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, said)
    return redirect("run", pk=run.pk)


def _read(post: QueryDict, *, now: datetime) -> tuple[datetime | None, DeadlineForm]:
    """Return the deadline that the controls name, None where something is wrong, and what they show then."""
    texts = {"at": post.get("at", "").strip()[:40], "zone": post.get("zone", "").strip()[:64] or "UTC"}
    problems: dict[str, tuple[str, ...]] = {}
    wall, where = _wall(texts["at"]), ZoneInfo("UTC")
    try:
        where = new_zone(texts["zone"])
    except BadTimetable as error:
        problems["zone"] = (str(error),)
    if wall is None:
        problems["at"] = (EXAMPLE,)
    elif not problems and (at := instant(wall, where)) > now:
        return at, DeadlineForm(values=texts)
    elif not problems:
        problems["at"] = ("has passed already; name a time that is to come",)
    return None, DeadlineForm(values=texts, problems=problems)


def _wall(text: str) -> datetime | None:
    """Return the date and time that `text` spells; None for anything else, also for a time with an offset."""
    try:
        wall = datetime.fromisoformat(text)
    except ValueError:
        return None
    return wall if wall.tzinfo is None and wall.year in YEARS else None


def _stored(run: Run) -> dict[str, str]:
    zone = _zone_of(run.target)
    at = f"{run.deadline_at.astimezone(ZoneInfo(zone)):%Y-%m-%dT%H:%M}" if run.deadline_at else ""
    return {"at": at, "zone": zone}


def _zone_of(target: Target) -> str:
    """Return on whose clocks people think of this target: its deadline's, else its schedule's."""
    if target.deadline:
        return str(target.deadline["timezone"])
    schedule: Schedule | None = getattr(target, "schedule", None)
    return schedule.timezone if schedule else "UTC"


def _run(request: HttpRequest, pk: int) -> Run:
    found = Run.objects.visible_to(request.user).select_related("target", "target__schedule")
    return get_object_or_404(found, pk=pk)


def _shown(request: HttpRequest, about: Mapping[str, Run | Target], form: DeadlineForm) -> HttpResponse:
    name = "runs/deadline.html" if "run" in about else "targets/deadline.html"
    return render(request, name, {**about, "form": form}, status=422 if form.problems else 200)
