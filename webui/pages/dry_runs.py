"""The dry run of the target form: what the changed settings would do with the URLs of the last run."""

from __future__ import annotations

from typing import cast

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from crawler.models import Target
from crawler.services import dry_runs
from crawler.services.targets import InvalidTarget
from webui.pages import target_form
from webui.pages.previews import wrong


@require_POST
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """Compare what the form says with what the last run did; nothing of it is saved."""
    found = Target.objects.visible_to(request.user).select_related("schedule", "owner")
    target, asked = get_object_or_404(found, pk=pk), target_form.read(request.POST)
    if asked.problems:
        return wrong(request, asked.problems, target)
    try:
        outcome = dry_runs.try_out(
            target=target, data=asked.data, user=cast("User", request.user), now=timezone.now()
        )
    except InvalidTarget as error:
        return wrong(request, error.problems, target)
    template = "dry_runs/_found.html" if request.headers.get("HX-Request") else "dry_runs/show.html"
    return render(request, template, {"target": target, "found": outcome})
