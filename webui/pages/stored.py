"""Stored pages: what is known of one, and how it looks without any of its scripts."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from crawler.models import Page
from crawler.queries import comparisons, pages, pictures, turns
from crawler.stores import snapshots
from crawler.urls import BadUrl, canonical
from scrapers.page import Page as Document
from webui.pages import asking

LONGEST_URL = 10_000
CAGE = (
    "sandbox; default-src 'none'; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)
"""The policy under which a scraped page is shown: in an origin of its own, it loads and runs nothing."""

SEALED = "sandbox; default-src 'none'; frame-ancestors 'none'"
"""The policy of a small copy, which is a picture of ours whoever opens it."""


@require_safe
def find(request: HttpRequest) -> HttpResponse:
    """Lead to the stored page of a URL of a target."""
    target, url = asking.number(request, "target"), asking.text(request, "url", longest=LONGEST_URL)
    try:
        key = canonical(url, keep_tracking=True).key
    except BadUrl as error:
        raise Http404("there is no such page") from error
    page = get_object_or_404(pages.visible(request.user), target=target, key=key)
    return redirect("page", pk=page.pk)


@require_safe
def show(request: HttpRequest, pk: int) -> HttpResponse:
    page = _page(request, pk)
    document = _document(page)
    context = {
        "page": page,
        "newest": comparisons.find(page, comparisons.NOW),
        "is_stored": document is not None,
        "is_shown": document and document.is_html,
        "is_picture": document is not None and pictures.is_picture(page),
    }
    return render(request, "pages/show.html", context)


@require_safe
def preview(request: HttpRequest, pk: int) -> HttpResponse:
    """Return the stored HTML, caged: its scripts, styles, forms and links to anything do nothing."""
    document = _document(_page(request, pk))
    if document is None or not document.is_html:
        raise Http404("there is nothing to show")
    return caged(document)


def caged(document: Document) -> HttpResponse:
    """Return the HTML of a stored page in an origin of its own, where it loads and runs nothing."""
    response = HttpResponse(document.text.encode("utf-8", "replace"), content_type="text/html; charset=utf-8")
    response["Content-Security-Policy"] = CAGE
    response["X-Frame-Options"] = "SAMEORIGIN"
    response["X-DNS-Prefetch-Control"] = "off"
    response["Referrer-Policy"] = "no-referrer"
    return response


@require_safe
def thumbnail(request: HttpRequest, pk: int) -> HttpResponse:
    """Return a small copy of a stored picture; nothing where there is none, 429 while others are made."""
    page = _page(request, pk)
    headers = pictures.caching(page)
    if pictures.is_held(page, by=request.headers.get("If-None-Match", "")):
        return HttpResponseNotModified(headers=headers)
    try:
        copy = pictures.small(page)
    except turns.Busy:
        return HttpResponse(status=429, headers={"Retry-After": str(turns.AGAIN_SECONDS)})
    if copy is None:
        return HttpResponse(status=204, headers=headers)
    return HttpResponse(copy, content_type="image/png", headers=headers | {"Content-Security-Policy": SEALED})


def _page(request: HttpRequest, pk: int) -> Page:
    return get_object_or_404(pages.visible(request.user).select_related("target"), pk=pk)


def _document(page: Page) -> Document | None:
    """Return what is stored of `page`; None where its body was not kept."""
    body = snapshots.load(bytes(page.body_hash))
    if body is None:
        return None
    return Document(url=page.url, body=body, headers={"content-type": page.content_type})
