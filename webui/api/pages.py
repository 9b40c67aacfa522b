"""Pages: what is known of each URL, and the stored bytes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import get_object_or_404
from ninja import Query, Router, Schema
from pydantic import Field

from crawler.models import Page
from crawler.queries import pages as listed
from crawler.queries import pictures
from crawler.stores import snapshots
from webui.api.auth import caller
from webui.api.schemas import Id, Moment, Paged, Words

router = Router(tags=["pages"])

SANDBOX = "sandbox; default-src 'none'; frame-ancestors 'none'"


class PageOut(Schema):
    """One URL of a target, as the last run that fetched it found it.

    A change counts while it is to be judged, some seconds long: then it may turn out to be noise.
    """

    id: int
    target: int
    run: int
    url: str
    status: int
    content_type: str
    title: str
    size: int
    etag: str
    last_modified: str
    noindex: bool
    canonical: str
    first_seen: datetime
    last_seen: datetime
    changed_at: Annotated[datetime, Field(description="When it last changed in what counts.")]
    body_at: Annotated[
        datetime | None,
        Field(description="Since when its bytes are what they are, where it changed in noise since then."),
    ]
    awaits_judgement: Annotated[
        bool, Field(description="Whether a change is still to be compared with what the target ignores.")
    ]


class PageList(Schema):
    items: list[PageOut]
    next: str | None


class PageFilter(Paged):
    target: Id | None = None
    q: Annotated[Words, Field(description="Words of the URL or the title.")] = ""
    status: Annotated[int | None, Field(ge=100, le=599)] = None
    changed_since: Moment | None = None


@router.get("/pages", response=PageList)
def list_pages(request: HttpRequest, filters: Query[PageFilter]) -> PageList:
    """List pages, oldest first; with `changed_since` and no words in the order of their changes."""
    found = listed.page(
        caller(request).user,
        target=filters.target,
        q=filters.q,
        status=filters.status,
        changed_since=filters.changed_since,
        cursor=filters.cursor,
        size=filters.limit,
    )
    awaiting = listed.awaiting(found.rows)
    items = [page_out(page, awaits_judgement=page.pk in awaiting) for page in found.rows]
    return PageList(items=items, next=found.next)


@router.get("/pages/{int:page_id}", response=PageOut)
def get_page(request: HttpRequest, page_id: int) -> PageOut:
    """Read what is known of one page."""
    page = _page(request, page_id)
    return page_out(page, awaits_judgement=bool(listed.awaiting([page])))


@router.get("/pages/{int:page_id}/body", openapi_extra={"responses": {200: {"content": {"text/plain": {}}}}})
def get_page_body(request: HttpRequest, page_id: int) -> HttpResponse:
    """Return the stored bytes as plain text: what was scraped never runs in a browser."""
    page = _page(request, page_id)
    body = snapshots.load(bytes(page.body_hash))
    if body is None:
        raise Http404
    return source(body, page.content_type)


@router.get(
    "/pages/{int:page_id}/thumbnail", openapi_extra={"responses": {200: {"content": {"image/png": {}}}}}
)
def get_page_thumbnail(request: HttpRequest, page_id: int) -> HttpResponse:
    """Return a copy of a stored picture of at most 256 pixels a side, made anew as PNG.

    204 for what is no picture, was not kept, or has too many pixels to be unpacked. Its `ETag` is that of the
    stored bytes: 304 to who has it. 429 while the process of the site that is asked makes two for others.
    """
    page = _page(request, page_id)
    if pictures.is_held(page, by=request.headers.get("If-None-Match", "")):
        return HttpResponseNotModified(headers=pictures.caching(page))
    copy = pictures.small(page)
    headers = pictures.caching(page)
    if copy is None:
        return HttpResponse(status=204, headers=headers)
    return HttpResponse(
        copy, content_type="image/png", headers=headers | {"Content-Security-Policy": SANDBOX}
    )


def source(body: bytes, content_type: str) -> HttpResponse:
    """Return stored bytes as plain text, which no browser runs."""
    response = HttpResponse(body, content_type="text/plain")
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = SANDBOX
    response["X-Trawl-Content-Type"] = content_type.encode("ascii", "ignore").decode()
    return response


def page_out(page: Page, *, awaits_judgement: bool) -> PageOut:
    """Return what the API says of `page`."""
    others = {"id", "target", "awaits_judgement"}
    return PageOut(
        **{name: getattr(page, name) for name in PageOut.model_fields if name not in others},
        id=page.pk,
        target=page.target_id,
        awaits_judgement=awaits_judgement,
    )


def _page(request: HttpRequest, page_id: int) -> Page:
    return get_object_or_404(listed.visible(caller(request).user), pk=page_id)
