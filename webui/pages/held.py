"""What is held of a run: its records beside the items as they are, and the buttons that decide."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from crawler.models import Publication, Run
from crawler.queries import holding as queries
from crawler.services import holding
from webui.pages import asking


@require_safe
def show(request: HttpRequest, pk: int) -> HttpResponse:
    run = _run(request, pk)
    with asking.known_place():
        page = queries.page(run, cursor=request.GET.get("cursor"))
    return render(request, "runs/held.html", {"run": run, "page": page})


@require_POST
def accept(request: HttpRequest, pk: int) -> HttpResponse:
    """Take what the run's data looks like for usual from now on, and publish it where it is held."""
    run = _run(request, pk)
    if not holding.accept(run, by=request.user.get_username(), now=timezone.now()):
        messages.warning(request, "Its data does not look otherwise than before, or was discarded.")
    elif run.publication == Publication.HELD:
        messages.success(request, "Its items are being published; later runs are compared with this one.")
    else:
        messages.success(request, "Later runs are compared with this one.")
    return redirect("run", pk=pk)


@require_POST
def discard(request: HttpRequest, pk: int) -> HttpResponse:
    """Drop what is held of the run."""
    try:
        holding.discard(_run(request, pk), by=request.user.get_username(), now=timezone.now())
    except holding.NotHeld as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, "What was held is discarded; the items stay as they were.")
    return redirect("run", pk=pk)


def _run(request: HttpRequest, pk: int) -> Run:
    found = Run.objects.visible_to(request.user).with_plain_target()
    return get_object_or_404(found, pk=pk)
