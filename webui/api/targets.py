"""Targets: register, read, change, delete, crawl now, export."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Query, Router, Schema, Status
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from crawler.exports import FORMATS
from crawler.models import RunTrigger, Target
from crawler.queries import exports
from crawler.queries import targets as listed
from crawler.services import deadlines, declaring, drafts, runs, targets
from webui.api.auth import caller
from webui.api.runs import Moment, RunOut, require_ahead, run_out
from webui.api.schedules import ScheduleOut, schedule_out
from webui.api.schemas import Id, Paged, Problem, Words
from webui.api.schemas import Moment as PastMoment
from webui.api.targets_schema import TARGET_SCHEMA, WHOLE_NUMBER_0_TO_9

router = Router(tags=["targets"])


class TargetIn(BaseModel):
    """A target's settings. What they may hold is judged by the same service as in the web page."""

    model_config = ConfigDict(extra="allow", json_schema_extra=lambda schema: schema.update(TARGET_SCHEMA))

    @property
    def given(self) -> dict[str, Any]:
        """Return the body as it was sent."""
        return dict(self.model_extra or {})


class FreshnessOut(Schema):
    """How the data stands beside `max_age_seconds`: awaited, fresh, late or recovered; since when."""

    state: str
    since: datetime


class DailyDeadline(Schema):
    """By which local time, each day, a run is to be done."""

    time: str
    timezone: str


class TargetOut(Schema):
    """A target. Values of secret headers read as `(hidden)`."""

    id: int
    name: str
    start_urls: list[str]
    sitemaps: list[str]
    robots_sitemaps: bool
    sitemaps_since: str
    scope: str
    include: list[str]
    exclude: list[str]
    max_depth: int | None
    max_pages: int | None
    max_minutes: int | None
    traps: dict[str, int | None] | None
    deadline: DailyDeadline | None
    max_age_seconds: int | None
    refresh_per_day: int | None
    removed_after: int | None
    priority: int
    delay_seconds: float | None
    connections: int | None
    adapt_pace: bool
    http2: bool
    obey_robots: bool
    cookies: bool
    proxies: list[str]
    login: dict[str, str] | None
    headers: dict[str, str]
    user_agent: str
    scraper: str
    options: dict[str, Any]
    fields: dict[str, Any]
    row: str
    key: list[str]
    quality: dict[str, Any]
    keep: dict[str, int] | None
    noise: dict[str, Any]
    tags: list[str]
    enabled: bool
    shared: bool
    schedule: ScheduleOut | None
    freshness: FreshnessOut | None
    created_at: datetime
    updated_at: datetime
    warnings: list[Problem] = []


class TargetList(Schema):
    items: list[TargetOut]
    next: str | None


class TargetFilter(Paged):
    q: Annotated[Words, Field(description="Words of the name, the start URLs or the tags.")] = ""
    shown: listed.Shown = listed.Shown.ALL


class RunIn(BaseModel):
    """How urgent the run is, and by when it is to be done; what is left out is as its target says."""

    model_config = ConfigDict(extra="forbid")

    deadline: Moment | None = None

    priority: Annotated[int | None, Field(ge=0, le=9, strict=True), WithJsonSchema(WHOLE_NUMBER_0_TO_9)] = (
        None
    )


class ExportFilter(Schema):
    format: str = "jsonl"
    run: Annotated[Id | None, Field(description="Only what this run saw, in the version it saw.")] = None
    as_of: Annotated[
        PastMoment | None, Field(description="What there was at this moment, as it was; not beside `run`.")
    ] = None
    raw: Annotated[
        bool, Field(description="CSV for machines: text that looks like a formula stays as it is.")
    ] = False


@router.post("/targets", response={201: TargetOut})
def create_target(request: HttpRequest, data: TargetIn, response: HttpResponse) -> Status[TargetOut]:
    """Register a target."""
    now = timezone.now()
    target = targets.create(owner=caller(request).user, data=data.given, now=now)
    response["Location"] = f"/api/v1/targets/{target.pk}"
    return Status(201, target_out(target, now=now, warned=True))


@router.put("/targets", response={200: TargetOut, 201: TargetOut})
def put_target(request: HttpRequest, data: TargetIn, response: HttpResponse) -> Status[TargetOut]:
    """Register a target, or make your one of that name what the body says.

    The same body twice changes nothing. What is left out is as for a new target. 409 when several of your
    targets have that name.
    """
    now = timezone.now()
    target, is_new = declaring.put(owner=caller(request).user, data=data.given, now=now)
    response["Location"] = f"/api/v1/targets/{target.pk}"
    return Status(201 if is_new else 200, target_out(target, now=now, warned=True))


