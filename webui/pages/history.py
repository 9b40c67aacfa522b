"""The history of a target: who changed what and when, and going back."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from crawler.models import Target
from crawler.queries import history as queries
from crawler.services import restoring
from crawler.services.targets import InvalidTarget
from webui.pages import asking


@require_safe
def show(request: HttpRequest, pk: int) -> HttpResponse:
    target = _target(request, pk)
    with asking.known_place():
        page = queries.page(target, cursor=request.GET.get("cursor"))
    return render(request, "targets/history.html", {"target": target, "page": page})


@require_POST
def restore(request: HttpRequest, pk: int, change: int) -> HttpResponse:
    """Bring the target back to what it was after a change."""
    target = _target(request, pk)
    chosen = get_object_or_404(target.history, pk=change)
    try:
        lost = restoring.restore(
            target=target, change=chosen, by=cast("User", request.user), now=timezone.now()
        )
    except InvalidTarget as error:
        messages.warning(request, f"It cannot be as it was: {error}")
        return redirect("target-history", pk=pk)
    messages.success(request, f"{target.name} is as it was.")
    if lost:
        messages.warning(request, f"Secrets are not kept in the history; give anew: {', '.join(lost)}.")
    return redirect("target", pk=pk)


def _target(request: HttpRequest, pk: int) -> Target:
    return get_object_or_404(Target.objects.visible_to(request.user).select_related("schedule"), pk=pk)
