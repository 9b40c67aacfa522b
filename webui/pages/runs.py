"""The runs pages: the list, one run as it goes, its requests, and its buttons."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from crawler.models import RequestState, Run, RunState, Target
from crawler.queries import outages, rates
from crawler.queries import problems as problem_queries
from crawler.queries import runs as queries
from crawler.queries import sitemaps as sitemap_queries
from crawler.queue import MOST_URGENT
from crawler.services import deadlines, runs, samples
from webui.pages import asking

STEPS = {"pause": runs.pause, "resume": runs.resume, "cancel": runs.cancel}
PRIORITIES = tuple(map(str, range(MOST_URGENT + 1)))
DONE = {"pause": "paused", "resume": "going on", "cancel": "cancelled"}


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    wanted, state = asking.number(request, "target"), asking.text(request, "state")
    target = get_object_or_404(Target.objects.visible_to(request.user), pk=wanted) if wanted else None
    with asking.known_place():
        page = queries.page(request.user, target=target, state=state, cursor=request.GET.get("cursor"))
    states = (("", "All states"), ("active", "Under way"), ("held", "Held"), *RunState.choices)
    return render(
        request, "runs/index.html", {"page": page, "target": target, "state": state, "states": states}
    )


@require_safe
def show(request: HttpRequest, pk: int) -> HttpResponse:
    run = _run(request, pk)
    return render(request, "runs/show.html", {**_now(run), "rates": rates.of_run(run)})


@require_safe
def live(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "runs/_live.html", _now(_run(request, pk)))


@require_safe
def chart(request: HttpRequest, pk: int) -> HttpResponse:
    run = _run(request, pk)
    return render(request, "runs/_chart.html", {"run": run, "rates": rates.of_run(run)})


@require_safe
def requests(request: HttpRequest, pk: int) -> HttpResponse:
    run, word = _run(request, pk), asking.text(request, "state")
    state = next((state for state in RequestState if state.label == word), None)
    with asking.known_place():
        page = queries.requests(run, state=state, cursor=request.GET.get("cursor"))
    context = {
        "run": run,
        "page": page,
        "state": word if state is not None else "",
        "counts": queries.counts(run),
    }
    return render(request, "runs/requests.html", context)


@require_safe
def sitemaps(request: HttpRequest, pk: int) -> HttpResponse:
    run = _run(request, pk)
    with asking.known_place():
        page = sitemap_queries.page(run, cursor=request.GET.get("cursor"))
    context = {"run": run, "page": page, "sitemaps": sitemap_queries.shown(run, page.rows)}
    return render(request, "runs/sitemaps.html", context)


@require_safe
def outside(request: HttpRequest, pk: int) -> HttpResponse:
    run = _run(request, pk)
    with asking.known_place():
        page = queries.outside(run, cursor=request.GET.get("cursor"))
    return render(request, "runs/outside.html", {"run": run, "page": page})


@require_safe
def problems(request: HttpRequest, pk: int) -> HttpResponse:
    run = _run(request, pk)
    code, field = request.GET.get("code"), request.GET.get("field")
    with asking.known_place():
        page = problem_queries.samples(run, code=code, field=field, cursor=request.GET.get("cursor"))
    context = {"run": run, "page": page, "code": code, "field": field}
    return render(request, "runs/problems.html", context)


@require_POST
def move(request: HttpRequest, pk: int) -> HttpResponse:
    """Give the run another priority, and go back to where that was asked for."""
    run, word = _run(request, pk), request.POST.get("priority", "")
    if word not in PRIORITIES:
        messages.error(request, f"A priority goes from 0 to {MOST_URGENT}, which is the most urgent.")
    else:
        try:
            deadlines.move(run=run, priority=int(word), now=timezone.now())
        except runs.WrongState as error:
            messages.warning(request, str(error))
        else:
            pressed = f"; its deadline makes it {run.priority}" if run.priority != int(word) else ""
            messages.success(request, f"Run {run.pk} of {run.target.name} has priority {word} now{pressed}.")
    return redirect(asking.way_back(request, reverse("run", args=[pk])))


@require_POST
def change(request: HttpRequest, pk: int, step: str) -> HttpResponse:
    """Pause, resume or cancel the run."""
    act = STEPS.get(step)
    if act is None:
        raise Http404("there is no such step")
    run = _run(request, pk)
    try:
        act(run=run, now=timezone.now())
    except runs.WrongState as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, f"Run {run.pk} is {DONE[step]}.")
    return redirect("run", pk=pk)


def _run(request: HttpRequest, pk: int) -> Run:
    return get_object_or_404(Run.objects.visible_to(request.user).select_related("target", "login"), pk=pk)


def _now(run: Run) -> dict[str, Any]:
    now = timezone.now()
    samples.take(now)
    return {
        "run": run,
        "here": reverse("run", args=[run.pk]),
        "progress": queries.progress(run, now),
        "troubles": queries.troubles(run),
        "reasons": queries.reasons(run),
        "problems": problem_queries.shown(run),
        "sitemaps": sitemap_queries.first(run),
        "outages": outages.of_run(run),
    }
