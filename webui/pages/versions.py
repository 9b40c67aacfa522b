"""The versions of a stored page: listed, shown, and compared with each other."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from crawler.models import Page
from crawler.queries import comparisons, pages
from crawler.queries.comparisons import NOW, Incomparable, NotKept, Version
from scrapers.page import Page as Document
from webui.pages import asking
from webui.pages.stored import caged

SIDE_BY_SIDE = "side"
SHOWN = "shown"


@require_safe
def index(request: HttpRequest, pk: int) -> HttpResponse:
    page = _page(request, pk)
    with asking.known_place():
        found = comparisons.page_of(page, cursor=request.GET.get("cursor"))
    return render(request, "versions/index.html", {"stored": page, "page": found})


@require_safe
def show(request: HttpRequest, pk: int, version: str) -> HttpResponse:
    page = _page(request, pk)
    found = _find(page, version)
    document = _document(page, found)
    context = {"stored": page, "version": found, "is_shown": document is not None and document.is_html}
    return render(request, "versions/show.html", context)


@require_safe
def preview(request: HttpRequest, pk: int, version: str) -> HttpResponse:
    """Return the HTML of a version, caged as that of the page."""
    page = _page(request, pk)
    document = _document(page, _find(page, version))
    if document is None or not document.is_html:
        raise Http404("there is nothing to show")
    return caged(document)


@require_safe
def compare(request: HttpRequest, pk: int) -> HttpResponse:
    """Show how the text changed between two versions; by default from the last but one to what is now."""
    page = _page(request, pk)
    after = _find(page, asking.text(request, "to", longest=20) or NOW)
    before = _find(page, asking.text(request, "from", longest=20) or after.before or after.name)
    noise = page.target.noise if asking.text(request, "ignored") != SHOWN else {}
    context = {
        "stored": page,
        "before": before,
        "after": after,
        "noise": noise,
        "ignores": bool(page.target.noise),
        "is_side": asking.text(request, "view") == SIDE_BY_SIDE,
    }
    try:
        found = comparisons.compare(page, before=before.name, after=after.name, noise=noise)
    except (NotKept, Incomparable) as error:
        return render(request, "versions/compare.html", context | {"refusal": str(error)})
    return render(request, "versions/compare.html", context | {"comparison": found})


def _page(request: HttpRequest, pk: int) -> Page:
    return get_object_or_404(pages.visible(request.user).select_related("target"), pk=pk)


def _find(page: Page, name: str) -> Version:
    try:
        return comparisons.find(page, name)
    except NotKept as error:
        raise Http404(str(error)) from error


def _document(page: Page, version: Version) -> Document | None:
    """Return a version as it is stored; None where its body was not kept."""
    try:
        found = comparisons.body(page, version.name)
    except NotKept:
        return None
    return Document(url=found.url, body=found.body, headers=found.headers)