@router.get("/targets", response=TargetList)
def list_targets(request: HttpRequest, filters: Query[TargetFilter]) -> TargetList:
    """List your targets by name."""
    now = timezone.now()
    found = listed.page(
        caller(request).user, q=filters.q, shown=filters.shown, cursor=filters.cursor, size=filters.limit
    )
    return TargetList(items=[target_out(line.target, now=now) for line in found.rows], next=found.next)


@router.get("/targets/{int:target_id}", response=TargetOut)
def get_target(request: HttpRequest, target_id: int) -> TargetOut:
    """Read one target, with what of it cannot work as it says."""
    return target_out(_target(request, target_id), now=timezone.now(), warned=True)


@router.patch("/targets/{int:target_id}", response=TargetOut)
def update_target(request: HttpRequest, target_id: int, data: TargetIn) -> TargetOut:
    """Change the keys that are given; runs that are under way keep their settings."""
    now = timezone.now()
    target = _target(request, target_id)
    target = targets.update(target=target, data=data.given, now=now, by=caller(request).user)
    return target_out(target, now=now, warned=True)


@router.delete("/targets/{int:target_id}", response={204: None})
def delete_target(request: HttpRequest, target_id: int) -> Status[None]:
    """Hide a target at once and cancel its runs; its rows are removed later."""
    targets.delete(target=_target(request, target_id), by=caller(request).user, now=timezone.now())
    return Status(204, None)


@router.post("/targets/{int:target_id}/runs", response={202: RunOut})
def start_run(
    request: HttpRequest, target_id: int, response: HttpResponse, data: RunIn | None = None
) -> Status[RunOut]:
    """Crawl now. Answers 202 even while the broker is down: the run then starts when it is back."""
    now, data = timezone.now(), data or RunIn()
    target = _target(request, target_id)
    require_ahead(data.deadline, now=now)
    with transaction.atomic():
        run = runs.start(target=target, trigger=RunTrigger.API, now=now, priority=data.priority)
        if "deadline" in data.model_fields_set:
            deadlines.put(run=run, at=data.deadline, now=now)
    response["Location"] = f"/api/v1/runs/{run.pk}"
    return Status(202, run_out(run))


@router.get(
    "/targets/{int:target_id}/export", openapi_extra={"responses": {200: {"description": "The items."}}}
)
def export_items(request: HttpRequest, target_id: int, filters: Query[ExportFilter]) -> HttpResponse:
    """Stream the target's items as `jsonl`, `json`, `csv` or `markdown`; with `run`, those that run saw."""
    target = _target(request, target_id)
    chosen = FORMATS.get(filters.format)
    if chosen is None:
        wanted = ", ".join(FORMATS)
        raise targets.InvalidTarget((targets.Problem(field="format", message=f"must be one of {wanted}"),))
    if filters.run and filters.as_of:
        message = "is of one time and a run of another: leave one of them out"
        raise targets.InvalidTarget((targets.Problem(field="as_of", message=message),))
    run = get_object_or_404(target.runs, pk=filters.run) if filters.run else None
    at = filters.as_of
    columns = exports.columns(target=target, run=run, as_of=at) if chosen.needs_columns else ()
    content = chosen.write(exports.rows(target=target, run=run, as_of=at), columns=columns, raw=filters.raw)
    name = f"target-{target.pk}" + (f"-run-{run.pk}" if run else "") + chosen.suffix
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Accel-Buffering": "no"}
    return StreamingHttpResponse(content, content_type=chosen.media_type, headers=headers)  # type: ignore[return-value]


def target_out(target: Target, *, now: datetime, warned: bool = False) -> TargetOut:
    """Return what the API says of `target`; `warned` adds its warnings, which cost a query."""
    problems = targets.warnings(target=target, now=now) if warned else ()
    return TargetOut(
        **drafts.shown(target),
        id=target.pk,
        schedule=schedule_out(getattr(target, "schedule", None), now),
        freshness=_freshness_out(target),
        created_at=target.created_at,
        updated_at=target.updated_at,
        warnings=[Problem(field=problem.field, message=problem.message) for problem in problems],
    )


def _freshness_out(target: Target) -> FreshnessOut | None:
    """Return how the data of an enabled target stands; it is not judged while the target is disabled."""
    watch = getattr(target, "freshness", None)
    if watch is None or not target.enabled:
        return None
    return FreshnessOut(state=watch.state, since=watch.since)


def _target(request: HttpRequest, target_id: int) -> Target:
    return get_object_or_404(
        Target.objects.visible_to(caller(request).user).select_related("schedule", "freshness"), pk=target_id
    )
