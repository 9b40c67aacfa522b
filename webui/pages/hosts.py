"""The hosts page: the politeness ledger."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from crawler import conf
from crawler.queries import hosts
from crawler.queries.hosts import Shown
from crawler.queries.paging import BadCursor
from webui.pages import asking


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    q, shown = asking.text(request, "q"), asking.choice(request, "show", Shown.ALL)
    try:
        page = hosts.page(request.user, q=q, shown=shown, cursor=request.GET.get("cursor"))
    except BadCursor as error:
        raise Http404 from error
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
