"""What happened to one URL of a run, and why: the answer to a search on the run's page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from crawler.models import Run
from crawler.queries import decisions
from crawler.urls import BadUrl
from webui.pages import asking

LONGEST_URL = 10_000


@require_safe
def show(request: HttpRequest, pk: int) -> HttpResponse:
    run = get_object_or_404(Run.objects.visible_to(request.user).select_related("target"), pk=pk)
    asked, told, problem = asking.text(request, "url", longest=LONGEST_URL), None, ""
    if asked:
        try:
            told = decisions.of(run, asked, now=timezone.now())
        except BadUrl as error:
            problem = str(error)
    return render(
        request, "runs/decision.html", {"run": run, "asked": asked, "told": told, "problem": problem}
    )
