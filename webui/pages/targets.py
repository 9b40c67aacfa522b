"""The targets pages: the list, one target, its form with the test fetch, and "Crawl now"."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crawler.models import RunTrigger, Target
from crawler.queries import events, freshness, holding, items, proxies, refresh, skips
from crawler.queries import runs as past_runs
from crawler.queries import targets as queries
from crawler.queries.targets import Shown
from crawler.queue import MOST_URGENT
from crawler.services import runs, schedules, targets
from crawler.services.targets import Problem
from webui.accounts.models import Role
from webui.accounts.roles import least
from webui.pages import asking, previews, target_form
from webui.pages.target_form import Asked, TargetForm

_CHOICES = (
    (Shown.ALL, "All targets"),
    (Shown.ACTIVE, "Being crawled"),
    (Shown.SCHEDULED, "Scheduled"),
    (Shown.DISABLED, "Disabled"),
    (Shown.LATE, "Data late"),
)


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    q, shown = asking.text(request, "q"), asking.choice(request, "show", Shown.ALL)
    with asking.known_place():
        page = queries.page(request.user, q=q, shown=shown, cursor=request.GET.get("cursor"))
    context = {"page": page, "q": q, "shown": shown, "choices": _CHOICES}
    return render(request, "targets/index.html", context)


@require_safe
def show(request: HttpRequest, pk: int) -> HttpResponse:
    target, now = _target(request, pk), timezone.now()
    schedule = getattr(target, "schedule", None)
    found = items.page(request.user, items.Filters(target=target.pk), size=8).rows
    context = {
        "target": target,
        "proxies": proxies.lines(target, now=now),
        "schedule": schedule,
        "next_times": schedules.next_times(schedule, now=now) if schedule else [],
        "skips": skips.latest(target),
        "warnings": targets.warnings(target=target, now=now),
        "runs": past_runs.latest(target),
        "items": found,
        "events": events.latest(target),
        "age": freshness.age_of(target),
        "refreshing": refresh.of_target(target, now=now),
        "columns": items.columns(found, most=4),
        "held": holding.of_target(target),
    }
    return render(request, "targets/show.html", context)


@least(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _form(request, target_form.beginning(request.GET.get("url", "").strip()))
    asked = target_form.read(request.POST)
    problems = _problems(request, asked, existing=None)
    if problems:
        return _form(request, target_form.submitted(request.POST, problems))
    target = targets.create(owner=_person(request), data=asked.data, now=timezone.now())
    messages.success(request, f"{target.name} is registered.")
    _tell_of_left_out(request, asked)
    return redirect("target", pk=target.pk)


@least(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    target = _target(request, pk)
    if request.method != "POST":
        return _form(request, target_form.of_target(target), target=target)
    asked, now = target_form.read(request.POST, saved=target.fields), timezone.now()
    problems = _problems(request, asked, existing=target)
    if problems:
        return _form(request, target_form.submitted(request.POST, problems), target=target)
    targets.update(target=target, data=asked.data, by=_person(request), now=now)
    messages.success(request, f"{target.name} is saved. A run that is under way keeps its settings.")
    _tell_of_left_out(request, asked)
    return redirect("target", pk=pk)


@least(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    target = _target(request, pk)
    if request.method != "POST":
        return render(request, "targets/delete.html", {"target": target})
    targets.delete(target=target, by=_person(request), now=timezone.now())
    messages.success(request, f"{target.name} is deleted.")
    return redirect("targets")


@require_POST
def crawl(request: HttpRequest, pk: int) -> HttpResponse:
    """Start a run; `urgent` puts it before everything else."""
    target = _target(request, pk)
    priority = MOST_URGENT if "urgent" in request.POST else None
    try:
        run = runs.start(target=target, trigger=RunTrigger.MANUAL, priority=priority, now=timezone.now())
    except runs.TargetDisabled as error:
        messages.warning(request, str(error))
        return redirect("target", pk=pk)
    return redirect("run", pk=run.pk)


@least(Role.OPERATOR)
@require_POST
def turn_fields(request: HttpRequest) -> HttpResponse:
    """Show the form as it was filled in, its fields written otherwise or a transform moved; save nothing."""
    filled_in = target_form.submitted(target_form.moved(request.POST))
    form = target_form.turned(filled_in, to=request.POST.get("turn", ""))
    return _form(request, form, target=previews.existing(request))


def _target(request: HttpRequest, pk: int) -> Target:
    found = Target.objects.visible_to(request.user).select_related("schedule", "owner")
    return get_object_or_404(found, pk=pk)


def _person(request: HttpRequest) -> User:
    """Return who asks; LoginRequiredMiddleware lets nobody else come this far."""
    return cast("User", request.user)


def _problems(request: HttpRequest, asked: Asked, *, existing: Target | None) -> tuple[Problem, ...]:
    """Return everything that is wrong with what the form asks for."""
    try:
        targets.validate(asked.data, existing=existing, by=_person(request), now=timezone.now())
    except targets.InvalidTarget as error:
        return (*asked.problems, *error.problems)
    return asked.problems


def _tell_of_left_out(request: HttpRequest, asked: Asked) -> None:
    if asked.left_out:
        messages.warning(
            request,
            "The fields and the row selector were left out: only the scraper for declared fields uses them.",
        )


def _form(request: HttpRequest, form: TargetForm, *, target: Target | None = None) -> HttpResponse:
    status = 422 if form.problems else 200
    return render(request, "targets/form.html", {"form": form, "target": target}, status=status)
