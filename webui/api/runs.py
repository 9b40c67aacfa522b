"""Runs: read them, cancel, pause, resume, move their priority and their deadline."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Final, Self

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)

from crawler.models import Run, RunLogin, RunState
from crawler.queries import outages
from crawler.queries import runs as listed
from crawler.queue import lane_for
from crawler.services import deadlines, drafts, runs
from webui.api.auth import caller
from webui.api.schemas import Id, Paged, in_utc

router = Router(tags=["runs"])


class Counts(Schema):
    """How many of the run's requests are in each state; together they are all that were discovered."""

    queued: int
    leased: int
    done: int
    failed: int
    skipped: int
    dead: int


class OutageOut(Schema):
    """When the database could not be written and nothing was fetched; no `ended_at` means it still cannot."""

    kind: str
    began_at: datetime
    ended_at: datetime | None


class RunLoginOut(Schema):
    """How a run that logs in stands with that; while it is `logging_in`, nothing of it is fetched."""

    logging_in: bool
    times: Annotated[int, Field(description="How often it was found to be logged in.")]
    logged_in_at: Annotated[datetime | None, Field(description="When its login was last sent, if it was.")]


class RunOut(Schema):
    """One execution of a target. `reason` says why it failed or was cancelled.

    `priority` is what the deadline makes of `own_priority`; `deadline_met` is null while that is open.

    `saw_all` says whether it saw all of its target, so that what it did not see may be gone; null until its
    report is there. `saw_less_because` says why it did not.

    `publication` is what becomes of what it reads: `direct`, items at once; else `waiting` until it is
    compared with runs before, then `held`, or `publishing` and `published`; `discarding` and `discarded`
    where a person or a later run decided so.

    `outages` and `login` are told where one run is read, and nowhere else; there, `login` is null of runs
    that do not log in.
    """

    id: int
    target: int
    state: str
    reason: str
    trigger: str
    priority: int
    own_priority: int
    lane: str
    deadline: datetime | None
    deadline_met: bool | None
    schedule: int | None
    nominal_at: datetime | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    discovered: int
    counts: Counts
    pages: int
    pages_unchanged: int
    pages_noise: Annotated[
        int, Field(description="Pages whose bytes changed, but only in what the target ignores.")
    ]
    items: int
    items_new: int
    items_changed: int
    items_removed: int
    items_restored: int
    saw_all: bool | None
    saw_less_because: str
    publication: str
    bytes: int
    problems: int
    retries: int
    out_of_scope: int
    over_budget: int
    sitemaps: int
    outages: list[OutageOut] = []
    login: RunLoginOut | None = None


class RunList(Schema):
    items: list[RunOut]
    next: str | None


class RunFilter(Paged):
    target: Id | None = None
    state: RunState | None = None
    held: Annotated[bool, Field(description="Only those that wait for somebody to decide.")] = False


_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]")
LAST_YEAR: Final = 9998
"""So that every time zone has a date for it."""


def _spelled_out(value: object) -> object:
    """Refuse numbers: whether they are seconds or milliseconds would be a guess."""
    if isinstance(value, str) and not _DATE.match(value):
        raise ValueError("must be a date and time with its offset, such as 2026-03-01T07:00:00+01:00")
    if isinstance(value, int | float):
        raise ValueError("must be a text such as 2026-03-01T07:00:00+01:00, not a number")  # noqa: TRY004 pydantic reads it
    return value


def _shown_anywhere(moment: datetime) -> datetime:
    found = in_utc(moment)
    if found.year > LAST_YEAR:
        raise ValueError(f"must not be later than the year {LAST_YEAR}")
    return found


Moment = Annotated[
    AwareDatetime,
    BeforeValidator(_spelled_out),
    AfterValidator(_shown_anywhere),
    Field(description="With its offset, such as 2026-03-01T07:00:00+01:00."),
]


