"""A target's schedule: pausing it, resuming it, and the times that had no run."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from crawler.models import Target
from crawler.queries import skips as queries
from crawler.services import targets
from webui.pages import asking

PAUSED_BY = {"pause": True, "resume": False}
SAID = {
    "pause": "The schedule is paused: no run starts by itself.",
    "resume": "The schedule goes on; times that passed meanwhile follow its policy for missed ones.",
}


@require_POST
def change(request: HttpRequest, pk: int, step: str) -> HttpResponse:
    """Pause or resume the schedule of a target."""
    target = _target(request, pk)
    if step not in PAUSED_BY or not hasattr(target, "schedule"):
        raise Http404("no such step")
    try:
        targets.update(
            target=target,
            data={"schedule": {"paused": PAUSED_BY[step]}},
            by=cast("User", request.user),
            now=timezone.now(),
        )
    except targets.InvalidTarget as error:
        messages.warning(request, f"Edit the schedule first. {error}")
    else:
        messages.success(request, SAID[step])
    return redirect("target", pk=pk)


@require_safe
def skips(request: HttpRequest, pk: int) -> HttpResponse:
    target = _target(request, pk)
    with asking.known_place():
        page = queries.page(target, cursor=request.GET.get("cursor"))
    context = {"target": target, "schedule": getattr(target, "schedule", None), "page": page}
    return render(request, "targets/skips.html", context)


def _target(request: HttpRequest, pk: int) -> Target:
    return get_object_or_404(Target.objects.visible_to(request.user).select_related("schedule"), pk=pk)
