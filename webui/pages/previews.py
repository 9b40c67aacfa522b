"""The test fetch of the target form: asked for, waited for, shown."""

from __future__ import annotations

from typing import cast

from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from crawler.models import Target
from crawler.queries import previews as queries
from crawler.services import previews
from crawler.services.targets import InvalidTarget, Problem
from webui.pages import asking, target_form


@require_POST
def start(request: HttpRequest) -> HttpResponse:
    """Ask for a test fetch of what the form says; nothing of it is saved."""
    target = existing(request)
    asked = target_form.read(request.POST)
    if asked.problems:
        return wrong(request, asked.problems, target)
    try:
        preview = previews.start(
            user=cast("User", request.user), data=asked.data, existing=target, now=timezone.now()
        )
    except InvalidTarget as error:
        return wrong(request, error.problems, target)
    if request.headers.get("HX-Request"):
        return part(request, preview)
    return redirect("preview", preview=preview)


@require_safe
def show(request: HttpRequest, preview: str) -> HttpResponse:
    return part(request, preview)


def part(request: HttpRequest, preview: str) -> HttpResponse:
    """Show what is known of a test fetch: below its form, or as a page of its own."""
    finding = queries.state(preview, user=request.user)
    if finding is None:
        raise Http404("there is no such test fetch")
    in_form = bool(request.headers.get("HX-Request"))
    template = "previews/_finding.html" if in_form else "previews/show.html"
    return render(request, template, {"finding": finding, "preview": preview, "in_form": in_form})


def existing(request: HttpRequest) -> Target | None:
    """Return the target that the form changes, None for a new one. Raises Http404 where it is not theirs."""
    pk = asking.id_of(request.POST.get("target", ""))
    return get_object_or_404(Target.objects.visible_to(request.user), pk=pk) if pk is not None else None


def wrong(request: HttpRequest, problems: tuple[Problem, ...], target: Target | None) -> HttpResponse:
    """Show the problems: beside the controls of the form, or alone where only they are asked for."""
    form = target_form.submitted(request.POST, problems)
    if request.headers.get("HX-Request"):
        return render(request, "previews/_problems.html", {"form": form})
    return render(request, "targets/form.html", {"form": form, "target": target}, status=422)
