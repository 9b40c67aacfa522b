"""The items pages: the table with its search, one item with its history, and exports."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from django.contrib import messages
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from crawler.exports import FORMATS, Row
from crawler.exports import columns as exported_columns
from crawler.models import Run, Target
from crawler.queries import exports, items, past, targets
from crawler.queries.lines import ItemLine
from crawler.services import items as services
from webui.pages import asking

Found = TypeVar("Found", bound=Model)
SINCE = (("1h", "the last hour", timedelta(hours=1)), ("1d", "the last day", timedelta(days=1)),
         ("7d", "the last week", timedelta(days=7)))  # fmt: skip


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    asked = _asked(request)
    with asking.known_place():
        page = items.page(request.user, asked, cursor=request.GET.get("cursor"))
    context = {
        "page": page,
        "columns": items.columns(page.rows),
        "q": asked.q,
        "target": _one(Target.objects.visible_to(request.user), asked.target),
        "run": _one(Run.objects.visible_to(request.user), asked.run),
        "since": asking.text(request, "since"),
        "as_of": asked.as_of,
        "removed": asked.removed,
        "spans": SINCE,
        "targets": targets.named(request.user),
        "formats": tuple(FORMATS.values()),
    }
    return render(request, "items/index.html", context)


@require_safe
def show(request: HttpRequest, pk: int) -> HttpResponse:
    item = get_object_or_404(items.visible(request.user).select_related("target"), pk=pk)
    field = asking.text(request, "field")
    context = {
        "item": item,
        "line": ItemLine(item=item, data=item.data),
        "versions": past.history(item, field=field),
        "picture": items.picture(item),
        "field": field,
        "fields": tuple(item.data) if isinstance(item.data, dict) else (),
    }
    return render(request, "items/show.html", context)


@require_POST
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Bring back a removed item, or what an earlier version said."""
    item = get_object_or_404(items.visible(request.user), pk=pk)
    version = asking.id_of(request.POST.get("version", ""))
    word = request.POST.get("at", "")
    at = _moment(word) if word else None
    name = request.user.get_username()
    try:
        services.restore(item=item, version=version, at=at, by=name, now=timezone.now())
    except services.NothingToRestore as error:
        messages.warning(request, f"Nothing was restored: {error}.")
    else:
        messages.success(request, "Restored, as a new version.")
    return redirect("item", pk=pk)


@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Stream what the table's filters leave, in the chosen format."""
    chosen = FORMATS.get(asking.text(request, "format"))
    if chosen is None:
        raise Http404("there is no such format")
    asked = _asked(request)
    run = _one(Run.objects.visible_to(request.user), asked.run)
    whole_run = run is not None and not asked.q and asked.changed_since is None
    found, by = items.search(request.user, asked), items.place(asked.run)

    def rows() -> Iterator[Row]:
        if run and whole_run:
            return exports.rows(target=run.target, run=run)
        if asked.as_of is not None:
            return exports.as_they_were(found, at=asked.as_of)
        return exports.current(found, by=by)

    columns: tuple[str, ...] = ()
    if chosen.needs_columns:
        by_row = whole_run or asked.as_of is not None
        columns = exported_columns(rows()) if by_row else exports.columns_in(found, by=by)
    name = f"items-{timezone.now():%Y-%m-%d}{chosen.suffix}"
    return StreamingHttpResponse(
        chosen.write(rows(), columns=columns),
        content_type=chosen.media_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _one(found: QuerySet[Found], pk: int | None) -> Found | None:
    """Return the row that a filter names; None without one. Raises Http404 for one that is not visible."""
    return get_object_or_404(found, pk=pk) if pk is not None else None


def _asked(request: HttpRequest) -> items.Filters:
    """Return the filters that the address asks for; of a moment in the past only the target's."""
    if word := asking.text(request, "as_of"):
        return items.Filters(target=asking.number(request, "target"), as_of=_moment(word))
    spans = {name: span for name, _, span in SINCE}
    span = spans.get(asking.text(request, "since"))
    return items.Filters(
        target=asking.number(request, "target"),
        run=asking.number(request, "run"),
        q=asking.text(request, "q"),
        changed_since=timezone.now() - span if span else None,
        removed=asking.text(request, "removed") == "1",
    )


def _moment(word: str) -> datetime:
    """Read a moment as controls and links write it, in UTC where it says no zone. Raises Http404."""
    try:
        read = datetime.fromisoformat(word)
        return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise Http404("this is no moment; write it as 2026-01-31T12:00") from None
