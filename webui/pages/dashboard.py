"""The dashboard: what runs now, how fast, and who does it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from crawler.queries import dashboard, rates, targets
from crawler.services import samples


@require_safe
def show(request: HttpRequest) -> HttpResponse:
    context = {**_now(request), "targets": targets.count(request.user)}
    return render(request, "dashboard/show.html", context)


@require_safe
def live(request: HttpRequest) -> HttpResponse:
    return render(request, "dashboard/_live.html", _now(request))


def _now(request: HttpRequest) -> dict[str, Any]:
    now = timezone.now()
    samples.take(now)
    return {"overview": dashboard.overview(request.user, now), "rates": rates.overall()}
