"""Replays: stored pages read again with other settings of a scraper, without asking the site."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Query, Router, Schema, Status
from pydantic import Field

from crawler.models import Replay, Target
from crawler.policy.replays import Totals
from crawler.queries import replays as queries
from crawler.services import replays
from webui.api.auth import caller
from webui.api.schemas import Paged
from webui.api.targets import TargetIn

router = Router(tags=["replays"])

Pages = Annotated[
    int | None,
    Field(ge=1, le=replays.MOST_SAMPLED, description="So many pages from all over the target; without, all."),
]


class ReplayOf(Schema):
    pages: Pages = None
    earlier: Annotated[bool, Field(description="Also the earlier versions of these pages that are kept.")] = (
        False
    )


class CoverageOut(Schema):
    """The part of the records, 0 to 1, in which a field says something; null without records."""

    field: str
    before: float | None
    after: float | None


class ReplayProblemOut(Schema):
    """A kind of problem of the pages that were read: how often, and what the first of them said."""

    code: str
    field: str
    count: int
    message: str


class SampleOut(Schema):
    """A record of one page: as it is stored, and as it was read; long values are cut.

    `change` is changed, new, gone or same. `fields` are those that differ, of a changed one. Of an earlier
    version of its page `since` and `until` say when it was that, and `before` is what the item said then.
    """

    change: str
    url: str
    key: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    fields: list[str]
    since: datetime | None = None
    until: datetime | None = None


class EarlierOut(Schema):
    """What earlier versions of pages gave, of `total`, counted as that of the pages is.

    Records are compared with what their items said at the time: `new` ones were not there then, and are not
    stored. `completed` are those that say something where their items said nothing.
    """

    total: int
    pages: Annotated[int, Field(description="How many versions were read.")]
    unread: int
    bodiless: int
    unkeyed: int
    completed: int
    records: dict[str, int]
    coverage: list[CoverageOut]
    problems: list[ReplayProblemOut]


class ReplayOut(Schema):
    """Stored pages of a target read with `settings`. Only with `stores` do items change.

    `pages` were read, `unread` could not be, `bodiless` have no stored body. `records` are counted
    on each page that gives them: changed, new, gone (the settings of before find them) and same.
    """

    id: int
    target: int
    state: str
    reason: str
    stores: bool
    after_refresh: Annotated[int | None, Field(description="The refresh whose pages it brings together.")]
    settings: dict[str, Any]
    total: int
    pages: int
    unread: int
    bodiless: int
    unkeyed: Annotated[int, Field(description="Records without a key field, which are not stored.")]
    records: dict[str, int]
    coverage: list[CoverageOut]
    problems: list[ReplayProblemOut]
    earlier: Annotated[EarlierOut | None, Field(description="Null where those are not read.")]
    created_at: datetime
    finished_at: datetime | None


class ReplayWithSamples(ReplayOut):
    samples: list[SampleOut]


class ReplayList(Schema):
    items: list[ReplayOut]
    next: str | None


@router.post("/targets/{int:target_id}/replays", response={202: ReplayOut})
def start_replay(
    request: HttpRequest, target_id: int, data: TargetIn, response: HttpResponse, query: Query[ReplayOf]
) -> Status[ReplayOut]:
    """Read stored pages with the settings of the target as `data` changes them; nothing is saved or fetched.

    Read how it goes at its own address.
    """
    user = caller(request).user
    target = get_object_or_404(
        Target.objects.visible_to(user).select_related("schedule", "owner"), pk=target_id
    )
    replay = replays.start(
        target=target, by=user, data=data.given, pages=query.pages, earlier=query.earlier, now=timezone.now()
    )
    return begun(replay, response)


@router.get("/targets/{int:target_id}/replays", response=ReplayList)
def list_replays(request: HttpRequest, target_id: int, filters: Query[Paged]) -> ReplayList:
    """List the replays of a target, newest first."""
    target = get_object_or_404(Target.objects.visible_to(caller(request).user), pk=target_id)
    found = queries.page(target, cursor=filters.cursor, size=filters.limit)
    return ReplayList(items=[ReplayOut(**_out(replay)) for replay in found.rows], next=found.next)


@router.get("/replays/{int:replay_id}", response=ReplayWithSamples)
def get_replay(request: HttpRequest, replay_id: int) -> ReplayWithSamples:
    """Read what a replay has found so far, with samples of records side by side."""
    replay = _replay(request, replay_id)
    return ReplayWithSamples(**_out(replay), samples=[SampleOut(**sample) for sample in replay.samples])


@router.post("/replays/{int:replay_id}/cancel", response=ReplayOut)
def cancel_replay(request: HttpRequest, replay_id: int) -> ReplayOut:
    """End a replay; what it has stored stays. One that is over stays as it is."""
    replay = _replay(request, replay_id)
    replays.cancel(replay=replay, now=timezone.now())
    replay.refresh_from_db()
    return ReplayOut(**_out(replay))


@router.post("/replays/{int:replay_id}/store", response={202: ReplayOut})
def store_replay(request: HttpRequest, replay_id: int, response: HttpResponse) -> Status[ReplayOut]:
    """Save a trial's settings with the target, and read all its stored pages so that items change.

    What was reads as earlier versions. 409 while the trial is not done, or when the target was changed since.
    """
    replay = _replay(request, replay_id)
    storing = replays.store(replay=replay, by=caller(request).user, now=timezone.now())
    return begun(storing, response)


def begun(replay: Replay, response: HttpResponse) -> Status[ReplayOut]:
    response["Location"] = f"/api/v1/replays/{replay.pk}"
    return Status(202, ReplayOut(**_out(replay)))


def _replay(request: HttpRequest, replay_id: int) -> Replay:
    return get_object_or_404(queries.visible(caller(request).user), pk=replay_id)


def _out(replay: Replay) -> dict[str, Any]:
    standing = queries.standing(replay)
    earlier = standing.earlier
    return {
        "id": replay.pk,
        "target": replay.target_id,
        "state": replay.state,
        "reason": replay.reason,
        "stores": replay.stores,
        "after_refresh": replay.after_refresh,
        "settings": replay.settings,
        "total": replay.total,
        **_found(standing.totals),
        "earlier": earlier
        and EarlierOut(total=replay.earlier_total, completed=earlier.completed, **_found(earlier)),
        "created_at": replay.created_at,
        "finished_at": replay.finished_at,
    }


def _found(totals: Totals) -> dict[str, Any]:
    return {
        "pages": totals.pages,
        "unread": totals.unread,
        "bodiless": totals.bodiless,
        "unkeyed": totals.unkeyed,
        "records": totals.records,
        "coverage": [
            CoverageOut(field=one.name, before=one.before, after=one.after) for one in totals.coverage()
        ],
        "problems": [
            ReplayProblemOut(code=code, field=field, count=count, message=message)
            for code, field, count, message in totals.problems
        ],
    }
