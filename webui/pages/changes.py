"""What became of items, newest first, field by field."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from crawler.models import Item, ItemChangeKind, Target
from crawler.queries import changes, items, targets
from crawler.queries.lines import ItemLine
from crawler.services import numbering
from webui.pages import asking

KINDS = {kind.label: kind for kind in ItemChangeKind}


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    numbering.catch_up()
    target, item = asking.number(request, "target"), asking.number(request, "item")
    kind = KINDS.get(asking.text(request, "kind"))
    with asking.known_place():
        page = changes.page(
            request.user, target=target, item=item, kind=kind, cursor=request.GET.get("cursor")
        )
    context = {
        "page": page,
        "kind": kind.label if kind else "",
        "kinds": tuple(KINDS),
        "target": target and get_object_or_404(Target.objects.visible_to(request.user), pk=target),
        "item": _line(get_object_or_404(items.visible(request.user), pk=item)) if item else None,
        "targets": targets.named(request.user),
    }
    return render(request, "changes/index.html", context)


def _line(item: Item) -> ItemLine:
    return ItemLine(item=item, data=item.data)
