"""The versions of pages: what each was from when to when, its body, and how two of them differ."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from ninja import Query, Router, Schema
from ninja.errors import HttpError
from pydantic import Field

from crawler.models import Page
from crawler.queries import comparisons, pages
from crawler.queries.comparisons import NOW, Incomparable, NotKept, Version
from scrapers.comparing import Line
from webui.api.auth import caller
from webui.api.pages import source
from webui.api.schemas import Paged

router = Router(tags=["pages"])


class PageVersionOut(Schema):
    """What a page was, or is: the one that holds now has the version `now`, and no `until`."""

    version: str
    since: datetime
    last_seen: datetime
    until: datetime | None
    run: Annotated[int, Field(description="The last that saw it.")]
    found_by: Annotated[int | None, Field(description="The run that saw it first, where that is kept.")]
    ended_by: Annotated[int | None, Field(description="The run that saw the next one.")]
    status: int
    content_type: str
    size: int
    hash: str
    stored: Annotated[bool, Field(description="Whether its body is there.")]
    noise: Annotated[
        list[str],
        Field(
            description="Of which kinds of noise alone the change consisted that it began with (dates, "
            "counters, links, patterns, css, or markup where what it says, links to and shows is the same); "
            "empty where it counts."
        ),
    ]
    judged: Annotated[bool, Field(description="Whether that was found out: until then the change counts.")]


class PageVersionList(Schema):
    items: list[PageVersionOut]
    next: str | None


class Compared(Schema):
    """Which versions to compare: numbers, or `now`."""

    before: Annotated[
        str, Field(alias="from", max_length=20, description="By default the one before `to`.")
    ] = ""
    after: Annotated[str, Field(alias="to", max_length=20)] = NOW
    ignored: Annotated[bool, Field(description="Tell what the target ignores, too.")] = False


class PartOut(Schema):
    """A part of a line; marked where the other side has something else."""

    text: str
    differs: bool


class LineOut(Schema):
    """A line of a comparison; of `skipped` ones, which did not change, only the `count` is told."""

    kind: Literal["same", "removed", "added", "changed", "skipped"]
    before: list[PartOut] | None
    after: list[PartOut] | None
    count: int


class ComparisonOut(Schema):
    """How the text that readers see changed from one version to another, line by line."""

    before: str
    after: str
    added: int
    removed: int
    changed: int
    lines: list[LineOut]
    cut: Annotated[bool, Field(description="Whether more lines changed than are told.")]
    whole_lines: Annotated[
        int, Field(description="Changed lines that were too long to compare word by word: marked whole.")
    ]


@router.get("/pages/{int:page_id}/versions", response=PageVersionList)
def list_page_versions(request: HttpRequest, page_id: int, filters: Query[Paged]) -> PageVersionList:
    """List what a page is and was, newest first."""
    found = comparisons.page_of(_page(request, page_id), cursor=filters.cursor, size=filters.limit)
    return PageVersionList(items=[_out(version) for version in found.rows], next=found.next)


@router.get(
    "/pages/{int:page_id}/versions/{str:version}/body",
    openapi_extra={"responses": {200: {"content": {"text/plain": {}}}}},
)
def get_version_body(request: HttpRequest, page_id: int, version: str) -> HttpResponse:
    """Return the bytes of a version as plain text: what was scraped never runs in a browser."""
    try:
        stored = comparisons.body(_page(request, page_id), version)
    except NotKept as error:
        raise HttpError(404, str(error)) from error
    return source(stored.body, stored.headers["content-type"])


@router.get("/pages/{int:page_id}/comparison", response=ComparisonOut)
def compare_versions(request: HttpRequest, page_id: int, asked: Query[Compared]) -> ComparisonOut:
    """Tell how the text changed between two versions, by default without what the target ignores (`noise`).

    404 for a version that is not kept, or not its body; 409 for what cannot be compared, such as pictures.
    """
    page = _page(request, page_id)
    try:
        after = comparisons.find(page, asked.after)
        before = asked.before or after.before or after.name
        noise = {} if asked.ignored else page.target.noise
        found = comparisons.compare(page, before=before, after=after.name, noise=noise)
    except NotKept as error:
        raise HttpError(404, str(error)) from error
    except Incomparable as error:
        raise HttpError(409, str(error)) from error
    return ComparisonOut(
        before=before,
        after=after.name,
        added=found.added,
        removed=found.removed,
        changed=found.changed,
        lines=[_line(line) for line in found.lines],
        cut=found.is_cut,
        whole_lines=found.whole_lines,
    )


def _line(line: Line) -> LineOut:
    sides = {
        name: None if parts is None else [PartOut(text=text, differs=differs) for text, differs in parts]
        for name, parts in (("before", line.before), ("after", line.after))
    }
    return LineOut(kind=line.kind.value, count=line.count, before=sides["before"], after=sides["after"])


def _out(version: Version) -> PageVersionOut:
    return PageVersionOut(
        version=version.name,
        since=version.began_at,
        last_seen=version.seen_at,
        until=version.ended_at,
        run=version.run,
        found_by=version.found_by,
        ended_by=version.ended_by,
        status=version.status,
        content_type=version.content_type,
        size=version.size,
        hash=version.hash,
        stored=version.is_stored,
        noise=list(version.noise),
        judged=version.is_judged,
    )


def _page(request: HttpRequest, page_id: int) -> Page:
    return get_object_or_404(pages.visible(caller(request).user).select_related("target"), pk=page_id)
