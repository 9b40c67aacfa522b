"""Suggestions on the target form: asked for with it, shown below it, and filled into it."""

from __future__ import annotations

from typing import cast

from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST

from crawler.engine.findings import Shown
from crawler.models import Target
from crawler.queries import previews as queries
from crawler.queries.previews import Waiting
from crawler.services import previews
from crawler.services.targets import InvalidTarget
from scrapers.suggesting import Candidate
from webui.pages import asking, target_form
from webui.pages.previews import existing, part, wrong
from webui.pages.target_form import TargetForm


@require_POST
def start(request: HttpRequest) -> HttpResponse:
    """Ask what may be scraped from the page that the form begins with; nothing of it is saved."""
    target, asked = existing(request), target_form.read(request.POST)
    if unread := tuple(problem for problem in asked.problems if problem.field in previews.FETCHING):
        return wrong(request, unread, target)
    try:
        preview = previews.suggest(
            user=cast("User", request.user),
            data=asked.data,
            existing=target,
            now=timezone.now(),
            behind=request.POST.get("behind") == "1",
        )
    except InvalidTarget as error:
        return wrong(request, error.problems, target)
    if request.headers.get("HX-Request"):
        return part(request, preview)
    return _form(request, target, target_form.submitted(request.POST), preview=preview)


@require_POST
def show(request: HttpRequest, preview: str) -> HttpResponse:
    """Show the form as it was filled in, with what was found or with a candidate's row and fields."""
    target, form = existing(request), target_form.submitted(request.POST)
    number = asking.id_of(request.POST.get("use", ""))
    if number is None:
        return _form(request, target, form, preview=preview)
    candidate = _candidate(request, preview, number)
    return _form(request, target, target_form.filled(form, candidate.declaration), used=candidate)


def _candidate(request: HttpRequest, preview: str, number: int) -> Candidate:
    finding = queries.state(preview, user=request.user)
    found = finding.suggestions if isinstance(finding, Shown) else None
    if found is None or number >= len(found.candidates):
        raise Http404("nothing of that kind was suggested")
    return found.candidates[number]


def _form(
    request: HttpRequest,
    target: Target | None,
    form: TargetForm,
    *,
    preview: str = "",
    used: Candidate | None = None,
) -> HttpResponse:
    finding = queries.state(preview, user=request.user) if preview else None
    if preview and finding is None:
        raise Http404("there is no such test fetch")
    context = {
        "form": form,
        "target": target,
        "preview": preview,
        "finding": finding,
        "used": used,
        "in_form": True,
        "waits": isinstance(finding, Waiting),
    }
    return render(request, "targets/form.html", context)
