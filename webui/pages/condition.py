"""The banner on every page: nothing can be stored, or no crawl can begin, and why."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from crawler.services.lookout import lookout


def condition(_request: HttpRequest) -> dict[str, Any]:
    """Let every template ask how things are; nothing is looked at unless one does."""
    return {"condition": lookout.condition}


@require_safe
def banner(request: HttpRequest) -> HttpResponse:
    return render(request, "_condition.html")