class RunChange(BaseModel):
    """What may be changed of a run that is under way; null takes its deadline away."""

    model_config = ConfigDict(extra="forbid")

    priority: Annotated[
        int | None,
        Field(ge=0, le=9, strict=True),
        WithJsonSchema({"type": "integer", "minimum": 0, "maximum": 9}),
    ] = None
    deadline: Moment | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.priority is None and "deadline" not in self.model_fields_set:
            raise ValueError("must name a priority or a deadline")
        return self


@router.get("/runs", response=RunList)
def list_runs(request: HttpRequest, filters: Query[RunFilter]) -> RunList:
    """List runs, newest first."""
    found = listed.page(
        caller(request).user,
        target=filters.target,
        state="held" if filters.held else filters.state.value if filters.state else "",
        cursor=filters.cursor,
        size=filters.limit,
    )
    return RunList(items=[run_out(run) for run in found.rows], next=found.next)


@router.get("/runs/{int:run_id}", response=RunOut)
def get_run(request: HttpRequest, run_id: int) -> RunOut:
    """Read one run, with its progress."""
    run = run_of(request, run_id)
    stood = [
        OutageOut(kind=span.kind.value, began_at=span.began_at, ended_at=span.ended_at)
        for span in outages.of_run(run)
    ]
    return run_out(run).model_copy(update={"outages": stood, "login": _login_out(run)})


@router.patch("/runs/{int:run_id}", response=RunOut)
def update_run(request: HttpRequest, run_id: int, data: RunChange) -> RunOut:
    """Make a run more or less urgent, or give it another deadline; it acts at once."""
    run, now = run_of(request, run_id), timezone.now()
    require_ahead(data.deadline, now=now)
    if data.priority is not None:
        deadlines.move(run=run, priority=data.priority, now=now)
    if "deadline" in data.model_fields_set:
        deadlines.put(run=run, at=data.deadline, now=now)
    return run_out(run)


def require_ahead(deadline: datetime | None, *, now: datetime) -> None:
    """Refuse a deadline that has passed already."""
    if deadline is not None and deadline <= now:
        problem = drafts.Problem(field="deadline", message="has passed already; name a time that is to come")
        raise drafts.InvalidTarget((problem,))


@router.post("/runs/{int:run_id}/cancel", response=RunOut)
def cancel_run(request: HttpRequest, run_id: int) -> RunOut:
    """Stop a run for good; what it stored stays."""
    run = run_of(request, run_id)
    runs.cancel(run=run, now=timezone.now())
    return run_out(run)


@router.post("/runs/{int:run_id}/pause", response=RunOut)
def pause_run(request: HttpRequest, run_id: int) -> RunOut:
    """Let a run rest; what is in flight is still stored."""
    run = run_of(request, run_id)
    runs.pause(run=run, now=timezone.now())
    return run_out(run)


@router.post("/runs/{int:run_id}/resume", response=RunOut)
def resume_run(request: HttpRequest, run_id: int) -> RunOut:
    """Let a paused run go on."""
    run = run_of(request, run_id)
    runs.resume(run=run, now=timezone.now())
    return run_out(run)


def run_out(run: Run) -> RunOut:
    """Return what the API says of `run`."""
    return RunOut(
        **{name: getattr(run, name) for name in RunOut.model_fields if name not in _OTHERWISE},
        id=run.pk,
        target=run.target_id,
        own_priority=run.base_priority,
        lane=lane_for(run.priority).value,
        deadline=run.deadline_at,
        schedule=run.schedule_id,
        counts=Counts(**dict(listed.counts(run).by_state())),
    )


def _login_out(run: Run) -> RunLoginOut | None:
    login = RunLogin.objects.filter(run=run).first()
    if login is None:
        return None
    return RunLoginOut(
        logging_in=run.awaits_login and not run.is_final,
        times=login.number,
        logged_in_at=login.logged_in_at,
    )


_OTHERWISE: Final = frozenset(
    {"id", "target", "own_priority", "lane", "deadline", "schedule", "counts", "outages", "login"}
)
"""What a run tells under another name than its row has for it, or works out."""


def run_of(request: HttpRequest, run_id: int) -> Run:
    """Return the run that is asked about; 404 for those of others."""
    return get_object_or_404(Run.objects.visible_to(caller(request).user), pk=run_id)
