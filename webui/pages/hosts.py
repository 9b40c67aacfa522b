"""The hosts page: the politeness ledger."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from crawler import conf
from crawler.queries import hosts
from crawler.queries.hosts import Shown
from webui.pages import asking


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    q, shown = asking.text(request, "q"), asking.choice(request, "show", Shown.ALL)
    with asking.known_place():
        page = hosts.page(request.user, q=q, shown=shown, cursor=request.GET.get("cursor"))
    context = {
        "page": page,
        "q": q,
        "shown": shown,
        "choices": _CHOICES,
        "now": timezone.now(),
        "default_delay": conf.crawl().default_delay,
    }
    return render(request, "hosts/index.html", context)


_CHOICES = ((Shown.ALL, "All hosts"), (Shown.BUSY, "Busy now"), (Shown.TROUBLED, "In trouble"))
