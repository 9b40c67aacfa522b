"""The queue pages: what waits, in which lane, why, and when it goes on."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from crawler.models import Run
from crawler.queries import dashboard
from crawler.queries import queue as queries
from crawler.queue import Lane
from webui.pages import asking

FIGURES = ("waiting", "runs", "slices")


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    return render(request, "queue/index.html", _now(request))


@require_safe
def live(request: HttpRequest) -> HttpResponse:
    return render(request, "queue/_live.html", _now(request))


@require_safe
def of_run(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "queue/run.html", _of_run(request, pk))


@require_safe
def of_run_live(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "queue/_run_live.html", _of_run(request, pk))


def _now(request: HttpRequest) -> dict[str, Any]:
    now, word = timezone.now(), asking.text(request, "lane")
    lane = Lane(word) if word in set(Lane) else None
    with asking.known_place():
        page = queries.page(request.user, now=now, lane=lane, cursor=request.GET.get("cursor"))
    lanes = dashboard.lanes(now)
    return {
        "lanes": lanes,
        "totals": {name: sum(getattr(line, name) for line in lanes) for name in FIGURES},
        "lane": lane,
        "page": page,
        "here": asking.address(request, reverse("queue")),
    }


def _of_run(request: HttpRequest, pk: int) -> dict[str, Any]:
    run = get_object_or_404(Run.objects.visible_to(request.user).select_related("target"), pk=pk)
    with asking.known_place():
        page = queries.hosts(run, now=timezone.now(), cursor=request.GET.get("cursor"))
    return {"run": run, "page": page, "here": asking.address(request, reverse("run-queue", args=[pk]))}
