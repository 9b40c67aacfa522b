"""What became of a run's pages: its requests, the links it did not follow, and what pages did not give."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import AfterValidator, Field, WithJsonSchema

from crawler.errors import explain_problem
from crawler.models import Request, RequestState
from crawler.queries import problems, sitemaps
from crawler.queries import runs as listed
from webui.api.runs import run_of
from webui.api.schemas import Paged

router = Router(tags=["runs"])


class RequestOut(Schema):
    """One URL of a run, and what became of it. `reason` is a stable code."""

    id: int
    url: str
    state: str
    depth: int
    status: int | None
    reason: str
    attempts: int
    not_before: datetime | None
    settled_at: datetime | None


class RequestList(Schema):
    items: list[RequestOut]
    next: str | None


class OutsideOut(Schema):
    """A link that was not followed, and why: the scope, the limit or the pattern that left it out."""

    url: str
    reason: str


class SitemapOut(Schema):
    """A sitemap of a run, or the robots.txt that was asked for some, and how many URLs it lists.

    `depth` is how many indexes it is inside of, `taken` how many of its `entries` were in reach and had
    changed. They are null until it was read.
    """

    url: str
    robots: bool
    depth: int
    state: str
    reason: str
    status: int | None
    entries: int | None
    taken: int | None
    sitemaps: int | None


class SitemapList(Schema):
    items: list[SitemapOut]
    next: str | None


class OutsideList(Schema):
    items: list[OutsideOut]
    next: str | None


class ProblemCount(Schema):
    """How many problems of one code and field there were, on how many pages."""

    code: str
    field: str
    meaning: str
    count: int
    pages: int


class ProblemOut(Schema):
    """A page with a problem, and what the first of this kind on it was."""

    code: str
    field: str
    url: str
    message: str


class ProblemList(Schema):
    counts: list[ProblemCount]
    items: list[ProblemOut]
    next: str | None


class ProblemFilter(Paged):
    code: Annotated[str | None, Field(description="Only problems with this code.")] = None
    field: Annotated[
        str | None, Field(description="Only problems of this field; empty for those of none.")
    ] = None


def _state_name(word: str) -> str:
    if word not in RequestState.labels:
        raise ValueError(f"must be one of {', '.join(RequestState.labels)}")
    return word


RequestStateName = Annotated[
    str, AfterValidator(_state_name), WithJsonSchema({"type": "string", "enum": RequestState.labels})
]


class RequestFilter(Paged):
    state: Annotated[RequestStateName | None, Field(description=", ".join(RequestState.labels))] = None


@router.get("/runs/{int:run_id}/requests", response=RequestList)
def list_requests(request: HttpRequest, run_id: int, filters: Query[RequestFilter]) -> RequestList:
    """List the URLs of a run, oldest first."""
    state = RequestState(RequestState.labels.index(filters.state)) if filters.state else None
    found = listed.requests(run_of(request, run_id), state=state, cursor=filters.cursor, size=filters.limit)
    return RequestList(items=[_request(row) for row in found.rows], next=found.next)


@router.get("/runs/{int:run_id}/outside", response=OutsideList)
def list_outside(request: HttpRequest, run_id: int, filters: Query[Paged]) -> OutsideList:
    """List samples of the links that a run did not follow: the first hundred of each reason."""
    found = listed.outside(run_of(request, run_id), cursor=filters.cursor, size=filters.limit)
    return OutsideList(
        items=[OutsideOut(url=row.url, reason=row.reason) for row in found.rows], next=found.next
    )


@router.get("/runs/{int:run_id}/sitemaps", response=SitemapList)
def list_sitemaps(request: HttpRequest, run_id: int, filters: Query[Paged]) -> SitemapList:
    """List the sitemaps of a run, and the robots.txt files asked for them, with what each lists."""
    run = run_of(request, run_id)
    found = sitemaps.page(run, cursor=filters.cursor, size=filters.limit)
    return SitemapList(
        items=[
            SitemapOut(
                url=shown.request.url,
                robots=shown.is_robots,
                depth=shown.request.depth,
                state=shown.state,
                reason=shown.request.reason,
                status=shown.request.status,
                entries=shown.reading.entries if shown.reading else None,
                taken=shown.reading.taken if shown.reading else None,
                sitemaps=shown.reading.sitemaps if shown.reading else None,
            )
            for shown in sitemaps.shown(run, found.rows)
        ],
        next=found.next,
    )


@router.get("/runs/{int:run_id}/problems", response=ProblemList)
def list_problems(request: HttpRequest, run_id: int, filters: Query[ProblemFilter]) -> ProblemList:
    """Count what pages and scrapers did not give, and list sample pages: the first hundred of each kind."""
    run = run_of(request, run_id)
    found = problems.samples(
        run, code=filters.code, field=filters.field, cursor=filters.cursor, size=filters.limit
    )
    return ProblemList(
        counts=[
            ProblemCount(
                code=kind.code,
                field=kind.field,
                meaning=explain_problem(kind.code),
                count=kind.count,
                pages=kind.pages,
            )
            for kind in problems.kinds(run)
        ],
        items=[
            ProblemOut(code=row.code, field=row.field, url=row.url, message=row.message) for row in found.rows
        ],
        next=found.next,
    )


def _request(row: Request) -> RequestOut:
    """Return what the API says of one request of a run."""
    return RequestOut(
        id=row.pk,
        url=row.url,
        state=RequestState(row.state).label,
        depth=row.depth,
        status=row.status,
        reason=row.reason,
        attempts=row.attempts,
        not_before=row.not_before,
        settled_at=row.settled_at,
    )
