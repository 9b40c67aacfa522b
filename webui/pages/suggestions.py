"""Suggestions on the target form and of a stored page: asked for, shown, and filled into the form."""

from __future__ import annotations

from typing import cast

from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from crawler.engine.findings import Shown
from crawler.models import Page, Target
from crawler.queries import pages, turns
from crawler.queries import previews as queries
from crawler.queries.previews import Waiting
from crawler.services import previews
from crawler.services import suggestions as services
from crawler.services.targets import InvalidTarget
from scrapers.suggesting import Candidate, Suggestions
from webui.pages import asking, target_form
from webui.pages.previews import existing, part, wrong
from webui.pages.target_form import TargetForm

GONE = "this page says something else by now; choose again from what is suggested for it"


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


@require_safe
def of_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what may be scraped from a page as it is stored, without a request to its site."""
    return _of_page(request, _page(request, pk))


@require_POST
def use(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the form of the page's target, or of a new one, with the candidate whose row is named."""
    page = _page(request, pk)
    found, refusal = _suggested(page)
    row = request.POST.get("row", "")
    candidate = next((one for one in found.candidates if one.row == row), None) if found else None
    if candidate is None:
        return _of_page(request, page, refusal=refusal or GONE)
    target = page.target if request.POST.get("for") == "target" else None
    form = target_form.of_target(target) if target else target_form.beginning(page.url)
    return _form(request, target, target_form.filled(form, candidate.declaration), used=candidate)


def _page(request: HttpRequest, pk: int) -> Page:
    return get_object_or_404(pages.visible(request.user).select_related("target"), pk=pk)


def _of_page(request: HttpRequest, page: Page, *, refusal: str = "") -> HttpResponse:
    found, why = (None, refusal) if refusal else _suggested(page)
    return render(request, "pages/suggestions.html", {"stored": page, "found": found, "refusal": why})


def _suggested(page: Page) -> tuple[Suggestions | None, str]:
    """Return what is suggested for a page, or why nothing can be."""
    try:
        return services.of_stored(page), ""
    except (services.CannotSuggest, turns.Busy) as error:
        return None, str(error)


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
